"""What a network is trained to make small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from emer_studio.training.names import MISSING_CLASS
from emer_studio.training.nets.network import Head, Outputs

__all__ = [
    "LOSS_WEIGHTS",
    "MISSING_CLASS",
    "LossWeights",
    "at_least_one",
    "modality_loss",
    "task_loss",
]


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the official terms beside the task.

    Attributes
    ----------
    alpha : float
        Discriminator on the invariant parts, behind the reversed gradient.
    beta : float
        Discriminator on the specific parts.
    """

    alpha: float
    beta: float


LOSS_WEIGHTS = {
    "value": LossWeights(0.01, 0.01),
    "discrete": LossWeights(0.01, 0.01),
    "intensity": LossWeights(0.3, 0.1),
}
"""Weights by variant, from the official training scripts."""


def at_least_one(counts: Tensor) -> Tensor:
    """Return the counts, 1 where a batch lacks the label: nothing is divided by zero."""
    return counts.clamp(min=1)


def task_loss(
    outputs: Outputs,
    targets: Mapping[str, Tensor],
    heads: Sequence[Head],
    weights: Sequence[float],
    counted: Callable[[Tensor], Tensor] = at_least_one,
) -> Tensor:
    """Return the weighted sum over heads, each a mean over the samples that have the label.

    Cross-entropy for classes, smooth L1 for numbers, as the official code; what the network
    asks of itself is added.

    Parameters
    ----------
    outputs : Outputs
        Of one batch.
    targets : mapping
        By label: class numbers (B,) long, -1 where missing, or numbers (B,), NaN there.
    heads, weights : sequence
        What counts, and how much.
    counted : callable
        From the numbers of samples (H,) that have each label to what their sums are
        divided by.
    """
    total = outputs.penalty
    every = [_known(head, targets[head.label]) for head in heads]
    counts = counted(torch.stack([known.sum() for known in every]))
    for head, weight, known, count in zip(heads, weights, every, counts, strict=True):
        found, truth = outputs.heads[head.label].float(), targets[head.label]
        safe = torch.where(known, truth, torch.zeros_like(truth))
        each = (
            functional.cross_entropy(found, safe, reduction="none")
            if head.classes
            else functional.smooth_l1_loss(found, safe, reduction="none")
        )
        total = total + weight * (each * known).sum() / count
    return total


def _known(head: Head, truth: Tensor) -> Tensor:
    return truth != MISSING_CLASS if head.classes else torch.isfinite(truth)


def modality_loss(scores: Tensor) -> Tensor:
    """Sum over modalities of the mean cross-entropy of naming the modality.

    Parameters
    ----------
    scores : (B, M, M)
        For each modality's tokens, which modality they are taken for.
    """
    batch, modalities, _ = scores.shape
    truth = torch.arange(modalities, device=scores.device).expand(batch, modalities)
    return functional.cross_entropy(scores.transpose(1, 2), truth) * modalities
