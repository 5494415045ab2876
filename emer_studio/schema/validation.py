"""What a protocol says about checking the eye tracker."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emer_studio.schema.base import Model

__all__ = ["Validation"]

Millimetres = Annotated[float, Field(ge=20, le=20_000)]


class Validation(Model):
    """A check of the eye tracker: points are looked at, and the error is measured.

    Attributes
    ----------
    points : {5, 9, 13}
        How many points are shown, in random order.
    accuracy_deg : float
        The mean error may be so large, in degrees.
    worst_deg : float
        The error at the worst point may be so large, in degrees.
    loss_pct : float
        So much of the gaze may be lost, in per cent.
    tries : int
        After so many checks that are not within the limits the session goes on, with a
        finding.
    after_breaks : bool
        Check again after every break.
    distance_mm : float
        From the eyes to the display, where the tracker does not tell it; left out, 650 is
        assumed.
    screen_mm : tuple of float
        Width and height of the display, where the system says it wrongly.
    """

    # Limits chosen by us: a region of interest of two degrees is still hit, and there is
    # gaze for the larger part of a clip.
    points: Literal[5, 9, 13] = 9
    accuracy_deg: Annotated[float, Field(gt=0, le=20)] = 1.0
    worst_deg: Annotated[float, Field(gt=0, le=20)] = 2.0
    loss_pct: Annotated[float, Field(ge=0, le=100)] = 20.0
    tries: Annotated[int, Field(ge=1, le=10)] = 3
    after_breaks: bool = False
    distance_mm: Annotated[float, Field(ge=100, le=10_000)] | None = None
    screen_mm: tuple[Millimetres, Millimetres] | None = None
