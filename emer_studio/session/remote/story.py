"""What a session has told so far, for a console that joins late or again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from emer_studio.session.remote.wire import packed

__all__ = ["Story", "is_fact"]

Event = dict[str, Any]
_MOST_BYTES = 2 * 2**20  # chosen by us: a session of 200 trials tells less than 1 MiB
_CHANGING = ("_status", "_look")
_KEPT = ("journal", "message", "error", "result")


def is_fact(event: Event) -> bool:
    """Tell whether an event has to arrive, and not only the newest of its kind."""
    kind = str(event.get("event"))
    return not kind.endswith(_CHANGING) and kind != "progress"


class Story:
    """Facts in their order, and the newest of what changes all the time."""

    def __init__(self) -> None:
        self._facts: deque[bytes] = deque()
        self._bytes = 0
        self._newest: dict[str, bytes] = {}

    def add(self, event: Event) -> bytes:
        """Take one event; return it as a message."""
        kind, message = str(event.get("event")), packed(event)
        if kind in _KEPT:
            self._facts.append(message)
            self._bytes += len(message)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._facts.popleft())
        elif kind == "live":
            self._newest[f"live {'camera' if 'camera' in event else 'mirror'}"] = message
        elif kind == "state" or kind.endswith(_CHANGING):
            self._newest[kind] = message
        return message

    def __iter__(self) -> Iterator[bytes]:
        """Yield the messages that bring a console up to date."""
        yield from self._facts
        yield from self._newest.values()
