"""Attention that passes over lost tokens, for the networks that we compare with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from emer_studio.training.nets.transformer import FeedForward

__all__ = ["FirstToken", "ReadingLayer"]


class FirstToken(nn.Module):
    """Put a learned token before the others: one that is there when all others are lost.

    Parameters
    ----------
    width : int
        Of the tokens.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        # As small as the position embeddings of other transformers (chosen by us).
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))

    def forward(self, tokens: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Return both with one more: tokens (B, T, width) and valid (B, T)."""
        first = self.token.expand(tokens.shape[0], -1, -1)
        return torch.cat([first, tokens], 1), functional.pad(valid, (1, 0), value=1.0)


class ReadingLayer(nn.Module):
    """One pre-normalised transformer layer: read a sequence (or oneself), then think.

    Parameters
    ----------
    width : int
        Of the tokens of both sequences.
    heads : int, optional
        Of the attention; divides `width`. Chosen by us: 16 numbers each at a width of 64.
    dropout : float, optional
        After the attention and in the perceptron, which is twice as wide (chosen by us:
        a few hundred clips are little).
    """

    def __init__(self, width: int, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.heads = heads
        self.norm_target, self.norm_source = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.output = nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
        self.feed = FeedForward(width, 2 * width, dropout)

    def forward(self, target: Tensor, source: Tensor, valid: Tensor) -> Tensor:
        """Update `target` by what it reads.

        Parameters
        ----------
        target : (B, T, width)
            Who reads.
        source : (B, S, width)
            What is read.
        valid : (B, S)
            1 where there is something to read, at least once a clip: see `FirstToken`.
        """
        source = self.norm_source(source)
        read = functional.scaled_dot_product_attention(
            self._split(self.query(self.norm_target(target))),
            self._split(self.key(source)),
            self._split(self.value(source)),
            attn_mask=(valid > 0)[:, None, None, :],
        )
        target = target + self.output(read.transpose(1, 2).flatten(2))
        return torch.as_tensor(target + self.feed(target))

    def _split(self, tokens: Tensor) -> Tensor:
        batch, length, _ = tokens.shape
        return tokens.view(batch, length, self.heads, -1).transpose(1, 2)
