"""A webcam through OpenCV. Stamped at the grab, before decoding.

Size, rate and format are asked for and read back; exposure, white balance, focus and gain
are locked once the camera has adjusted itself (`devices.camera_controls`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.camera import CameraFacts, CameraOptions, Frame
from emer_studio.devices.camera_controls import ControlReport, lock_controls
from emer_studio.devices.camera_v4l2 import set_linux_controls

__all__ = ["OpenCVCamera", "OpenCVDevice", "list_cameras", "whole_jpeg"]

_BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
_TRIES = 30  # chosen by us: a webcam may need a second to deliver its first frame
_BAD_PICTURES = 5  # chosen by us: so many damaged pictures in a row are a lost camera
_SETTLE_S = 1.0  # chosen by us: automatic exposure settles within about twenty frames
_JPEG_BEGIN, _JPEG_END = b"\xff\xd8", b"\xff\xd9"

Capture = Any  # cv2.VideoCapture, or what behaves like it in tests


def _open(index: int) -> Capture:
    capture = cv2.VideoCapture(index, _BACKENDS.get(sys.platform, cv2.CAP_ANY))
    if capture.isOpened():
        return capture
    capture.release()
    return cv2.VideoCapture(index, cv2.CAP_ANY)


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


def whole_jpeg(raw: npt.NDArray[np.uint8] | None) -> bytes | None:
    """Return the JPEG in a driver's buffer without its padding; None if it is none."""
    if raw is None or raw.dtype != np.uint8 or (raw.ndim == 3 and raw.shape[2] != 1):
        return None
    data = raw.tobytes()
    end = data.rfind(_JPEG_END)
    return data[: end + 2] if data.startswith(_JPEG_BEGIN) and end > 0 else None


class OpenCVDevice:
    """A camera of this machine, by number, that can be opened again as it was.

    Parameters
    ----------
    index : int
        Its number.
    asked : CameraOptions
        Size, rate, and whether JPEG is wanted as it comes.
    make_capture : callable, optional
        Opens it; another one in tests.
    settle_s : float
        How long the camera may adjust itself before it is locked.
    node : Path, optional
        Its device file on Linux; ``/dev/video`` and the number without it.
    """

    def __init__(
        self,
        index: int,
        asked: CameraOptions,
        *,
        make_capture: Callable[[int], Capture] = _open,
        settle_s: float = _SETTLE_S,
        node: Path | None = None,
    ) -> None:
        self.index, self.asked = index, asked
        self._make_capture, self._settle_s = make_capture, settle_s
        self._node = node or Path(f"/dev/video{index}")
        self._remembered: dict[str, float] = {}

    def open(self) -> OpenCVCamera:
        """Open, negotiate, settle and lock it.

        Raises
        ------
        MissingError
            When it cannot be opened or delivers no picture.
        """
        if sys.platform.startswith("linux") and self._make_capture is _open:
            self._require_node()
        capture = self._make_capture(self.index)
        if not capture.isOpened():
            capture.release()
            raise self._missing()
        try:
            _negotiate(capture, self.asked)
            camera = OpenCVCamera(capture, self.index, self.asked)
            measured_hz = camera.settle(0.0 if self._remembered else self._settle_s)
            reports = (
                *lock_controls(capture, self._remembered),
                *set_linux_controls(self._node, self.asked.mains_hz),
            )
            camera.report(reports, measured_hz)
        except Exception:
            capture.release()
            raise
        for report in reports:
            if report.wanted is not None:
                self._remembered.setdefault(report.name, report.wanted)
        return camera

    def _require_node(self) -> None:
        # OpenCV would complain on standard error, once a second while it is unplugged.
        if not self._node.exists():
            raise self._missing()

    def _missing(self) -> MissingError:
        return MissingError(
            f"Camera {self.index} cannot be opened.",
            fix="Plug it in, close other programs that use it, or choose another number"
            " (emer-studio doctor lists the cameras).",
        )


def _negotiate(capture: Capture, asked: CameraOptions) -> None:
    """Ask for format, size and rate, in the order the systems need.

    DirectShow forgets the format when the rate is set, so the rate comes first; a Linux
    driver may choose another rate for a new size, so it comes last as well.
    """
    capture.set(cv2.CAP_PROP_FPS, asked.fps)
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, asked.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.height_px)
    if capture.getBackendName() != "DSHOW":
        capture.set(cv2.CAP_PROP_FPS, asked.fps)


class OpenCVCamera:
    """An open camera of this machine."""

    def __init__(self, capture: Capture, index: int, asked: CameraOptions) -> None:
        self._capture, self._index, self._asked = capture, index, asked
        self._raw = asked.jpeg and bool(capture.set(cv2.CAP_PROP_CONVERT_RGB, 0))
        first = self._first()
        if first is None and self._raw:
            # What comes is no JPEG: let OpenCV decode it, as without the wish.
            self._raw = False
            capture.set(cv2.CAP_PROP_CONVERT_RGB, 1)
            first = self._first()
        if first is None:
            raise MissingError(f"Camera {index} opens but delivers no picture.")
        height, width = first.picture().shape[:2]
        code = int(capture.get(cv2.CAP_PROP_FOURCC))
        letters = "".join(chr((code >> shift) & 0xFF) for shift in (0, 8, 16, 24))
        self.facts = CameraFacts(
            spec=str(index),
            driver=f"opencv/{capture.getBackendName()}",
            width_px=width,
            height_px=height,
            fps=self._rate(),
            pixel_format=letters if letters.isprintable() else f"{code:#010x}",
            simulated=False,
        )

    def _rate(self) -> float:
        """Return what the driver says, or what was asked where it says nothing."""
        said = float(self._capture.get(cv2.CAP_PROP_FPS))
        return said if said > 0 else self._asked.fps

    def _first(self) -> Frame | None:
        return next((f for f in (self._one() for _ in range(_TRIES)) if f), None)

    def settle(self, for_s: float) -> float:
        """Look at frames for a while; return the rate at which they came, 0 if unknown."""
        began, frames = time.monotonic(), 0
        while time.monotonic() - began < for_s and self.grab() is not None:
            frames += 1
        took_s = time.monotonic() - began
        return frames / took_s if frames > 1 else 0.0

    def report(self, reports: tuple[ControlReport, ...], measured_hz: float) -> None:
        """Add what was found out to the facts."""
        asked = self._asked
        details = [
            ("asked", f"{asked.width_px}x{asked.height_px} {asked.fps:g} fps MJPG"),
            *(report.detail() for report in reports),
        ]
        if measured_hz:
            details.append(("measured_fps", f"{measured_hz:.1f}"))
        if asked.jpeg:
            details.append(("jpeg", "as it comes" if self._raw else "not offered"))
        known = self.facts
        self.facts = CameraFacts(
            spec=known.spec,
            driver=known.driver,
            width_px=known.width_px,
            height_px=known.height_px,
            fps=known.fps,
            pixel_format=known.pixel_format,
            simulated=False,
            details=tuple(details),
        )

    def grab(self) -> Frame | None:
        """Wait for the next frame; None when the camera is gone."""
        for _ in range(_BAD_PICTURES):
            if not self._capture.grab():
                return None
            frame = self._retrieve(clock.now_s())
            if frame is not None:
                return frame
        return None

    def _one(self) -> Frame | None:
        return self._retrieve(clock.now_s()) if self._capture.grab() else None

    def _retrieve(self, t_s: float) -> Frame | None:
        good, picture = self._capture.retrieve()
        if not good or picture is None:
            return None
        if not self._raw:
            return Frame(cast("npt.NDArray[np.uint8]", picture), t_s)
        jpeg = whole_jpeg(picture)
        return None if jpeg is None else Frame(None, t_s, jpeg)

    def situation(self, command: dict[str, Any]) -> None:
        """Ignore it: this is a real camera."""

    def close(self) -> None:
        """Let go of the camera."""
        self._capture.release()
