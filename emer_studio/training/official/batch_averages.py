"""Scores as the official code prints them: means over batches of 16. Never the result.

With few samples in a batch most classes do not occur in it, and the last, short batch
counts as much as a whole one: the same predictions read several points lower or higher.
They stand beside the real scores only so that a lab can compare with printed numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["batch_averaged"]

_BATCH = 16


def batch_averaged(
    folds: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], n_classes: int
) -> dict[str, float]:
    """Return mean scores over the batches of each fold, then over folds.

    Parameters
    ----------
    folds : sequence of (truth, prediction)
        Numbers or class numbers of the test samples, in the order of the dataset (the
        official order is that of its file list, which is not known).
    n_classes : int
        0 for numbers.

    Returns
    -------
    dict
        ``war`` and ``uar`` or ``mae`` and ``rmse``. The recall of a batch is averaged over
        the classes that occur in its truth or its predictions, as scikit-learn does.
    """
    score = _of_classes if n_classes else _of_numbers
    each = []
    for truth, found in folds:
        parts = [score(t, f) for t, f in _batches(truth, found)]
        each.append({name: np.mean([part[name] for part in parts]) for name in parts[0]})
    return {name: float(np.mean([fold[name] for fold in each])) for name in each[0]}


def _batches(
    truth: NDArray[np.float64], found: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    for first in range(0, len(truth), _BATCH):
        yield truth[first : first + _BATCH], found[first : first + _BATCH]


def _of_classes(truth: NDArray[np.float64], found: NDArray[np.float64]) -> dict[str, float]:
    right = truth == found
    met = np.union1d(truth, found)
    recall = [right[truth == c].mean() if (truth == c).any() else 0.0 for c in met]
    return {"war": float(right.mean()), "uar": float(np.mean(recall))}


def _of_numbers(truth: NDArray[np.float64], found: NDArray[np.float64]) -> dict[str, float]:
    off = found - truth
    return {"mae": float(np.abs(off).mean()), "rmse": float(np.sqrt((off**2).mean()))}
