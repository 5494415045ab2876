"""What a camera is to the rest of the program, and choosing one by its text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["Camera", "CameraFacts", "Frame", "open_camera"]


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What a camera really delivers (as negotiated, not as asked for)."""

    spec: str
    driver: str
    width_px: int
    height_px: int
    fps: float
    pixel_format: str
    simulated: bool
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    Attributes
    ----------
    bgr : ndarray, shape (height, width, 3), uint8
    t_s : float
        When it was taken, as near to the device as possible (LSL clock).
    """

    bgr: npt.NDArray[np.uint8]
    t_s: float


class Camera(Protocol):
    """A source of frames. `grab` blocks until the next one; None means the end."""

    facts: CameraFacts

    def grab(self) -> Frame | None:
        """Wait for the next frame."""

    def situation(self, command: dict[str, Any]) -> None:
        """Hear what goes on in the session; a real camera does not listen."""

    def close(self) -> None:
        """Let go of the device."""


def open_camera(spec: str, *, width: int, height: int, fps: float) -> Camera:
    """Open the camera that `spec` names: ``0``, ``file:VIDEO`` or ``sim``.

    Raises
    ------
    BadInputError
        When the text names no camera.
    MissingError
        When the device or the file cannot be opened.
    """
    if spec == "sim":
        from emer_studio.devices.camera_sim import SimulatedCamera

        return SimulatedCamera(width=width, height=height, fps=fps)
    if spec.startswith("file:"):
        from emer_studio.devices.camera_file import FileCamera

        return FileCamera(Path(spec[5:]))
    if spec.isdigit():
        from emer_studio.devices.camera_opencv import OpenCVCamera

        return OpenCVCamera(int(spec), width=width, height=height, fps=fps)
    raise BadInputError(
        f"{spec!r} is not a camera.", fix="Use a number such as 0, file:VIDEO, or sim."
    )
