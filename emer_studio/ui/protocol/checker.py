"""Asks the checking process about the text, a moment after the last key."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from emer_studio.ui.jobs import JobRunner, Outcome

__all__ = ["Checker"]

_QUIET_MS = 300  # chosen by us: a pause in typing, hardly a wait
_PATIENCE_S = 3.0  # chosen by us: a new text does not wait longer for an old one's answer
_GRACE_S = 0.3  # the process holds nothing that could be lost


class Checker(QObject):
    """`answered` carries what is known about the newest text, `failed` why nothing is."""

    answered = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.patience_s = _PATIENCE_S
        self._runner: JobRunner | None = None
        self._question: dict[str, Any] = {}
        self._number, self._asked_s, self._answered = 0, 0.0, True
        self._timer = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._timer.timeout.connect(self._send)

    @property
    def pending(self) -> bool:
        """Whether the newest text is still being looked at."""
        return self._timer.isActive() or not self._answered

    def ask(
        self, text: str, path: Path, *, index: int, seed: int, now: bool = False
    ) -> None:
        """Ask about a text; only the last question of a moment is sent."""
        self._question = {"text": text, "path": str(path), "index": index, "seed": seed}
        self._timer.start(0 if now else _QUIET_MS)

    def close(self) -> None:
        """Ask nothing any more and end the process."""
        self._timer.stop()
        if self._runner is not None:
            self._runner.close()
            self._runner.deleteLater()
            self._runner = None
        self._answered = True

    def _send(self) -> None:
        late = not self._answered and time.monotonic() - self._asked_s > self.patience_s
        if late:
            self.close()
        if self._runner is None:
            self._runner = JobRunner(self)
            self._runner.heard.connect(self._heard)
            self._runner.ended.connect(self._ended)
            self._runner.start("protocol desk", ["protocol", "desk"], grace_s=_GRACE_S)
        if self._answered or late:
            self._asked_s = time.monotonic()
        self._number, self._answered = self._number + 1, False
        self._runner.send("check", id=self._number, **self._question)

    def _heard(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "error":
            self._answered = True
            self.failed.emit(str(event.get("text")))
        elif kind in ("read", "checked") and event.get("id") == self._number:
            whole = kind == "checked" or bool(event["mistakes"])
            self._answered = whole
            self.answered.emit({**event, "whole": whole})

    def _ended(self, outcome: Outcome) -> None:
        """The process went by itself: the next text begins a new one."""
        runner, self._runner, self._answered = self._runner, None, True
        if runner is not None:
            runner.close()
            runner.deleteLater()
        self.failed.emit(outcome.error or "The checking process ended.")
