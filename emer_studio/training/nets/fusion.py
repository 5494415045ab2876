"""Shared tokens of all streams read the streams' own tokens; ours, with what is absent."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.nets.heads import masked_mean

__all__ = ["Fusion"]

_HEADS = 4
_DEPTH = 2
_DROPOUT = 0.2
_SMALL = 0.02  # spread of the first embeddings: they must not drown the tokens


class Fusion(nn.Module):
    """Cross-attention over the tokens of several streams, some of them absent.

    Parameters
    ----------
    width : int
        Of the tokens.
    sizes : sequence of int
        Tokens of each stream, in their order.
    """

    def __init__(self, width: int, sizes: Sequence[int]) -> None:
        super().__init__()
        self.place = nn.Parameter(_SMALL * torch.randn(1, sum(sizes), width))
        self.layers = nn.ModuleList(_Layer(width) for _ in range(_DEPTH))
        self.norm = nn.LayerNorm(width)

    def forward(self, shared: Tensor, own: Tensor, valid: Tensor) -> Tensor:
        """Return (B, width) from shared and own tokens (B, T, width), valid (B, T)."""
        target, source = shared + self.place, own + self.place
        # A clip of which nothing is known reads zeros instead of nothing: NaN is no answer.
        absent = (valid == 0) & (valid.amax(1, keepdim=True) > 0)
        for layer in self.layers:
            target = layer(target, source, absent)
        return masked_mean(self.norm(target), valid)


class _Layer(nn.Module):
    """Cross-attention and a perceptron, pre-normalised, with the target as residual."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_target, self.norm_source = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read = nn.MultiheadAttention(width, _HEADS, dropout=_DROPOUT, batch_first=True)
        self.feed = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(2 * width, width),
            nn.Dropout(_DROPOUT),
        )

    def forward(self, target: Tensor, source: Tensor, absent: Tensor) -> Tensor:
        """Update `target` (B, T, width) by reading `source`, except where it is absent."""
        query, key = self.norm_target(target), self.norm_source(source)
        target = (
            target
            + self.read(query, key, key, key_padding_mask=absent, need_weights=False)[0]
        )
        return torch.as_tensor(target + self.feed(target))
