"""What a camera is to the rest of the program, and choosing one by its text.

A camera is named by a *spec*:

* ``0``, ``1`` … – a camera of this machine, through OpenCV;
* ``file:VIDEO`` – any video as a camera, in real time, over and over;
* ``once:VIDEO`` – the same, but the source ends with the video, like a pulled plug. (A word
  in front, because a file name may contain any character that could come behind.)
* ``sim`` or ``sim:KEY=VALUE,…`` – a simulated participant, see `devices.camera_sim_spec`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["Camera", "CameraFacts", "CameraOptions", "Frame", "Opener", "camera_opener"]

Picture = npt.NDArray[np.uint8]
SPECS = "a number such as 0, file:VIDEO, once:VIDEO, sim or sim:KEY=VALUE,…"
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """What a camera is asked for; what it gives is in `CameraFacts`.

    Attributes
    ----------
    width_px, height_px : int
        Wanted size.
    fps : float
        Wanted rate, frames per second.
    jpeg : bool
        Hand on the camera's own JPEG bytes instead of decoding them, where it has any.
    mains_hz : int
        Frequency of the mains (50 or 60), against flicker; 0 leaves the camera's setting.
    """

    width_px: int = 640
    height_px: int = 480
    fps: float = 30.0
    jpeg: bool = False
    mains_hz: int = 0


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What a camera really delivers (as negotiated, not as asked for).

    Attributes
    ----------
    details : tuple of (str, str)
        More facts by name: what was asked for, every control with the value wanted, the
        value got and whether it is locked.
    """

    spec: str
    driver: str
    width_px: int
    height_px: int
    fps: float
    pixel_format: str
    simulated: bool
    details: tuple[tuple[str, str], ...] = ()

    @property
    def unlocked(self) -> tuple[str, ...]:
        """Names of the controls that the camera still moves by itself."""
        return tuple(name for name, text in self.details if text.startswith("locked=no"))


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture, decoded or as the camera's own JPEG.

    Attributes
    ----------
    bgr : ndarray, shape (height, width, 3), uint8, or None
        None where only `jpeg` is there.
    t_s : float
        When it was taken, as near to the device as possible (LSL clock).
    jpeg : bytes or None
        The picture as the camera compressed it.
    """

    bgr: Picture | None
    t_s: float
    jpeg: bytes | None = None

    def picture(self) -> Picture:
        """Return the picture, decoding it where that has not been done."""
        return self._decode(cv2.IMREAD_COLOR) if self.bgr is None else self.bgr

    def small(self, width_px: int, height_px: int, *, of_width_px: int) -> Picture:
        """Return it in a small size, for display; a JPEG is decoded reduced.

        Parameters
        ----------
        width_px, height_px : int
            Size wanted.
        of_width_px : int
            Width of the whole picture.
        """
        if self.bgr is not None:
            picture = self.bgr
        else:
            fits = (flag for n, flag in _REDUCED if of_width_px // n >= width_px)
            picture = self._decode(next(fits, cv2.IMREAD_COLOR))
        small = cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)

    def _decode(self, flag: int) -> Picture:
        raw = np.frombuffer(self.jpeg or b"\0", np.uint8)
        picture = cv2.imdecode(raw, flag)
        if picture is None:
            raise ValueError("the camera's JPEG cannot be decoded")
        return cast("Picture", picture)


class Camera(Protocol):
    """A source of frames. `grab` blocks until the next one; None means the end."""

    facts: CameraFacts

    def grab(self) -> Frame | None:
        """Wait for the next frame."""

    def situation(self, command: dict[str, Any]) -> None:
        """Hear what goes on in the session; a real camera does not listen."""

    def close(self) -> None:
        """Let go of the device."""


Opener = Callable[[], Camera]


def camera_opener(spec: str, options: CameraOptions | None = None) -> Opener:
    """Return what opens the camera that `spec` names, once or again after it was lost.

    The opener remembers what has to be the same the next time, e.g. the exposure.

    Raises
    ------
    BadInputError
        When the text names no camera. The opener itself raises it for a file that is no
        video, and `MissingError` for a device that cannot be opened.
    """
    asked = options or CameraOptions()
    kind, _, rest = spec.partition(":")
    if kind == "sim":
        from emer_studio.devices.camera_sim import SimulatedDevice
        from emer_studio.devices.camera_sim_spec import parse_simulation

        return SimulatedDevice(parse_simulation(rest), asked, spec=spec).open
    if kind in ("file", "once") and rest:
        from emer_studio.devices.camera_file import FileCamera

        return lambda: FileCamera(Path(rest), loop=kind == "file")
    if spec.isdigit():
        from emer_studio.devices.camera_opencv import OpenCVDevice

        return OpenCVDevice(int(spec), asked).open
    raise BadInputError(f"{spec!r} is not a camera.", fix=f"Use {SPECS}.")
