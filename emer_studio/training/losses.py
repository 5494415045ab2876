"""The training loss of the official code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from emer_studio.training.emert import EmertOutput

__all__ = ["LOSS_WEIGHTS", "MISSING_CLASS", "LossWeights", "total_loss"]

MISSING_CLASS = -1
"""Class number of a sample whose class is not labelled; it adds nothing to the loss."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the three terms.

    Attributes
    ----------
    alpha : float
        Discriminator on the invariant parts, behind the reversed gradient.
    beta : float
        Discriminator on the specific parts.
    delta : float
        The task itself.
    """

    alpha: float
    beta: float
    delta: float = 1.0


LOSS_WEIGHTS = {
    "value": LossWeights(0.01, 0.01),
    "discrete": LossWeights(0.01, 0.01),
    "intensity": LossWeights(0.3, 0.1),
}
"""Weights by variant, from the official training scripts."""


def total_loss(
    output: EmertOutput, values: Tensor, classes: Tensor, weights: LossWeights
) -> Tensor:
    """Return ``alpha L_invariant + beta L_specific + delta L_task``, a scalar.

    Parameters
    ----------
    output : EmertOutput
        Of one batch.
    values : (B,) float
        True numbers; unused without a value head.
    classes : (B,) long
        True classes, `MISSING_CLASS` where not labelled; unused without a class head.
    weights : LossWeights
        Weights of the terms.
    """
    task = output.invariant.new_zeros(())
    if output.logits is not None and bool((classes != MISSING_CLASS).any()):
        task = task + functional.cross_entropy(
            output.logits, classes, ignore_index=MISSING_CLASS
        )
    if output.value is not None:
        task = task + functional.smooth_l1_loss(output.value, values)
    return (
        weights.alpha * _modality_loss(output.invariant)
        + weights.beta * _modality_loss(output.specific)
        + weights.delta * task
    )


def _modality_loss(scores: Tensor) -> Tensor:
    """Sum over modalities of the mean cross-entropy of naming the modality."""
    batch, modalities, _ = scores.shape
    truth = torch.arange(modalities, device=scores.device).expand(batch, modalities)
    return functional.cross_entropy(scores.transpose(1, 2), truth) * modalities
