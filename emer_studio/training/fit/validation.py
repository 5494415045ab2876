"""How a network stands on the validation participants of its fold after an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from emer_studio.training.feed.inputs import Feed
from emer_studio.training.fit.job import FoldJob, Predictions
from emer_studio.training.fit.predict import predict
from emer_studio.training.nets.losses import MISSING_CLASS
from emer_studio.training.nets.network import Head, Network
from emer_studio.training.nets.precision import Precision
from emer_studio.training.scores.metrics import (
    classification_scores,
    confusion_matrix,
    regression_scores,
)

__all__ = ["Standing", "standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Scores of one epoch on the validation part.

    Attributes
    ----------
    scores : dict
        ``val_war`` and so on, means over the scored labels; empty without validation.
    rank : tuple of float
        Greater is better.
    """

    scores: dict[str, float] = field(default_factory=dict)
    rank: tuple[float, ...] = (0.0,)


def standing(
    job: FoldJob,
    model: Network,
    feed: Feed,
    precision: Precision = "fp32",
    check_stop: Callable[[], None] = lambda: None,
) -> Standing:
    """Predict the validation part and score it; `check_stop` is asked for each batch."""
    if not job.validation:
        return Standing()
    found = predict(model, feed, job.scored, job.validation, precision, check_stop)
    parts = [_scores(job, head, found[head.label]) for head in job.scored]
    parts = [part for part in parts if part]
    if not parts:
        return Standing()
    mean = {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}
    # Not by accuracy: of a few validation people it jumps about by more than epochs differ.
    rank = (-mean["loss"],) if "loss" in mean else (-mean["rmse"],)
    return Standing({f"val_{name}": value for name, value in mean.items()}, rank)


def _scores(job: FoldJob, head: Head, found: Predictions) -> dict[str, float]:
    truth = job.targets[head.label][list(job.validation)]
    known = truth != MISSING_CLASS if head.classes else np.isfinite(truth)
    if not known.any():
        return {}
    truth, values = truth[known], found.values[known]
    if not head.classes:
        return regression_scores(truth.astype(np.float64), values)
    confusion = confusion_matrix(truth, values.astype(np.int64), len(head.classes))
    chance = found.probabilities[known][np.arange(len(truth)), truth]
    loss = float(-np.log(np.maximum(chance, 1e-12)).mean())
    return classification_scores(confusion) | {"loss": loss}
