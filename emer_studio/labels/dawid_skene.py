"""The model of Dawid and Skene 1979 (Applied Statistics 28): raters err each in their way.

It is a model of the raters, not a count of their votes: where raters are few or always
wrong together, it is confidently wrong. What it decides is marked as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.ratings import Rating, codes_of

__all__ = ["dawid_skene", "expectation_maximisation"]

Floats = npt.NDArray[np.float64]
_ROUNDS, _STILL = 200, 1e-7
_PRIOR = 0.1
"""Added to every cell of a rater's table of errors, chosen by us: with three raters and a
rare class, a single vote would otherwise be taken for certainty."""


def dawid_skene(said: Mapping[str, Sequence[Rating]]) -> dict[str, Floats]:
    """Return the probability of each of the seven categories, by item.

    Parameters
    ----------
    said : mapping of str to sequence of Rating
        One rating of each rater by item.
    """
    ratings = [rating for group in said.values() for rating in group]
    raters = sorted({rating.annotator for rating in ratings})
    items = list(said)
    codes = codes_of(ratings, items, raters)
    known = ~np.isnan(codes).all(axis=1)
    found = expectation_maximisation(codes[known], len(EMOTIONS))
    names = [item for item, has in zip(items, np.atleast_1d(known), strict=True) if has]
    return dict(zip(names, found, strict=True))


def expectation_maximisation(codes: Floats, classes: int) -> Floats:
    """Return the probability of each class, shape (items, classes).

    Parameters
    ----------
    codes : ndarray, shape (items, raters), float64
        Class numbers; NaN is missing, and every item has one.
    classes : int
    """
    said = np.stack([codes == k for k in range(classes)], axis=2).astype(np.float64)
    truth: Floats = said.sum(axis=1) / np.maximum(said.sum(axis=(1, 2)), 1.0)[:, None]
    for _ in range(_ROUNDS):
        shares = (truth.sum(axis=0) + _PRIOR) / (len(truth) + classes * _PRIOR)
        errors = np.einsum("ik,irl->rkl", truth, said) + _PRIOR
        errors /= errors.sum(axis=2, keepdims=True)
        logs = np.log(shares) + np.einsum("irl,rkl->ik", said, np.log(errors))
        logs -= logs.max(axis=1, keepdims=True)
        better: Floats = np.exp(logs)
        better /= better.sum(axis=1, keepdims=True)
        moved = float(np.abs(better - truth).max(initial=0.0))
        truth = better
        if moved < _STILL:
            break
    return truth
