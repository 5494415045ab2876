"""What every network agrees on: what goes in, what comes out, how one is named.

A new network is one file in `training.models` that ends in ``MODEL = NetworkModel(...)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from emer_studio.training.names import MODALITIES, FaceNet, Head

__all__ = [
    "MODALITIES",
    "FaceNet",
    "Head",
    "Inputs",
    "Network",
    "Outputs",
    "Shape",
    "channels_last",
]

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of what goes in.

    Attributes
    ----------
    face_frames, eye_rows : int
        Frames and rows that stand for a clip.
    eye_width : int
        Numbers in an eye row.
    maps : int
        Fixation maps of a clip, 0 where they are not used.
    face_net : {"resnet18", "small"}
        What looks at a picture, see `encoders.face_encoder`.
    without : tuple of str
        Parts that the network does not have, of those that its file names.
    """

    face_frames: int = 8
    eye_rows: int = 32
    eye_width: int = 39
    maps: int = 0
    face_net: FaceNet = "resnet18"
    without: tuple[str, ...] = ()


class Inputs(NamedTuple):
    """One batch, on its device; B clips.

    Attributes
    ----------
    face : (B, F, 3, 112, 112) float32
        Pictures, zero where no face was found or the face is left out.
    face_valid : (B, F) float32
        1 where there is a picture.
    eye : (B, R, E) float32
        Eye rows, zero where lost.
    eye_valid : (B, R) float32
        1 where anything of the eyes is known.
    gaze : (B, R, 2) float32
        Where the eyes looked, zero where lost.
    gaze_valid : (B, R) float32
        1 where the gaze is known.
    maps : (B, M, 36, 64) float32
        Fixation maps, each of mean 1 or all zero; M is 0 where they are not used.
    """

    face: Tensor
    face_valid: Tensor
    eye: Tensor
    eye_valid: Tensor
    gaze: Tensor
    gaze_valid: Tensor
    maps: Tensor


class Outputs(NamedTuple):
    """What a network returns.

    Attributes
    ----------
    heads : dict of str to Tensor
        By label: class scores (B, C), or numbers (B,).
    penalty : scalar Tensor
        Added to the loss: what the network asks of itself beside its task.
    """

    heads: dict[str, Tensor]
    penalty: Tensor


class Network(nn.Module, ABC):
    """A network for some heads."""

    @abstractmethod
    def forward(self, inputs: Inputs) -> Outputs:
        """Predict from one batch."""

    def progress(self, share: float) -> None:
        """Hear how much of the training is done, 0 to 1; for ramps."""

    def start_from(self, weights: dict[str, Tensor]) -> bool:
        """Take ResNet-18 weights where there is such a part; return whether there is."""
        return False


def channels_last(model: Module) -> Module:
    """Lay the convolutions out channels-last, in place, and return the model.

    The arithmetic is the same; a training step on a processor takes a fifth to a third
    less time (measured).
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model
