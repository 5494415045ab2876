"""What the labels say about single raters: repeats, drift, habits and pace."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.core.resampling import Interval, interval, share_interval
from emer_studio.labels.agreement.estimate import (
    About,
    Estimate,
    Floats,
    all_once,
    at_least_some,
    counts_of,
    estimate,
    undefined,
)

__all__ = [
    "autocorrelation",
    "confusion",
    "majority_of_others",
    "median_interval",
    "quarters",
]

_LEAST = 8  # two items in each quarter; chosen by us


def majority_of_others(codes: Floats, rater: int, classes: int) -> Floats:
    """Return what most of the other raters chose, NaN on a tie or without any.

    Parameters
    ----------
    codes : ndarray, shape (items, raters), float64
        Class numbers from 0; NaN is missing.
    rater : int
        Who does not count: agreeing with oneself is no agreement.
    classes : int
    """
    votes = counts_of(np.delete(codes, rater, axis=1), classes)
    best = votes.max(axis=1)
    alone = (votes == best[:, None]).sum(axis=1) == 1
    return np.where(alone & (best > 0), votes.argmax(axis=1), np.nan).astype(np.float64)


def confusion(truth: Floats, said: Floats, classes: int) -> npt.NDArray[np.int64]:
    """Return how often what is in a row was called what is in a column.

    Parameters
    ----------
    truth, said : ndarray, shape (items,), float64
        Class numbers; items that lack either do not count.
    """
    both = np.isfinite(truth) & np.isfinite(said)
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth[both].astype(int), said[both].astype(int)), 1)
    return table


def quarters(
    agrees: Floats, positions: Floats, weights: Floats | None = None
) -> tuple[tuple[Interval, ...], Interval]:
    """Return the agreement in each quarter of a rater's way, and last less first.

    Parameters
    ----------
    agrees : ndarray, shape (items,), float64
        1 where the rater agrees with the majority of the others, 0 where not, NaN where
        that cannot be said.
    positions : ndarray, shape (items,), float64
        Place of each item in the rater's order.
    weights : ndarray, shape (draws, items), optional
    """
    known = np.flatnonzero(np.isfinite(agrees) & np.isfinite(positions))
    nothing = Interval(*[float("nan")] * 3)
    if len(known) < _LEAST:
        return (nothing,) * 4, nothing
    order = known[np.argsort(positions[known], kind="stable")]
    drawn = all_once(weights, len(agrees))
    hit = np.nan_to_num(agrees) > 0
    shares, found = [], []
    for part in np.array_split(order, 4):
        among = np.zeros(len(agrees), bool)
        among[part] = True
        found.append(share_interval(drawn, hit & among, among))
        total = drawn @ among
        share = (drawn @ (hit & among)) / at_least_some(total)
        shares.append(np.where(total > 0, share, np.nan))
    return tuple(found), interval(shares[3] - shares[0])


def autocorrelation(
    values: Floats, positions: Floats, weights: Floats | None = None
) -> Estimate:
    """Return how alike a rater's successive ratings are (lag 1, from -1 to 1).

    In random order it lies near 0; above, one face colours the next (Shen, Lapedriza and
    Picard 2019, affective priming).

    Parameters
    ----------
    values, positions : ndarray, shape (items,), float64
        Ratings such as valence, and each item's place in the rater's order.
    weights : ndarray, shape (draws, items), optional
        A pair counts as often as its second item.
    """
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(positions))
    if len(known) < _LEAST:
        return undefined(f"needs {_LEAST} ratings whose order is known", items=len(known))
    order = known[np.argsort(positions[known], kind="stable")]
    drawn = all_once(weights, len(values))[:, order[1:]]
    before, after = values[order[:-1]], values[order[1:]]
    total = drawn.sum(axis=1)
    some = at_least_some(total)[:, None]
    means = [(drawn @ part)[:, None] / some for part in (before, after)]
    x, y = before - means[0], after - means[1]
    above = (drawn * x * y).sum(axis=1)
    below = np.sqrt((drawn * x**2).sum(axis=1) * (drawn * y**2).sum(axis=1))
    about = About(len(known), 1, "all ratings are the same")
    return estimate(above, below, total, about)


def median_interval(values: Floats, weights: Floats | None = None) -> Interval:
    """Return the median of the values that are known, with its interval."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return Interval(*[float("nan")] * 3)
    order = known[np.argsort(values[known])]
    reached = np.cumsum(all_once(weights, len(values))[:, order], axis=1)
    half = reached[:, -1:] / 2
    at = (reached >= half).argmax(axis=1)
    drawn = np.where(half[:, 0] > 0, values[order][at], np.nan)
    return interval(drawn)
