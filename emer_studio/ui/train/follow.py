"""Reading the events of a training as they are written, from where one left off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["Follower"]

_AT_ONCE = 1 << 19  # bytes, chosen by us: some 10 ms of parsing, then the window is drawn


class Follower:
    """A growing file of JSON lines.

    Lines that are no JSON object, as a crash leaves them, are passed over; the last line
    counts when it is whole.

    Parameters
    ----------
    path : Path
        It may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0

    def read(self, *, whole: bool = False) -> list[dict[str, Any]]:
        """Return the events since the last call; with `whole` however many there are."""
        try:
            with self.path.open("rb") as stream:
                stream.seek(self._at)
                data = stream.read() if whole else stream.read(_AT_ONCE)
        except OSError:
            return []
        data = data[: data.rfind(b"\n") + 1]
        self._at += len(data)
        events = []
        for line in data.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events
