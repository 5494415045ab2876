"""The face alone: what felt and shown have in common, and no eyes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.encoders import FaceTokens
from emer_studio.training.nets.heads import Heads, masked_max, masked_mean
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "FaceOnly"]

_WIDTH = 128  # chosen by us: as wide as what the small face net says of a picture
_DROPOUT = 0.2  # chosen by us


class FaceOnly(Network):
    """Every picture by itself, then their mean and their largest values.

    The largest are there because an expression may be in one of the pictures only.

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
        self.dropout = nn.Dropout(_DROPOUT)
        self.heads = Heads(2 * _WIDTH, heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from the pictures of one batch."""
        tokens, valid = self.face(inputs.face), inputs.face_valid
        pooled = torch.cat([masked_mean(tokens, valid), masked_max(tokens, valid)], 1)
        return Outputs(self.heads(self.dropout(pooled)), pooled.new_zeros(()))

    def start_from(self, weights: dict[str, torch.Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


MODEL = NetworkModel("face-only", "the face alone", FaceOnly)
