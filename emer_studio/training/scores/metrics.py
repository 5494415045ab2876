"""Metrics over whole sets of predictions, and their participant bootstrap.

WAR is accuracy, UAR the mean recall over the classes that occur, WF1 the F1 weighted by
class size. CCC is Lin's concordance correlation (Biometrics 45:255, 1989), with variances
divided by n; Pearson's correlation is 0 where one side is constant. Never averaged over
batches.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "bootstrap_classification",
    "bootstrap_regression",
    "classification_scores",
    "confusion_matrix",
    "drawn_scores",
    "regression_scores",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scores = dict[str, float]
Intervals = dict[str, tuple[float, float]]
_REPLICATES = 2000
"""Bootstrap replicates; enough for 95 % limits (Efron & Tibshirani, 1993: 1000 or more)."""


def confusion_matrix(truth: Ints, prediction: Ints, n_classes: int) -> Ints:
    """Count (truth, prediction) pairs: shape (C, C), truth in rows."""
    cells = np.bincount(truth * n_classes + prediction, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)


def classification_scores(confusion: Ints) -> Scores:
    """Return ``war``, ``uar`` and ``wf1`` of a confusion matrix (C, C)."""
    table = _classification(confusion[None].astype(np.float64))
    return {name: float(values[0]) for name, values in table.items()}


def regression_scores(truth: Floats, prediction: Floats) -> Scores:
    """Return ``mae``, ``rmse``, ``ccc`` and ``pearson`` of (N,) numbers."""
    table = _regression(_sums(truth, prediction)[None])
    return {name: float(values[0]) for name, values in table.items()}


def bootstrap_classification(
    truth: Ints, prediction: Ints, participants: Sequence[str], n_classes: int, seed: int
) -> Intervals:
    """Return 95 % percentile intervals of the scores, drawing whole participants.

    Parameters
    ----------
    truth, prediction : (N,) int64
        Class numbers.
    participants : sequence of str
        Who each sample is from.
    n_classes : int
        Number of classes.
    seed : int
        Of the draws.
    """
    groups = _groups(participants)
    each = np.stack([confusion_matrix(truth[g], prediction[g], n_classes) for g in groups])
    drawn = _draws(len(groups), seed) @ each.reshape(len(groups), -1).astype(np.float64)
    return _percentiles(_classification(drawn.reshape(-1, n_classes, n_classes)))


def bootstrap_regression(
    truth: Floats, prediction: Floats, participants: Sequence[str], seed: int
) -> Intervals:
    """Return 95 % percentile intervals of the scores, drawing whole participants."""
    groups = _groups(participants)
    each = np.stack([_sums(truth[g], prediction[g]) for g in groups])
    return _percentiles(_regression(_draws(len(groups), seed) @ each))


def drawn_scores(
    truth: Floats, prediction: Floats, n_classes: int, weights: Floats
) -> dict[str, Floats]:
    """Return the scores of each draw of the same predictions, shape (draws,).

    Parameters
    ----------
    truth, prediction : (N,) float64
        Numbers, or class numbers.
    n_classes : int
        0 for numbers.
    weights : (draws, N) float64
        How often each sample counts. A draw of nothing scores NaN.
    """
    if n_classes:
        cells = np.zeros((len(truth), n_classes**2))
        which = truth.astype(np.int64) * n_classes + prediction.astype(np.int64)
        cells[np.arange(len(truth)), which] = 1.0
        table = _classification((weights @ cells).reshape(-1, n_classes, n_classes))
    else:
        table = _regression(weights @ _terms(truth, prediction))
    empty = weights.sum(axis=1) == 0
    return {name: np.where(empty, np.nan, values) for name, values in table.items()}


def _classification(confusion: Floats) -> dict[str, Floats]:
    """Scores of a stack of confusion matrices (K, C, C)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    actual, called = confusion.sum(axis=2), confusion.sum(axis=1)
    total = np.maximum(actual.sum(axis=1), 1)
    recall = hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(actual + called, 1)
    return {
        "war": hits.sum(axis=1) / total,
        "uar": recall.sum(axis=1) / np.maximum((actual > 0).sum(axis=1), 1),
        "wf1": (f1 * actual).sum(axis=1) / total,
    }


def _sums(truth: Floats, prediction: Floats) -> Floats:
    """Everything the regression scores need, summed over samples: shape (8,)."""
    return np.asarray(_terms(truth, prediction).sum(axis=0))


def _terms(truth: Floats, prediction: Floats) -> Floats:
    """What each sample adds to the sums: shape (N, 8)."""
    x, y = np.asarray(truth, np.float64), np.asarray(prediction, np.float64)
    error = y - x
    parts = (np.ones(len(x)), np.abs(error), error**2, x, y, x * x, y * y, x * y)
    return np.stack(parts, axis=1)


def _regression(sums: Floats) -> dict[str, Floats]:
    """Scores of a stack of sums (K, 8)."""
    n, absolute, square, x, y, xx, yy, xy = sums.T
    n = np.maximum(n, 1)
    mx, my = x / n, y / n
    covariance = xy / n - mx * my
    of_x, of_y = np.maximum(xx / n - mx**2, 0.0), np.maximum(yy / n - my**2, 0.0)
    spread = of_x + of_y + (mx - my) ** 2
    # No spread at all means both are the same constant; agreement is then not defined.
    ccc = np.where(spread > 1e-12, 2 * covariance / np.maximum(spread, 1e-12), 0.0)
    both = np.sqrt(of_x * of_y)
    pearson = np.where(both > 1e-12, covariance / np.maximum(both, 1e-12), 0.0)
    return {
        "mae": absolute / n,
        "rmse": np.sqrt(square / n),
        "ccc": ccc,
        "pearson": np.clip(pearson, -1.0, 1.0),
    }


def _groups(participants: Sequence[str]) -> list[Ints]:
    names = np.asarray(participants)
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def _draws(n: int, seed: int) -> Floats:
    """How often each of `n` participants is drawn: shape (replicates, n)."""
    rng = np.random.default_rng([seed, 21])
    return rng.multinomial(n, np.full(n, 1.0 / n), _REPLICATES).astype(np.float64)


def _percentiles(table: dict[str, Floats]) -> Intervals:
    return {
        name: (float(np.percentile(values, 2.5)), float(np.percentile(values, 97.5)))
        for name, values in table.items()
    }
