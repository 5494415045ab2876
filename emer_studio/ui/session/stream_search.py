"""Which LSL streams could be the eye tracker."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from emer_studio.streams.inlets import Found, find

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
    """Return ``(given, shown)`` of each stream, sorted.

    A stream is asked for by its name; of several with one name by its source id, and by
    its uid where that does not tell them apart either.
    """
    names = Counter(s.name for s in streams)
    ids = Counter(s.source_id for s in streams)
    found = []
    for s in streams:
        given, shown = s.name, f"{s.name}  ({s.type}, {s.nominal_hz:g} Hz)"
        if names[s.name] > 1:
            own = bool(s.source_id) and ids[s.source_id] == 1
            given = f"id:{s.source_id}" if own else f"uid:{s.uid}"
            told = given if own else f"{given[:12]}…"
            shown = f"{s.name}  ({s.type}, {s.nominal_hz:g} Hz, {s.hostname}, {told})"
        found.append((given, shown))
    return sorted(set(found), key=lambda entry: entry[1])
