"""A face net and an LSTM over the pictures, an LSTM over the eye rows, joined at the end.

The scripts of EMER's authors compare with a network of this name; how theirs was made is
not public. Ours follows the usual recipe, its sizes are chosen by us.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.encoders import FaceTokens
from emer_studio.training.nets.heads import Heads, masked_mean
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "ResNetLstm"]

_WIDTH = 128  # as wide as the eye LSTM of the official code
_DROPOUT = 0.2  # chosen by us


class ResNetLstm(Network):
    """Two LSTMs (one layer, one direction), averaged over time, side by side.

    The mean over what was seen is taken instead of the last state, because the last rows
    of a clip may be lost.

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
        self.read_face = nn.LSTM(_WIDTH, _WIDTH, batch_first=True)
        self.read_eye = nn.LSTM(shape.eye_width, _WIDTH, batch_first=True)
        self.dropout = nn.Dropout(_DROPOUT)
        self.heads = Heads(2 * _WIDTH, heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        pictures = self.face(inputs.face) * inputs.face_valid.unsqueeze(2)
        face = masked_mean(self.read_face(pictures)[0], inputs.face_valid)
        eye = masked_mean(self.read_eye(inputs.eye)[0], inputs.eye_valid)
        joined = self.dropout(torch.cat([face, eye], 1))
        return Outputs(self.heads(joined), joined.new_zeros(()))

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


MODEL = NetworkModel("resnet-lstm", "face net and LSTMs, joined", ResNetLstm)
