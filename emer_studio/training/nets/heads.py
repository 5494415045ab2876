"""The last layers of a network, and what they read of a batch of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.nets.network import Head

__all__ = ["Heads", "masked_max", "masked_mean"]


class Heads(nn.Module):
    """One linear layer for each head.

    Parameters
    ----------
    width : int
        Of the features.
    heads : sequence of Head
        What is predicted.
    """

    def __init__(self, width: int, heads: Sequence[Head]) -> None:
        super().__init__()
        self._numbers = frozenset(head.label for head in heads if not head.classes)
        self.layers = nn.ModuleDict(
            {head.label: nn.Linear(width, len(head.classes) or 1) for head in heads}
        )

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Return scores (B, C) or numbers (B,) by label from features (B, width)."""
        found = {label: layer(features) for label, layer in self.layers.items()}
        return {
            label: value.squeeze(1) if label in self._numbers else value
            for label, value in found.items()
        }


def masked_mean(tokens: Tensor, valid: Tensor) -> Tensor:
    """Return the mean (B, W) of the valid tokens (B, T, W); zero where there is none."""
    weight = valid.unsqueeze(2)
    return (tokens * weight).sum(1) / torch.clamp(weight.sum(1), min=1.0)


def masked_max(tokens: Tensor, valid: Tensor) -> Tensor:
    """Return the largest (B, W) of the valid tokens (B, T, W); zero where there is none."""
    seen = valid.unsqueeze(2) > 0
    largest = tokens.masked_fill(~seen, torch.finfo(tokens.dtype).min).amax(1)
    return largest.masked_fill(~seen.any(1), 0.0)
