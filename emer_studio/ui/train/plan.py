"""What would be trained on and what is left out, before anything is trained."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, ProgressLine, Scrolled
from emer_studio.ui.train.choice import Choice
from emer_studio.ui.train.plan_parts import plan_parts

__all__ = ["PlanCard"]

_REST_MS = 250  # chosen by us: a choice that changes meanwhile asks only once
_SLOW_MS = 700  # chosen by us: an answer usually comes before; else it is said to come
_KEPT = 32
_WHITE = "QScrollArea#scroll, QWidget#scrolled { background: #ffffff; }"
_GRACE_S = 0.3  # it writes nothing, so nothing is lost


class PlanCard(Card):
    """Asks ``train --dry-run`` for what is chosen, while it can be seen.

    `answered` tells that it is known whether the choice can be trained.
    """

    answered = Signal()

    def __init__(self) -> None:
        super().__init__("What will be trained on")
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        self._wanted: tuple[str, ...] = ()
        self._asked: tuple[str, ...] = ()
        self._known: dict[tuple[str, ...], dict[str, Any]] = {}
        self.told: dict[str, Any] | None = None
        self._timer = QTimer(self, singleShot=True, interval=_REST_MS)
        self._timer.timeout.connect(self._ask)
        self.progress = ProgressLine()
        self._slow = QTimer(self, singleShot=True, interval=_SLOW_MS)
        self._slow.timeout.connect(
            lambda: self.progress.begin("Looking through the dataset …")
        )
        self.pages = Scrolled()
        self.pages.setStyleSheet(_WHITE)
        self.inner = QVBoxLayout(self.pages.inside)
        self.inner.setContentsMargins(0, 0, 6, 0)
        self.inner.setSpacing(8)
        self.box.addWidget(self.progress)
        self.box.addWidget(self.pages, 1)

    @property
    def working(self) -> bool:
        """Whether an answer is to come."""
        return self._timer.isActive() or self.job.running

    @property
    def refused(self) -> str:
        """Why nothing of the choice can be trained; empty until that is known."""
        told = self._known.get(self._wanted, {})
        problems = [str(one["problem"]) for one in told.get("benchmarks", ())]
        return problems[0] if problems and all(problems) else ""

    def show_choice(self, choice: Choice | None) -> None:
        """Show what a choice means; known at once, or asked for."""
        words: tuple[str, ...] = ()
        if choice is not None and not choice.problem:
            stamp = choice.dataset / "manifest.json"
            changed = stamp.stat().st_mtime_ns if stamp.is_file() else 0
            words = (*choice.data_words(), str(changed))
        if words == self._wanted:
            return
        self._wanted = words
        if words in self._known:
            self._fill(self._known[words])
        elif words and self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what was chosen while nobody saw it."""
        super().showEvent(event)
        if self._wanted and self._wanted not in self._known:
            self._timer.start()

    def finish(self) -> None:
        """End what runs; the card is not used any more."""
        self._timer.stop()
        self._slow.stop()
        self.job.close()

    def _ask(self) -> None:
        if self.job.running:
            if self._asked != self._wanted:
                self.job.stop()  # it makes way
            return
        if not self._wanted or self._wanted in self._known:
            return
        self._asked = self._wanted
        self._slow.start()
        words = ["train", *self._asked[:-1], "--dry-run", "--events"]
        self.job.start("dry run", words, grace_s=_GRACE_S)

    def _ended(self, outcome: Outcome) -> None:
        self._slow.stop()
        self.progress.end()
        if outcome.result or not outcome.stopped:
            told = outcome.result or {"benchmarks": [], "error": outcome.error}
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[self._asked] = told
        if self._wanted in self._known:
            self._fill(self._known[self._wanted])
        elif self._wanted and self.isVisible():
            self._timer.start()

    # -- what is shown

    def _fill(self, told: dict[str, Any]) -> None:
        self.told = told
        self.answered.emit()
        while (item := self.inner.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for widget in plan_parts(told):
            self.inner.addWidget(widget)
        self.inner.addStretch(1)
