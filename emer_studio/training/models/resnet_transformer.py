"""Pictures and eye rows as one sequence for a transformer.

The scripts of EMER's authors compare with a network of this name; how theirs was made is
not public. Ours follows the usual recipe, its sizes are chosen by us.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.nets.attention import FirstToken, ReadingLayer
from emer_studio.training.nets.encoders import FaceTokens
from emer_studio.training.nets.heads import Heads
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "ResNetTransformer"]

_WIDTH, _DEPTH, _HEADS = 128, 2, 8  # chosen by us: cheap beside the face net
_DROPOUT = 0.2  # chosen by us


class ResNetTransformer(Network):
    """A transformer encoder over both streams; a first token of its own has the answer.

    Every token is told its modality and its moment. A picture is told the moment of the
    eye row in the middle of its span, so that what happens together is known to.

    Parameters
    ----------
    shape : Shape
        Sizes of what goes in.
    heads : sequence of Head
        What is predicted.
    """

    moment_of_frame: Tensor

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        self.face = FaceTokens(_WIDTH, shape.face_net)
        self.eye = nn.Sequential(
            nn.Linear(shape.eye_width, _WIDTH), nn.GELU(), nn.Linear(_WIDTH, _WIDTH),
            nn.LayerNorm(_WIDTH),
        )  # fmt: skip
        self.moment = nn.Parameter(0.02 * torch.randn(shape.eye_rows, _WIDTH))
        self.modality = nn.Parameter(0.02 * torch.randn(2, _WIDTH))
        middle = (torch.arange(shape.face_frames) + 0.5) / shape.face_frames
        moments = (middle * shape.eye_rows).long()
        self.register_buffer("moment_of_frame", moments, persistent=False)
        self.first = FirstToken(_WIDTH)
        self.layers = nn.ModuleList(ReadingLayer(_WIDTH, _HEADS) for _ in range(_DEPTH))
        self.norm = nn.LayerNorm(_WIDTH)
        self.dropout = nn.Dropout(_DROPOUT)
        self.heads = Heads(_WIDTH, heads)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        face = self.face(inputs.face) + self.moment[self.moment_of_frame] + self.modality[0]
        eye = self.eye(inputs.eye) + self.moment + self.modality[1]
        tokens, valid = self.first(
            torch.cat([face, eye], 1), torch.cat([inputs.face_valid, inputs.eye_valid], 1)
        )
        for layer in self.layers:
            tokens = layer(tokens, tokens, valid)
        answer = self.dropout(self.norm(tokens[:, 0]))
        return Outputs(self.heads(answer), answer.new_zeros(()))

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


MODEL = NetworkModel(
    "resnet-transformer", "face net and one transformer over both", ResNetTransformer
)
