"""One job at a time: a command of this program, its events brought to the Qt thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from emer_studio.core.process import Child

__all__ = ["JobRunner", "Outcome"]

_GRACE_S = 4.0  # chosen by us: a training step ends in this time; results are atomic


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    code : int
        Exit code of the command.
    result : dict
        Its last ``result`` event; empty when there was none.
    error : str
        What went wrong, for a person; empty when nothing did or when it was stopped.
    stopped : bool
        Somebody asked for its end.
    """

    code: int
    result: dict[str, Any]
    error: str
    stopped: bool


class JobRunner(QObject):
    """Start a command, hear its events on the Qt thread, end it cleanly.

    `heard` carries every event as the command printed it, `ended` the outcome. Whoever
    owns the runner calls `close` before it goes.
    """

    heard = Signal(object)
    progressed = Signal(str, int, int)
    ended = Signal(object)
    runningChanged = Signal(bool)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._child: Child | None = None
        self._stopper: threading.Thread | None = None
        self._result: dict[str, Any] = {}
        self._error = ""
        self._grace_s = _GRACE_S
        self._arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> bool:
        """Whether a job runs."""
        return self._child is not None

    @property
    def stopping(self) -> bool:
        """Whether a job was asked to end and has not yet."""
        return self._stopper is not None

    def start(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        stderr_path: Path | None = None,
        grace_s: float = _GRACE_S,
    ) -> None:
        """Start a command; the one before must have ended.

        `grace_s` is how long it may take to end when it is asked to, before it is killed.
        """
        if self._child is not None:
            raise RuntimeError(f"{self._child.name} still runs")
        self._result, self._error, self._grace_s = {}, "", grace_s
        self._child = Child(
            name, arguments, on_event=self._arrived.emit, stderr_path=stderr_path
        )
        self.runningChanged.emit(True)

    def send(self, command: str, /, **fields: Any) -> None:
        """Send a command to the job, if one runs."""
        if self._child is not None:
            self._child.send(command, **fields)

    def stop(self) -> None:
        """Ask the job to end by closing its input; `ended` tells when it has."""
        child = self._child
        if child is None or self._stopper is not None:
            return
        self._stopper = threading.Thread(
            target=child.stop, args=(self._grace_s,), name=f"{child.name}-stop"
        )
        self._stopper.start()

    def close(self) -> None:
        """End the job and wait for it; nothing is heard of it any more."""
        self._arrived.disconnect(self._take)
        child, self._child = self._child, None
        if self._stopper is not None:
            self._stopper.join()
        elif child is not None:
            child.stop(self._grace_s)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "ended":
            self._finish(int(event.get("returncode") or 0))
            return
        if kind == "result":
            self._result = {k: v for k, v in event.items() if k != "event"}
        elif kind == "error":
            self._error = str(event.get("text", ""))
        elif kind == "progress":
            step, done = str(event.get("step", "")), int(event.get("done", 0))
            self.progressed.emit(step, done, int(event.get("total", 0)))
        self.heard.emit(event)

    def _finish(self, code: int) -> None:
        child, self._child = self._child, None
        stopper, self._stopper = self._stopper, None
        if child is None:
            return
        if stopper is not None:
            stopper.join()
        else:
            child.stop(1.0)
        error = self._error
        if not error and code and not self._result and stopper is None:
            error = f"The command {child.name!r} ended with exit code {code}."
        self.runningChanged.emit(False)
        self.ended.emit(Outcome(code, self._result, error, stopper is not None))
