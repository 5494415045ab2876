"""Krippendorff's α: any number of raters, missing ratings, four levels of measurement.

Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*. An item with m ratings
brings m/(m-1) of each of its pairs, so that every rating counts once.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from emer_studio.labels.agreement.estimate import (
    About,
    Estimate,
    Floats,
    all_once,
    estimate,
    undefined,
)

__all__ = ["Level", "alpha_of_counts", "krippendorff_alpha"]

Level = Literal["nominal", "ordinal", "interval", "ratio"]
_ONE = "only one value was used: without any difference, chance explains everything"


def krippendorff_alpha(
    table: Floats, level: Level, weights: Floats | None = None
) -> Estimate:
    """Return α of a table of ratings.

    Parameters
    ----------
    table : ndarray, shape (items, raters), float64
        Numbers, or numbers of classes; NaN is missing.
    level : {"nominal", "ordinal", "interval", "ratio"}
        What differences between values mean.
    weights : ndarray, shape (draws, items), optional
        How often each item counts in each draw.
    """
    values, where = np.unique(table[np.isfinite(table)], return_inverse=True)
    codes = np.full(table.shape, -1)
    codes[np.isfinite(table)] = where
    counts = np.zeros((len(table), len(values)))
    rows = np.broadcast_to(np.arange(len(table))[:, None], table.shape)
    np.add.at(counts, (rows[codes >= 0], codes[codes >= 0]), 1.0)
    raters = int(np.isfinite(table).any(axis=0).sum())
    return alpha_of_counts(counts, level, values, weights, raters=raters)


def alpha_of_counts(
    counts: Floats,
    level: Level = "nominal",
    values: Floats | None = None,
    weights: Floats | None = None,
    *,
    raters: int | None = None,
) -> Estimate:
    """Return α where it is known how many raters chose each value, not which of them.

    Parameters
    ----------
    counts : ndarray, shape (items, values), float64
    level : {"nominal", "ordinal", "interval", "ratio"}
    values : ndarray, shape (values,), optional
        What the columns stand for, ascending; 0, 1, 2 … unless given.
    weights : ndarray, shape (draws, items), optional
    raters : int, optional
        To be told with the result; the most of any item unless given.
    """
    ratings = counts.sum(axis=1)
    pairable = ratings >= 2
    most = int(ratings.max(initial=0)) if raters is None else raters
    if not pairable.any():
        return undefined("no item has two ratings", raters=most)
    drawn = all_once(weights, len(counts))[:, pairable]
    counts, ratings = counts[pairable], ratings[pairable]
    steps = np.arange(counts.shape[1], dtype=float) if values is None else values
    totals = drawn @ counts  # (draws, values)
    n = totals.sum(axis=1)
    if level == "interval":
        apart, expected = _by_moments(counts, ratings, steps, drawn, totals)
    elif level == "ordinal":
        apart, expected = _by_ranks(counts, ratings, drawn, totals)
    else:
        squared = _squared(steps, level)
        within = ((counts @ squared) * counts).sum(axis=1) / (ratings - 1)
        apart = drawn @ within
        expected = ((totals @ squared) * totals).sum(axis=1)
    by_chance = expected / np.maximum(n - 1, 1)
    about = About(len(counts), most, _ONE)
    return estimate(by_chance - apart, by_chance, n, about)


def _squared(values: Floats, level: Level) -> Floats:
    difference: Floats = values[:, None] - values[None, :]
    if level == "nominal":
        return np.where(difference != 0, 1.0, 0.0)
    sums: Floats = values[:, None] + values[None, :]
    relative: Floats = np.where(sums != 0, difference / np.where(sums != 0, sums, 1), 0.0)
    return relative * relative


def _by_moments(
    counts: Floats, ratings: Floats, values: Floats, drawn: Floats, totals: Floats
) -> tuple[Floats, Floats]:
    """Return squared differences within items and among all, without a table of pairs."""
    sums, squares = counts @ values, counts @ values**2
    within = 2 * (ratings * squares - sums**2) / (ratings - 1)
    n = totals.sum(axis=1)
    among = 2 * (n * (totals @ values**2) - (totals @ values) ** 2)
    return drawn @ within, among


def _by_ranks(
    counts: Floats, ratings: Floats, drawn: Floats, totals: Floats
) -> tuple[Floats, Floats]:
    """Return the same for ordered classes, whose distance is that of their mean ranks."""
    parts = []
    for weights, total in zip(drawn, totals, strict=True):
        ranks = np.cumsum(total) - total / 2
        ranks -= ranks.mean()  # keeps the sums small
        apart, among = _by_moments(counts, ratings, ranks, weights[None], total[None])
        parts.append((apart[0], among[0]))
    apart_all, among_all = np.array(parts).T
    return apart_all, among_all
