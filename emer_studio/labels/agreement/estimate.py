"""A coefficient with its draws: what was observed first, then each resampled study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from emer_studio.core.resampling import Interval, interval

__all__ = [
    "About",
    "Estimate",
    "Floats",
    "all_once",
    "at_least_some",
    "counts_of",
    "estimate",
    "undefined",
]

Floats = npt.NDArray[np.float64]
_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient, or why there is none.

    Attributes
    ----------
    values : ndarray, shape (draws,), float64
        The first is of the data as they are; NaN where a draw leaves it undefined.
    items, raters : int
        That it was computed from.
    reason : str
        Why the first value is NaN; empty otherwise.
    """

    values: Floats
    items: int
    raters: int
    reason: str = ""

    @property
    def value(self) -> float:
        """The coefficient of the data as they are."""
        return float(self.values[0])

    @property
    def interval(self) -> Interval:
        """The coefficient with its 95 % interval."""
        return interval(self.values)


class About(NamedTuple):
    """What a coefficient was computed from, and why it may be undefined."""

    items: int
    raters: int
    reason: str


def estimate(above: Floats, below: Floats, total: Floats, about: About) -> Estimate:
    """Return ``above / below`` by draw.

    Parameters
    ----------
    above, below : ndarray, shape (draws,), float64
        Undefined where `below` is not positive.
    total : ndarray, shape (draws,), float64
        How many items are in each draw; undefined without any.
    about : About
    """
    fine = (below > _ZERO) & (total > _ZERO)
    values = np.where(fine, above / np.where(fine, below, 1.0), np.nan)
    return Estimate(values, about.items, about.raters, "" if fine[0] else about.reason)


def undefined(reason: str, *, items: int = 0, raters: int = 0) -> Estimate:
    """Return that there is no coefficient, and why."""
    return Estimate(np.array([np.nan]), items, raters, reason)


def all_once(weights: Floats | None, items: int) -> Floats:
    """Return the weights, shape (draws, items); one draw of all items where none are."""
    return np.ones((1, items)) if weights is None else weights


def at_least_some(total: Floats) -> Floats:
    """Return totals that can be divided by; what is divided by none is undefined later."""
    return np.maximum(total, _ZERO)


def counts_of(codes: Floats, classes: int) -> Floats:
    """Return how many raters chose each class, shape (items, classes).

    Parameters
    ----------
    codes : ndarray, shape (items, raters), float64
        Class numbers from 0; NaN is missing.
    classes : int
        How many there are.
    """
    return np.stack([(codes == k).sum(axis=1) for k in range(classes)], axis=1).astype(
        np.float64
    )
