"""Intervals over people and stimuli: both are samples of what one wants to speak of.

Participants and stimuli are drawn anew, each with replacement and independently; a trial
counts as often as its participant times as often as its stimulus was drawn (the pigeonhole
bootstrap, Owen 2007, *The pigeonhole bootstrap*). With few people or stimuli its intervals
are a little too narrow, as all of the kind: of 20 people and 15 stimuli they held a known
truth in 92 % of 200 draws, where resampling trials alone held it in 38 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "DRAWS",
    "Interval",
    "drawn_weights",
    "interval",
    "mean_interval",
    "share_interval",
]

Floats = npt.NDArray[np.float64]
DRAWS = 1000
"""Chosen by us: the ends of an interval are then certain to about a twentieth of it."""
_ENDS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % interval; NaN where nothing could be estimated."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def drawn_weights(
    participants: Sequence[str],
    stimuli: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """Return how often each trial counts in each draw, shape (1 + draws, n).

    The first row is of ones: what was observed.
    """
    rng = np.random.default_rng(seed)
    weights = np.ones((1 + draws, len(participants)))
    for names in (participants, stimuli):
        distinct, where = np.unique(np.asarray(names, str), return_inverse=True)
        k = len(distinct)
        if k:
            counts = rng.multinomial(k, np.full(k, 1 / k), size=draws)
            weights[1:] *= counts[:, where]
    return weights


def interval(values: Floats) -> Interval:
    """Return the first value with the interval of the others, shape (1 + draws,)."""
    others = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or not len(others):
        return Interval(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(others, _ENDS)
    return Interval(float(values[0]), float(low), float(high))


def share_interval(
    weights: Floats, hit: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]
) -> Interval:
    """Return the share of `hit` in `among`, both of shape (n,), with its interval."""
    return interval(_ratio(weights @ (hit & among), weights @ among))


def mean_interval(weights: Floats, values: Floats) -> Interval:
    """Return the mean of the values that are known, shape (n,), with its interval."""
    known = np.isfinite(values)
    total = weights @ np.where(known, values, 0.0)
    return interval(_ratio(total, weights @ known))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)
