"""Fleiss' and Cohen's κ, one class against the rest, and Gwet's AC1 and AC2.

Fleiss 1971 (Psychological Bulletin 76); Cohen 1960 and 1968, weighted; Gwet 2008 (British
Journal of Mathematical and Statistical Psychology 61) and 2014 for missing ratings. AC1
stays where it is when one class is rare, κ and α fall: they are told side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

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

__all__ = ["ClassAgreement", "cohen_kappa", "fleiss_kappa", "gwet_ac", "per_class"]

Penalty = Literal["none", "linear", "quadratic"]
_ONE = "only one class was used: agreement by chance would be complete"


def fleiss_kappa(counts: Floats, weights: Floats | None = None) -> Estimate:
    """Return Fleiss' κ.

    Parameters
    ----------
    counts : ndarray, shape (items, classes), float64
        How many raters chose each class, equally many for all items.
    weights : ndarray, shape (draws, items), optional
    """
    ratings = np.unique(counts.sum(axis=1))
    if len(ratings) != 1 or ratings[0] < 2:
        found = ", ".join(f"{m:g}" for m in ratings[:5]) or "none"
        return undefined(f"needs equally many ratings of each item, two or more: {found}")
    m = ratings[0]
    drawn = all_once(weights, len(counts))
    items = drawn.sum(axis=1)
    agreed = ((counts**2).sum(axis=1) - m) / (m * (m - 1))
    some = at_least_some(items)
    shares = (drawn @ counts) / (some * m)[:, None]
    chance = (shares**2).sum(axis=1)
    seen = drawn @ agreed / some
    return estimate(seen - chance, 1 - chance, items, About(len(counts), int(m), _ONE))


def cohen_kappa(
    first: Floats,
    second: Floats,
    classes: int,
    weights: Floats | None = None,
    *,
    penalty: Penalty = "none",
) -> Estimate:
    """Return Cohen's κ of two raters over the items that both rated.

    Parameters
    ----------
    first, second : ndarray, shape (items,), float64
        Class numbers from 0; NaN is missing.
    classes : int
    weights : ndarray, shape (draws, items), optional
    penalty : {"none", "linear", "quadratic"}
        What a difference of several steps counts; "none" takes all as equal.
    """
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return undefined("no item was rated by both", raters=2)
    cells = np.zeros((int(both.sum()), classes * classes))
    at = (first[both] * classes + second[both]).astype(int)
    cells[np.arange(len(at)), at] = 1.0
    drawn = all_once(weights, len(first))[:, both]
    seen = (drawn @ cells).reshape(-1, classes, classes)
    total = seen.sum(axis=(1, 2))
    seen = seen / at_least_some(total)[:, None, None]
    expected = seen.sum(axis=2)[:, :, None] * seen.sum(axis=1)[:, None, :]
    apart = 1.0 - _agreement(classes, penalty)
    chance = (expected * apart).sum(axis=(1, 2))
    found = (seen * apart).sum(axis=(1, 2))
    return estimate(chance - found, chance, total, About(len(at), 2, _ONE))


def gwet_ac(
    counts: Floats, weights: Floats | None = None, *, penalty: Penalty = "none"
) -> Estimate:
    """Return Gwet's AC1, or AC2 with a penalty; items may have any number of ratings.

    Parameters
    ----------
    counts : ndarray, shape (items, classes), float64
    weights : ndarray, shape (draws, items), optional
    penalty : {"none", "linear", "quadratic"}
    """
    k = counts.shape[1]
    if k < 2:
        return undefined("needs two classes")
    near = _agreement(k, penalty)
    seen = _seen(counts, weights, near)
    if not seen.items:
        return undefined("no item has two ratings", raters=seen.raters)
    spread = (seen.shares * (1 - seen.shares)).sum(axis=1)
    chance = near.sum() / (k * (k - 1)) * spread
    return seen.beyond(chance, _ONE)


@dataclass(frozen=True, slots=True)
class ClassAgreement:
    """One class against all the others.

    Attributes
    ----------
    prevalence : Estimate
        Share of the ratings.
    kappa, ac1 : Estimate
    """

    prevalence: Estimate
    kappa: Estimate
    ac1: Estimate


def per_class(counts: Floats, weights: Floats | None = None) -> tuple[ClassAgreement, ...]:
    """Return the agreement about each class; with equal ratings κ is Fleiss' own.

    Parameters
    ----------
    counts : ndarray, shape (items, classes), float64
    weights : ndarray, shape (draws, items), optional
    """
    found = []
    for k in range(counts.shape[1]):
        two = np.stack([counts[:, k], counts.sum(axis=1) - counts[:, k]], axis=1)
        seen = _seen(two, weights, np.eye(2))
        if not seen.items:
            nothing = undefined("no item has two ratings", raters=seen.raters)
            found.append(ClassAgreement(nothing, nothing, nothing))
            continue
        never = "never chosen" if seen.shares[0, 0] == 0 else _ONE
        kappa = seen.beyond((seen.shares**2).sum(axis=1), never)
        share = Estimate(seen.shares[:, 0], seen.items, seen.raters)
        found.append(ClassAgreement(share, kappa, gwet_ac(two, weights)))
    return tuple(found)


def _agreement(classes: int, penalty: Penalty) -> Floats:
    if penalty == "none" or classes < 2:
        return np.eye(classes)
    steps = np.arange(classes, dtype=float)
    apart = np.abs(steps[:, None] - steps[None, :]) / (classes - 1)
    return 1.0 - (apart if penalty == "linear" else apart**2)


class _Seen(NamedTuple):
    """Agreement and shares of the classes by draw."""

    agreed: Floats
    shares: Floats
    total: Floats
    items: int
    raters: int

    def beyond(self, chance: Floats, reason: str) -> Estimate:
        about = About(self.items, self.raters, reason)
        return estimate(self.agreed - chance, 1 - chance, self.total, about)


def _seen(counts: Floats, weights: Floats | None, near: Floats) -> _Seen:
    ratings = counts.sum(axis=1)
    pairs, rated = ratings >= 2, ratings >= 1
    drawn = all_once(weights, len(counts))
    m = np.maximum(ratings, 2)
    alike = (counts * (counts @ near - 1)).sum(axis=1) / (m * (m - 1))
    total = drawn @ pairs
    agreed = (drawn @ np.where(pairs, alike, 0.0)) / at_least_some(total)
    shares = (drawn @ (counts / np.maximum(ratings, 1)[:, None])) / at_least_some(
        drawn @ rated
    )[:, None]
    return _Seen(agreed, shares, total, int(pairs.sum()), int(ratings.max(initial=0)))
