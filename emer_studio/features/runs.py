"""Stretches of a signal: where a mask is true, how long, and what lies between."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["interpolated", "merged", "runs", "spread", "step_of", "widened", "within"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Runs = npt.NDArray[np.int64]
"""Half-open ranges of samples, shape (k, 2), in order and apart."""


def runs(mask: Mask) -> Runs:
    """Return the half-open ranges in which `mask`, shape (n,), is true."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False))
    return edges.reshape(-1, 2)


def spread(found: Runs, n: int) -> Mask:
    """Return the mask, shape (n,), that is true within the ranges."""
    steps = np.zeros(n + 1, np.int64)
    np.add.at(steps, found[:, 0], 1)
    np.add.at(steps, found[:, 1], -1)
    return np.cumsum(steps[:-1]) > 0


def step_of(times_s: Floats) -> float:
    """Return the usual time from sample to sample in seconds; 0 when there is none."""
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0


def widened(found: Runs, margin: int, n: int) -> Mask:
    """Return the mask, shape (n,), of the ranges and `margin` samples on either side."""
    return spread(np.clip(found + np.array([-margin, margin]), 0, n), n)


def within(found: Runs, times_s: Floats, least_s: float, most_s: float = np.inf) -> Runs:
    """Return the ranges that last from `least_s` to `most_s`, the last sample included."""
    if not len(found):
        return found
    length_s = times_s[found[:, 1] - 1] - times_s[found[:, 0]] + step_of(times_s)
    # A thousandth of a sample: stamps are sums of fractions.
    slack_s = 1e-3 * step_of(times_s)
    kept = (length_s >= least_s - slack_s) & (length_s <= most_s + slack_s)
    return np.asarray(found[kept])


def merged(found: Runs, together: Mask) -> Runs:
    """Return the ranges, those as one whose gap (mask of shape (k - 1,)) is `together`."""
    if not len(found):
        return found
    starts = np.r_[True, ~together]
    ends = np.r_[~together, True]
    return np.column_stack([found[starts, 0], found[ends, 1]])


def interpolated(times_s: Floats, values: Floats, longest_s: float) -> tuple[Floats, Mask]:
    """Fill gaps that are short and lie between values, in a straight line.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
    values : ndarray, shape (n,) or (n, d), float64
        NaN where lost; a row counts as lost when any of it is.
    longest_s : float
        Of a gap, from the value before it to the one after it.

    Returns
    -------
    filled : ndarray, like `values`
        A copy.
    where : ndarray, shape (n,), bool
        The samples that were filled.
    """
    if not len(values):
        return values.copy(), np.zeros(0, bool)
    lost = np.asarray(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    gaps = runs(lost)
    gaps = gaps[(gaps[:, 0] > 0) & (gaps[:, 1] < len(values))]
    short = times_s[gaps[:, 1] % len(values)] - times_s[gaps[:, 0] - 1] <= longest_s
    where = spread(gaps[short], len(values))
    filled = values.copy()
    if not where.any():
        return filled, where
    for column in filled.reshape(len(values), -1).T:
        column[where] = np.interp(times_s[where], times_s[~lost], column[~lost])
    return filled, where
