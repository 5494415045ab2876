"""A network for the face and one for the eyes, which vote."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.models.eye_only import EyeOnly
from emer_studio.training.models.face_only import FaceOnly
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape

__all__ = ["MODEL", "LateFusion"]


class LateFusion(Network):
    """`FaceOnly` and `EyeOnly`, trained together on the mean of their answers.

    Of classes that is the mean of the log-probabilities, of numbers the mean. Who sees
    nothing of a clip does not vote; when neither does, both tell what is usual.

    Parameters
    ----------
    shape : Shape
        Sizes of what goes in.
    heads : sequence of Head
        What is predicted.
    """

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        self.face = FaceOnly(shape, heads)
        self.eye = EyeOnly(shape, heads)
        self._of_classes = frozenset(head.label for head in heads if head.classes)

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""
        sees = torch.stack(
            [inputs.face_valid.amax(1), inputs.eye_valid.amax(1)], 1
        )  # (B, 2), each 0 or 1
        votes = torch.where(sees.sum(1, keepdim=True) > 0, sees, torch.ones_like(sees))
        weights = votes / votes.sum(1, keepdim=True)
        face, eye = self.face(inputs), self.eye(inputs)
        found = {
            label: self._mean(label, face.heads[label], eye.heads[label], weights)
            for label in face.heads
        }
        return Outputs(found, face.penalty + eye.penalty)

    def _mean(self, label: str, face: Tensor, eye: Tensor, weights: Tensor) -> Tensor:
        if label not in self._of_classes:
            return weights[:, 0] * face + weights[:, 1] * eye
        return weights[:, :1] * face.log_softmax(1) + weights[:, 1:] * eye.log_softmax(1)

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where that looks at the pictures."""
        return self.face.start_from(weights)


MODEL = NetworkModel("late-fusion", "face alone and eyes alone, averaged", LateFusion)
