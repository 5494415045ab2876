"""The network of the official code behind the interface of all models."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from emer_studio.training.nets.losses import LOSS_WEIGHTS, modality_loss
from emer_studio.training.nets.network import Head, Inputs, Network, Outputs, Shape
from emer_studio.training.official.topology import Emert, EmertConfig, Variant

__all__ = ["OfficialNetwork", "variant_of"]


def variant_of(heads: Sequence[Head]) -> Variant:
    """Return which of the official networks predicts these heads."""
    if all(head.classes for head in heads):
        return "discrete"
    return "intensity" if any(head.classes for head in heads) else "value"


class OfficialNetwork(Network):
    """`official.Emert` for one label, with the intensity's emotion beside it.

    Parameters
    ----------
    shape : Shape
        Sizes of the input.
    heads : sequence of Head
        One of classes, one number, or both.
    """

    def __init__(self, shape: Shape, heads: Sequence[Head]) -> None:
        super().__init__()
        classes = [head for head in heads if head.classes]
        numbers = [head for head in heads if not head.classes]
        if len(classes) > 1 or len(numbers) > 1:
            raise ValueError("the official networks predict one label each")
        self._labels = tuple(head.label for head in (*classes, *numbers))
        self.variant = variant_of(heads)
        self.body = Emert(
            EmertConfig(
                self.variant,
                n_classes=len(classes[0].classes) if classes else 7,
                eye_columns=shape.eye_width,
                face_frames=shape.face_frames,
                eye_rows=shape.eye_rows,
            )
        )

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights for the face."""
        self.body.subnet.f_extractor.load_state_dict(weights)
        return True

    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch; what was lost is zero, nothing is masked."""
        found = self.body(inputs.face, inputs.eye, inputs.gaze)
        both = [x for x in (found.logits, found.value) if x is not None]
        weights = LOSS_WEIGHTS[self.variant]
        penalty = weights.alpha * modality_loss(found.invariant)
        penalty = penalty + weights.beta * modality_loss(found.specific)
        return Outputs(dict(zip(self._labels, both, strict=True)), torch.as_tensor(penalty))
