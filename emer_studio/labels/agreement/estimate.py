"""A coefficient with its draws: what was observed first, then each resampled study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.core.resampling import Interval, interval

__all__ = ["Estimate", "Floats", "all_once", "counts_of", "estimate", "undefined"]

Floats = npt.NDArray[np.float64]


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


def estimate(
    above: Floats, below: Floats, *, items: int, raters: int, reason: str
) -> Estimate:
    """Return ``above / below``, undefined for that reason where `below` is not positive."""
    fine = below > 1e-12
    values = np.where(fine, above / np.where(fine, below, 1.0), np.nan)
    return Estimate(values, items, raters, "" if fine[0] else reason)


def undefined(reason: str, *, items: int = 0, raters: int = 0) -> Estimate:
    """Return that there is no coefficient, and why."""
    return Estimate(np.array([np.nan]), items, raters, reason)


def all_once(weights: Floats | None, items: int) -> Floats:
    """Return the weights, shape (draws, items); one draw of all items where none are."""
    return np.ones((1, items)) if weights is None else weights


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
