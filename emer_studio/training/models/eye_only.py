"""The eyes alone: what they tell without a face."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.encoders import EyeTokens
from emer_studio.training.nets.heads import Heads, masked_max, masked_mean
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "EyeOnly"]

_WIDTH = 128  # chosen by us: as wide as the eye LSTM of the official code
_DROPOUT = 0.2  # chosen by us


class EyeOnly(Network):
    """Eye rows in order of time, then their mean and their largest values.

    Parameters
    ----------
    shape : Shape
        Sizes of what goes in.
    heads : sequence of Head
        What is predicted.
    """

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        self.eye = EyeTokens(shape.eye_width, _WIDTH)
        self.dropout = nn.Dropout(_DROPOUT)
        self.heads = Heads(2 * _WIDTH, heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from the eye rows of one batch."""
        tokens, valid = self.eye(inputs.eye), inputs.eye_valid
        pooled = torch.cat([masked_mean(tokens, valid), masked_max(tokens, valid)], 1)
        return Outputs(self.heads(self.dropout(pooled)), pooled.new_zeros(()))


MODEL = NetworkModel("eye-only", "the eyes alone", EyeOnly)
