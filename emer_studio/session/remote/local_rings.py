"""Pictures and samples that came over the link, in rings on this computer.

So the views of a console need not know where their session runs.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emer_studio.core.ring import RingWriter
from emer_studio.session.remote.wire import Message

__all__ = ["LocalRings"]

Event = dict[str, Any]
_ROWS = 2048  # ten seconds of what `session.remote.views` sends, and more
_LARGEST_PX = 4096


class LocalRings:
    """Turns messages into the events that a window on the session's own computer gets."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="emer-console-"))
        self._pictures: dict[str, RingWriter] = {}
        self._samples: dict[str, RingWriter] = {}
        self._made = 0
        self._gaze_name = ""

    def events(self, message: Message) -> list[Event]:
        """Return the events to show; a damaged picture is left out."""
        event = message.facts
        kind = event.get("event")
        if kind == "picture":
            return self._picture(str(event.get("of")), message.body)
        if kind == "samples":
            self._take_samples(event, message.body)
            return []
        if kind == "live":
            self._gaze_name = str(event.get("gaze", self._gaze_name))
            return []
        if kind == "recorder_status":
            rows = [self._moved(row) for row in event.get("streams") or ()]
            return [{**event, "streams": rows}]
        return [event]

    def _picture(self, name: str, jpeg: bytes) -> list[Event]:
        if name not in ("camera", "mirror"):
            return []
        bgr = (
            cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
        )
        if bgr is None or max(bgr.shape) > _LARGEST_PX:
            return []
        ring = self._pictures.get(name)
        told: list[Event] = []
        if ring is None or tuple(ring.row_shape) != bgr.shape:
            if ring is not None:
                ring.close()
            ring = self._pictures[name] = RingWriter(self._next(), 3, bgr.shape, "uint8")
            about = {"gaze": self._gaze_name} if name == "camera" else {}
            told = [{"event": "live", name: str(ring.path), **about}]
        ring.write(bgr)
        return told

    def _take_samples(self, event: Event, body: bytes) -> None:
        path, width = str(event.get("ring")), int(event.get("width") or 0)
        if width < 1 or len(body) % (8 * width):
            return
        rows = np.frombuffer(body, np.float64).reshape(-1, width)
        ring = self._samples.get(path)
        if ring is None:
            ring = self._samples[path] = RingWriter(self._next(), _ROWS, (width,))
        if tuple(ring.row_shape) == (width,):
            ring.write_rows(rows)

    def _moved(self, row: Event) -> Event:
        ring = self._samples.get(str(row.get("ring")))
        return {**row, "ring": str(ring.path) if ring is not None else ""}

    def _next(self) -> Path:
        self._made += 1
        return self._folder / f"{self._made}.ring"

    def close(self) -> None:
        """Let go of the memory and its files."""
        for ring in (*self._pictures.values(), *self._samples.values()):
            ring.close()
        self._pictures, self._samples = {}, {}
        shutil.rmtree(self._folder, ignore_errors=True)
