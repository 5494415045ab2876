"""Tensor Fusion Network (Zadeh et al., EMNLP 2017), written anew.

As in the paper: one short vector for each modality, each with a 1 put to it, and the outer
product of all, which therefore holds every vector alone, every pair and the triple; then
two fully connected layers. Otherwise: face, eyes and gaze instead of language, vision and
voice, each averaged over what was seen of it. The sizes are chosen by us: vectors of 16
numbers where the paper has 32 and 128, because the product is what costs parameters, and
normalised ones: products of small numbers learn slowly.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.encoders import EyeTokens, FaceTokens
from emer_studio.training.nets.heads import Heads, masked_mean
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "TensorFusion"]

_WIDTH, _SHORT, _HIDDEN = 64, 16, 64
_DROPOUT = 0.2


class TensorFusion(Network):
    """The outer product of face, eyes and gaze.

    The vector of an absent modality is zero, so that the products with its 1 remain: those
    of the others.

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
        self.eye = EyeTokens(shape.eye_width, _WIDTH)
        self.gaze = EyeTokens(2, _WIDTH)
        self.shorten = nn.ModuleList(_Short() for _ in range(3))
        self.infer = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Linear((_SHORT + 1) ** 3, _HIDDEN), nn.ReLU(),
            nn.Linear(_HIDDEN, _HIDDEN), nn.ReLU(),
        )  # fmt: skip
        self.heads = Heads(_HIDDEN, heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        streams = (
            (self.face(inputs.face), inputs.face_valid),
            (self.eye(inputs.eye), inputs.eye_valid),
            (self.gaze(inputs.gaze), inputs.gaze_valid),
        )
        face, eye, gaze = (
            shorten(tokens, valid)
            for shorten, (tokens, valid) in zip(self.shorten, streams, strict=True)
        )
        product = torch.einsum("bi,bj,bk->bijk", face, eye, gaze).flatten(1)
        joined = self.infer(product)
        return Outputs(self.heads(joined), joined.new_zeros(()))

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


class _Short(nn.Module):
    """Tokens as a short vector that ends in 1; zero before it where nothing was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(_WIDTH, _WIDTH),
            nn.ReLU(),
            nn.Linear(_WIDTH, _SHORT),
            nn.LayerNorm(_SHORT),
        )

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        vector = self.layers(masked_mean(tokens, valid)) * valid.amax(1, keepdim=True)
        return functional.pad(vector, (0, 1), value=1.0)


MODEL = NetworkModel("tfn", "Tensor Fusion Network: outer product of all", TensorFusion)
