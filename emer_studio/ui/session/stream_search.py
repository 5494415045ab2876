"""Which LSL streams could be the eye tracker."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from emer_studio.streams.inlets import Found, find
from emer_studio.streams.survey import asked_as

__all__ = ["StreamSearch", "entries"]

_OTHERS = ("Markers", "VideoFrames", "AudioBlocks", "TimeSync", "Positioning", "TTL")
"""Types of ours and of Tobii's senders that hold no gaze."""


class StreamSearch(QObject):
    """Looks for streams on a thread of its own; `found` carries `entries`."""

    found = Signal(list)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Look, unless it is looking."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, name="stream-search")
            self._thread.start()

    def _look(self) -> None:
        self.found.emit(entries([s for s in find(0.8) if s.type not in _OTHERS]))

    def close(self) -> None:
        """Wait for a search that still runs."""
        if self._thread is not None:
            self._thread.join()


def entries(streams: Sequence[Found]) -> list[tuple[str, str]]:
    """Return ``(given, shown)`` of each stream, sorted; see `asked_as`."""
    names = Counter(s.name for s in streams)
    found = []
    for s, given in zip(streams, asked_as(streams), strict=True):
        shown = f"{s.name}  ({s.type}, {s.nominal_hz:g} Hz)"
        if names[s.name] > 1:
            told = given if given.startswith("id:") else f"{given[:12]}…"
            shown = f"{s.name}  ({s.type}, {s.nominal_hz:g} Hz, {s.hostname}, {told})"
        found.append((given, shown))
    return sorted(set(found), key=lambda entry: entry[1])
