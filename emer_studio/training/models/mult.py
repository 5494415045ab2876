"""MulT: every modality reads every other one (Tsai et al., ACL 2019), written anew.

As in the paper: a convolution over time for each stream, sinusoidal positions, a
crossmodal transformer for each ordered pair of modalities whose source stays as it was,
then a transformer of its own for each modality over what it read. Otherwise: face, eyes
and gaze instead of language, audio and vision; the mean over time instead of the last
step, which may be lost; a learned first token in every stream, so that an absent one can
be read; no residual block before the heads. The sizes are chosen by us, with fewer layers
than in the paper, which had more to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.attention import FirstToken, ReadingLayer
from emer_studio.training.nets.encoders import FaceTokens
from emer_studio.training.nets.heads import Heads, masked_mean
from emer_studio.training.nets.network import (
    MODALITIES,
    Head,
    Inputs,
    Network,
    Outputs,
    Shape,
)

__all__ = ["MODEL", "MulT"]

_WIDTH, _DEPTH = 64, 2
_DROPOUT = 0.2
_PAIRS = [(own, other) for own in MODALITIES for other in MODALITIES if own != other]


class MulT(Network):
    """Crossmodal attention between face, eyes and gaze.

    Parameters
    ----------
    shape : Shape
        Sizes of what goes in.
    heads : sequence of Head
        What is predicted.
    """

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        self.face = FaceTokens(_WIDTH, shape.face_net)
        self.streams = nn.ModuleDict(
            {
                "face": _Stream(_WIDTH, shape.face_frames),
                "eye": _Stream(shape.eye_width, shape.eye_rows),
                "gaze": _Stream(2, shape.eye_rows),
            }
        )
        self.crossmodal = nn.ModuleDict(
            {f"{own}_reads_{other}": _Crossmodal() for own, other in _PAIRS}
        )
        self.own = nn.ModuleDict({name: ReadingLayer(2 * _WIDTH) for name in MODALITIES})
        self.norm = nn.LayerNorm(2 * _WIDTH * len(MODALITIES))
        self.dropout = nn.Dropout(_DROPOUT)
        self.heads = Heads(2 * _WIDTH * len(MODALITIES), heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        pictures = self.face(inputs.face) * inputs.face_valid.unsqueeze(2)
        streams = {
            "face": self.streams["face"](pictures, inputs.face_valid),
            "eye": self.streams["eye"](inputs.eye, inputs.eye_valid),
            "gaze": self.streams["gaze"](inputs.gaze, inputs.gaze_valid),
        }
        said = [self._own(name, streams) for name in MODALITIES]
        joined = self.dropout(self.norm(torch.cat(said, 1)))
        return Outputs(self.heads(joined), joined.new_zeros(()))

    def _own(self, name: str, streams: dict[str, tuple[Tensor, Tensor]]) -> Tensor:
        """Return (B, 2 width): what one modality makes of the others."""
        own, valid = streams[name]
        found = [
            self.crossmodal[f"{reader}_reads_{other}"](own, *streams[other])
            for reader, other in _PAIRS
            if reader == name
        ]
        tokens = torch.cat(found, 2)
        return masked_mean(self.own[name](tokens, tokens, valid), valid)

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


class _Stream(nn.Module):
    """Rows of one modality as tokens that know their neighbours and their place."""

    positions: Tensor

    def __init__(self, inputs: int, length: int) -> None:
        super().__init__()
        self.convolve = nn.Conv1d(inputs, _WIDTH, 3, padding=1)
        self.first = FirstToken(_WIDTH)
        self.register_buffer("positions", _sinusoids(length, _WIDTH), persistent=False)

    def forward(self, rows: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.convolve(rows.transpose(1, 2)).transpose(1, 2) + self.positions
        found: tuple[Tensor, Tensor] = self.first(tokens, valid)
        return found


class _Crossmodal(nn.Module):
    """Layers in which one modality reads another one that stays as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ReadingLayer(_WIDTH) for _ in range(_DEPTH))

    def forward(self, target: Tensor, source: Tensor, valid: Tensor) -> Tensor:
        for layer in self.layers:
            target = layer(target, source, valid)
        return target


def _sinusoids(length: int, width: int) -> Tensor:
    """Return the positions of Vaswani et al. (NeurIPS 2017), (length, width)."""
    half = width // 2
    turns = 10_000.0 ** (-torch.arange(half) / half)
    angles = torch.arange(length)[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], 1)


MODEL = NetworkModel("mult", "MulT: every modality reads every other", MulT)
