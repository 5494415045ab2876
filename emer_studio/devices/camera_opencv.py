"""A webcam through OpenCV. Stamped at the grab, before decoding."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.camera import CameraFacts, Frame

__all__ = ["OpenCVCamera", "list_cameras"]

_BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
_TRIES = 30  # chosen by us: a webcam may need a second to deliver its first frame


def _open(index: int) -> cv2.VideoCapture:
    return cv2.VideoCapture(index, _BACKENDS.get(sys.platform, cv2.CAP_ANY))


def list_cameras(limit: int = 6) -> list[int]:
    """Return the numbers of the cameras that open, looking at the first `limit`."""
    found = []
    for index in range(limit):
        if sys.platform.startswith("linux") and not Path(f"/dev/video{index}").exists():
            continue  # OpenCV would complain on standard error
        capture = _open(index)
        if capture.isOpened():
            found.append(index)
        capture.release()
    return found


class OpenCVCamera:
    """A camera of this machine, by number."""

    def __init__(self, index: int, *, width: int, height: int, fps: float) -> None:
        self._capture = _open(index)
        if not self._capture.isOpened():
            raise MissingError(
                f"Camera {index} cannot be opened.",
                fix="Plug it in, close other programs that use it, or choose another number"
                " (emer-studio doctor lists the cameras).",
            )
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        first = next(
            (f for f in (self.grab() for _ in range(_TRIES)) if f is not None), None
        )
        if first is None:
            self.close()
            raise MissingError(f"Camera {index} opens but delivers no picture.")
        code = int(self._capture.get(cv2.CAP_PROP_FOURCC))
        self.facts = CameraFacts(
            spec=str(index),
            driver=f"opencv/{self._capture.getBackendName()}",
            width_px=first.bgr.shape[1],
            height_px=first.bgr.shape[0],
            fps=float(self._capture.get(cv2.CAP_PROP_FPS)) or fps,
            pixel_format="".join(chr((code >> shift) & 0xFF) for shift in (0, 8, 16, 24)),
            simulated=False,
        )

    def grab(self) -> Frame | None:
        """Wait for the next frame; None when the camera gave none."""
        if not self._capture.grab():
            return None
        t_s = clock.now_s()
        good, bgr = self._capture.retrieve()
        return Frame(cast("npt.NDArray[np.uint8]", bgr), t_s) if good else None

    def situation(self, command: dict[str, Any]) -> None:
        """Ignore it: this is a real camera."""

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
