"""Intraclass correlations of Shrout and Fleiss 1979 (Psychological Bulletin 86).

The first number names the model: 1 each item has raters of its own, 2 the raters are a
sample and everybody rates everything (absolute agreement), 3 only these raters count
(consistency). The second: one rater, or the mean of k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emer_studio.labels.agreement.estimate import (
    About,
    Estimate,
    Floats,
    all_once,
    at_least_some,
    estimate,
    undefined,
)

__all__ = ["FORMS", "complete_part", "icc"]

FORMS = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


class _Squares(NamedTuple):
    """Mean squares by draw: between items, within items, between raters, the rest."""

    items: Floats
    within: Floats
    raters: Floats
    rest: Floats
    n: Floats
    k: int


def icc(table: Floats, weights: Floats | None = None) -> dict[str, Estimate]:
    """Return the six forms by their names.

    Parameters
    ----------
    table : ndarray, shape (items, raters), float64
        NaN is missing; what is used of it says `complete_part`.
    weights : ndarray, shape (draws, items), optional
    """
    rows, columns = complete_part(table)
    if len(rows) < 2 or len(columns) < 2:
        reason = "needs two items that the same two raters rated"
        return dict.fromkeys(FORMS, undefined(reason))
    drawn = all_once(weights, len(table))[:, rows]
    squares = _mean_squares(table[np.ix_(rows, columns)], drawn)
    reason = "the items do not differ: there is nothing to agree about"
    about = About(len(rows), len(columns), reason)
    return {
        form: estimate(above, below, squares.n, about)
        for form, (above, below) in _forms(squares).items()
    }


def complete_part(table: Floats) -> tuple[list[int], list[int]]:
    """Return the items and raters of the largest part of a table without gaps.

    Raters are taken in the order of how much they rated; of all such groups the one
    counts that leaves most ratings (chosen by us: an item that lacks one rater must not
    cost what five others said).
    """
    known = np.isfinite(table)
    order = np.argsort(-known.sum(axis=0), kind="stable")
    whole = np.cumprod(known[:, order], axis=1).astype(bool)
    size = whole.sum(axis=0) * np.arange(1, len(order) + 1)
    if len(size) < 2 or not size[1:].any():
        return [], []
    k = int(np.argmax(size[1:])) + 2
    return np.flatnonzero(whole[:, k - 1]).tolist(), sorted(order[:k].tolist())


def _mean_squares(x: Floats, drawn: Floats) -> _Squares:
    k = x.shape[1]
    n = drawn.sum(axis=1)
    x = x - x.mean()
    means = x.mean(axis=1)
    some = at_least_some(n)
    grand = (drawn @ means) / some
    total = drawn @ (x**2).sum(axis=1) - k * n * grand**2
    items = k * (drawn @ means**2 - n * grand**2)
    by_rater = (drawn @ x) / some[:, None]
    raters = n * ((by_rater - grand[:, None]) ** 2).sum(axis=1)
    free = at_least_some(n - 1)
    return _Squares(
        items / free,
        (total - items) / (some * (k - 1)),
        raters / (k - 1),
        np.maximum(total - items - raters, 0.0) / (free * (k - 1)),
        n,
        k,
    )


def _forms(s: _Squares) -> dict[str, tuple[Floats, Floats]]:
    k = s.k
    tilt = (s.raters - s.rest) / at_least_some(s.n)
    return {
        "ICC(1,1)": (s.items - s.within, s.items + (k - 1) * s.within),
        "ICC(2,1)": (s.items - s.rest, s.items + (k - 1) * s.rest + k * tilt),
        "ICC(3,1)": (s.items - s.rest, s.items + (k - 1) * s.rest),
        "ICC(1,k)": (s.items - s.within, s.items),
        "ICC(2,k)": (s.items - s.rest, s.items + tilt),
        "ICC(3,k)": (s.items - s.rest, s.items),
    }
