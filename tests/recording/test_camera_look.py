"""The look at the camera's pictures goes on, whatever a camera delivers."""

from __future__ import annotations

import queue
from typing import Any

import cv2
import numpy as np
import pytest

from emer_studio.devices.camera import Frame
from emer_studio.recording import camera_look


def test_a_damaged_picture_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_look, "_EVERY_S", 0.02)
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    grey = np.full((240, 320, 3), 90, np.uint8)
    whole = cv2.imencode(".jpg", grey)[1].tobytes()
    look = camera_look.CameraLook(lambda _name, **facts: told.put(facts))
    try:
        look.offer(Frame(None, 1.0, b"\xff\xd8 cut short"))
        while look._newest is not None:
            assert look._thread.is_alive()
        for frame in (Frame(None, 1.1, whole), Frame(grey[:100], 1.2)):  # another size
            look.offer(frame)
            assert told.get(timeout=10)["wrong"] == "no face"
    finally:
        look.close()
