"""Cross-attention in which one token sequence reads another that never changes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CrossTransformer"]


class CrossAttention(nn.Module):
    """Multi-head attention without biases on query, key and value.

    Parameters
    ----------
    dim : int
        Width of the tokens.
    heads, head_dim : int
        Number of heads and their width.
    dropout : float
        On the output.
    """

    def __init__(self, dim: int, heads: int, head_dim: int, dropout: float) -> None:
        super().__init__()
        inner = heads * head_dim
        self.heads = heads
        self.norm_q = nn.LayerNorm(dim)
        self.norm_k = nn.LayerNorm(dim)
        self.norm_v = nn.LayerNorm(dim)
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_k = nn.Linear(dim, inner, bias=False)
        self.to_v = nn.Linear(dim, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, dim), nn.Dropout(dropout))

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Return what `target` (B, T, dim) reads in `source` (B, S, dim)."""
        query = self._split(self.to_q(self.norm_q(target)))
        key = self._split(self.to_k(self.norm_k(source)))
        value = self._split(self.to_v(self.norm_v(source)))
        read = functional.scaled_dot_product_attention(query, key, value)
        return torch.as_tensor(self.to_out(read.transpose(1, 2).flatten(2)))

    def _split(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape
        return x.view(batch, length, self.heads, -1).transpose(1, 2)


class FeedForward(nn.Module):
    """Pre-normalised two-layer perceptron with GELU.

    Parameters
    ----------
    dim, hidden : int
        Widths.
    dropout : float
        After each layer.
    """

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.net = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, T, dim) to (B, T, dim)."""
        return torch.as_tensor(self.net(self.norm(x)))


class CrossLayer(nn.Module):
    """Cross-attention and a perceptron, both with the target as their residual.

    Parameters
    ----------
    dim, heads, head_dim, dropout
        As for `CrossAttention`; the perceptron is `dim` wide.
    """

    def __init__(self, dim: int, heads: int, head_dim: int, dropout: float) -> None:
        super().__init__()
        self.attend = CrossAttention(dim, heads, head_dim, dropout)
        self.feed = FeedForward(dim, dim, dropout)

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Update `target` (B, T, dim) by reading `source` (B, S, dim)."""
        target = target + self.attend(target, source)
        return torch.as_tensor(target + self.feed(target))


class CrossTransformer(nn.Module):
    """A stack of cross-attention layers; the source is the same for all of them.

    Parameters
    ----------
    dim : int
        Width of the tokens; also the hidden width of the feed-forward layers.
    tokens : int
        Length of both sequences (each has learned position embeddings).
    depth, heads, head_dim : int, optional
        As in the official code: 2, 8, 64.
    dropout, emb_dropout : float, optional
        As in the official code: 0.5 and 0.1.
    """

    def __init__(
        self,
        dim: int,
        tokens: int,
        *,
        depth: int = 2,
        heads: int = 8,
        head_dim: int = 64,
        dropout: float = 0.5,
        emb_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.pos_target = nn.Parameter(torch.randn(1, tokens, dim))
        self.pos_source = nn.Parameter(torch.randn(1, tokens, dim))
        self.dropout = nn.Dropout(emb_dropout)
        self.layers = nn.ModuleList(
            CrossLayer(dim, heads, head_dim, dropout) for _ in range(depth)
        )

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """Update `target` (B, tokens, dim) by reading `source` of the same shape."""
        target = self.dropout(target + self.pos_target)
        source = self.dropout(source + self.pos_source)
        for layer in self.layers:
            target = layer(target, source)
        return target
