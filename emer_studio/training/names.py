"""What datasets, requests and networks call things alike; nothing here loads torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MISSING_CLASS", "MODALITIES", "FaceNet", "Head"]

FaceNet = Literal["resnet18", "small"]
MODALITIES = ("face", "eye", "gaze")
"""Streams that can be left out; the fixation maps belong to the gaze."""
MISSING_CLASS = -1
"""Class number of a sample whose class is not labelled; it adds nothing to the loss."""


@dataclass(frozen=True, slots=True)
class Head:
    """One thing that a network predicts.

    Attributes
    ----------
    label : str
        Column of samples.csv.
    classes : tuple of str
        Class names in order; empty where a number is predicted.
    """

    label: str
    classes: tuple[str, ...] = ()
