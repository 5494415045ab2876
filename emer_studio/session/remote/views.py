"""The newest pictures and samples of a session, small enough for a network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emer_studio.core.ring import RingReader
from emer_studio.session.remote.wire import packed

__all__ = ["Views"]

# Chosen by us: a 480 pixels wide face is some 15 kB then, and looks the same.
_JPEG = (int(cv2.IMWRITE_JPEG_QUALITY), 70)
_SAMPLES_HZ = 60.0  # chosen by us: curves of ten seconds in 400 pixels show no more
_MOST_ROWS = 2047


class Views:
    """Follows the rings that a session's events tell of."""

    def __init__(self) -> None:
        self._pictures: dict[str, RingReader] = {}
        self._samples: dict[str, tuple[RingReader, int]] = {}  # and take every n-th row
        self._seen: dict[str, int] = {}

    def follow(self, event: dict[str, Any]) -> None:
        """Take an event of the session; most tell of no ring."""
        if event.get("event") == "live":
            for name in ("camera", "mirror"):
                if name in event:
                    self._open(name, Path(str(event[name])))
        elif event.get("event") == "recorder_status":
            for row in event.get("streams") or ():
                if row.get("gaze") and row.get("ring") not in (*self._samples, "", None):
                    self._open_samples(str(row["ring"]), float(row["rate_hz"] or 0))
        elif event.get("event") == "state" and event.get("state") == "done":
            self.close()  # Windows removes no file that is mapped

    def newest(self) -> Iterator[tuple[str, bytes]]:
        """Yield ``(name, message)`` for everything that is newer than the last time."""
        for name, ring in self._pictures.items():
            if self._is_newer(name, ring) and len(rows := ring.latest(1)):
                done, jpeg = cv2.imencode(".jpg", rows[0], _JPEG)
                if done:
                    facts = {"event": "picture", "of": name}
                    yield name, packed(facts, jpeg.tobytes())
        for path, (ring, step) in self._samples.items():
            before = self._seen[path]
            if self._is_newer(path, ring):
                rows = ring.latest(min(self._seen[path] - before, _MOST_ROWS))[::step]
                facts = {"event": "samples", "ring": path, "width": rows.shape[1]}
                yield path, packed(facts, np.ascontiguousarray(rows, np.float64).tobytes())

    def close(self) -> None:
        """Let go of the rings."""
        for ring in (*self._pictures.values(), *(r for r, _ in self._samples.values())):
            ring.close()
        self._pictures, self._samples = {}, {}

    def _open(self, name: str, path: Path) -> None:
        if name in self._pictures:
            self._pictures.pop(name).close()
        with contextlib.suppress(OSError, ValueError):
            self._pictures[name], self._seen[name] = RingReader(path), 0

    def _open_samples(self, path: str, rate_hz: float) -> None:
        with contextlib.suppress(OSError, ValueError):
            step = max(round(rate_hz / _SAMPLES_HZ), 1)
            self._samples[path], self._seen[path] = (RingReader(Path(path)), step), 0

    def _is_newer(self, name: str, ring: RingReader) -> bool:
        before, self._seen[name] = self._seen[name], ring.written
        return self._seen[name] > before
