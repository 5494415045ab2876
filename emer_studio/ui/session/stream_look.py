"""Looking at one LSL stream, in a command of its own: nothing blocks the window."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from emer_studio.core.process import Child

__all__ = ["StreamLook"]


class StreamLook(QObject):
    """Ask what a stream holds; the answer to an older question is never heard.

    `changed` is emitted when a look begins or ends.

    Attributes
    ----------
    query : str
        The stream last asked for, as ``--stream`` takes it.
    facts : dict
        What the command said of it; empty while it looks and when it failed.
    error : str
        Why it failed.
    """

    changed = Signal()
    _arrived = Signal(int, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.query, self.error = "", ""
        self.facts: dict[str, Any] = {}
        self._child: Child | None = None
        self._number = 0
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def looking(self) -> bool:
        """Whether an answer is still on its way."""
        return self._child is not None

    def ask(self, query: str) -> None:
        """Look at a stream; an empty query only forgets the last one."""
        self._forget()
        self.query = query
        if query:
            number = self._number
            self._child = Child(
                "stream-look",
                ["streams", "--stream", query, "--events"],
                on_event=lambda event: self._arrived.emit(number, event),
                stderr_path=Path(os.devnull),  # the error comes as an event, too
            )
        self.changed.emit()

    def close(self) -> None:
        """End a look that still runs."""
        self._forget()

    def _forget(self) -> None:
        child, self._child = self._child, None
        self._number += 1
        self.facts, self.error = {}, ""
        if child is not None:
            with contextlib.suppress(OSError):
                child.kill()
            child.stop(1.0)

    def _take(self, number: int, event: dict[str, Any]) -> None:
        if number != self._number or self._child is None:
            return
        kind = event.get("event")
        if kind == "result":
            self.facts = {k: v for k, v in event.items() if k != "event"}
        elif kind == "error":
            self.error = str(event.get("text", ""))
        elif kind == "ended":
            child, self._child = self._child, None
            child.stop(1.0)
            if not self.facts and not self.error:
                self.error = "Looking at the stream failed."
            self.changed.emit()
