"""What a session has told so far, for a console that joins late or again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

__all__ = ["Story", "is_fact"]

Event = dict[str, Any]
_MOST = 5000  # chosen by us: a session of 200 trials writes some 3000 events
_KEPT = ("journal", "message", "error", "result")


def is_fact(event: Event) -> bool:
    """Tell whether an event has to arrive, and not only the newest of its kind."""
    kind = str(event.get("event"))
    return not kind.endswith("_status") and kind != "progress"


class Story:
    """Facts in their order, and the newest of what changes all the time."""

    def __init__(self) -> None:
        self._facts: deque[Event] = deque(maxlen=_MOST)
        self._latest: dict[str, Event] = {}

    def add(self, event: Event) -> None:
        """Take one event."""
        kind = str(event.get("event"))
        if kind in _KEPT:
            self._facts.append(event)
        elif kind == "live":
            self._latest[f"live {'camera' if 'camera' in event else 'mirror'}"] = event
        elif kind == "state" or kind.endswith("_status"):
            self._latest[kind] = event

    def __iter__(self) -> Iterator[Event]:
        """Yield what brings a console up to date."""
        yield from self._facts
        yield from self._latest.values()
