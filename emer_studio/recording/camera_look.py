"""What the camera sees, once a second: rate, face, light and sharpness."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np

from emer_studio.devices.camera import Frame
from emer_studio.recording.picture import advice, face_cascade, face_seen

__all__ = ["CameraLook"]

logger = logging.getLogger(__name__)
_EVERY_S = 1.0  # chosen by us: light and seat change slowly, and it costs 2 % of a core
_STAMPS = 120  # of the rate: four seconds at 30 pictures a second


class CameraLook:
    """Looks at the newest picture on a thread of its own.

    Parameters
    ----------
    on_event : callable
        Called as ``on_event("look", **facts)``.
    """

    def __init__(self, on_event: Callable[..., None]) -> None:
        self._on_event = on_event
        self._newest: Frame | None = None
        self._stamps_s: deque[float] = deque(maxlen=_STAMPS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-look")
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Take a picture, on the device's thread."""
        self._newest = frame
        self._stamps_s.append(frame.t_s)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        cascade = face_cascade()
        while not self._stop.wait(_EVERY_S):
            frame, self._newest = self._newest, None
            if frame is None:
                continue
            try:
                facts = self._facts(frame, cascade)
            except (ValueError, cv2.error) as problem:  # e.g. a JPEG cut short by USB
                logger.warning("a picture could not be looked at: %s", problem)
            else:
                self._on_event("look", **facts)

    def _facts(self, frame: Frame, cascade: cv2.CascadeClassifier) -> dict[str, Any]:
        grey = cv2.cvtColor(frame.picture(), cv2.COLOR_BGR2GRAY)
        face = face_seen(np.asarray(grey, np.uint8), cascade)
        wrong, fix = advice(face)
        stamps = list(self._stamps_s)
        spans = len(stamps) > 1 and stamps[-1] > stamps[0]
        rate_hz = (len(stamps) - 1) / (stamps[-1] - stamps[0]) if spans else 0.0
        seen = {key: value for key, value in asdict(face).items() if value == value}
        return {**seen, "rate_hz": round(rate_hz, 2), "wrong": wrong, "fix": fix}
