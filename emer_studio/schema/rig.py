"""``rigs.json``: the devices of a room by name, which an operator chooses at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from emer_studio.schema.base import Model

__all__ = ["Rig", "RigsFile"]

Millimetres = Annotated[float, Field(gt=0, lt=10_000)]


class Rig(Model):
    """The devices of one room; the texts are those of ``emer-studio run --help``.

    Attributes
    ----------
    name : str
    camera, gaze, microphone, size, fps, codec, mains : str
        Empty leaves it to the program.
    display : int or None
        The participant's; None shows the pages in a window.
    screen_mm : tuple of float, optional
        Width and height of that display, as somebody measured or confirmed it.
    distance_mm : float, optional
        From the eyes to it.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    camera: str = ""
    gaze: str = ""
    microphone: str = ""
    size: Annotated[str, Field(pattern=r"^(\d+[xX]\d+)?$")] = ""
    fps: Annotated[str, Field(pattern=r"^(\d+(\.\d+)?)?$")] = ""
    codec: Literal["", "h264", "near-lossless", "mjpeg"] = ""
    mains: Literal["", "50", "60"] = ""
    display: int | None = None
    screen_mm: tuple[Millimetres, Millimetres] | None = None
    distance_mm: Millimetres | None = None


class RigsFile(Model):
    """All rigs of a computer."""

    format_version: Literal[1] = 1
    rigs: tuple[Rig, ...] = ()
