"""What would be trained on and what is left out, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, ProgressLine, Scrolled, label, set_cell, table
from emer_studio.ui.train.bars import Bars
from emer_studio.ui.train.choice import Choice

__all__ = ["PlanCard"]

_REST_MS = 500  # chosen by us: a choice that changes meanwhile asks only once
_KEPT = 32
_WHITE = "QScrollArea#scroll, QWidget#scrolled { background: #ffffff; }"
_GRACE_S = 0.3  # it writes nothing, so nothing is lost
_HEADS = ("Benchmark", "Samples", "People", "Clips", "What to know")


class PlanCard(Card):
    """Asks ``train --dry-run`` for what is chosen, while it can be seen."""

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
        self.job.close()

    def _ask(self) -> None:
        if self.job.running:
            if self._asked != self._wanted:
                self.job.stop()  # it makes way
            return
        if not self._wanted or self._wanted in self._known:
            return
        self._asked = self._wanted
        self.progress.begin("Looking through the dataset …")
        words = ["train", *self._asked[:-1], "--dry-run", "--events"]
        self.job.start("dry run", words, grace_s=_GRACE_S)

    def _ended(self, outcome: Outcome) -> None:
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
        while (item := self.inner.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for widget in self._parts(told):
            self.inner.addWidget(widget)
        self.inner.addStretch(1)

    def _parts(self, told: dict[str, Any]) -> Iterator[QWidget]:
        if problem := told.get("error"):
            yield label(problem, "error", wrap=True)
            return
        several = told["benchmarks"]
        if len(several) > 1:
            yield _overview(several)
        else:
            yield from _one(several[0])
        for row in told["unused"]:
            text = f"{row['trials']} trials never became samples: {row['why']}."
            yield label(text, "small", wrap=True)
        for remark in told["remarks"]:
            yield label(remark, "small-amber", wrap=True)


def _one(found: dict[str, Any]) -> Iterator[QWidget]:
    """Yield what one benchmark would be trained on."""
    yield label(found["title"], "muted", wrap=True)
    if found["problem"]:
        text = f"This cannot be trained. {found['problem']}"
        yield label(text, "error", wrap=True)
        if found["fix"]:
            yield label(found["fix"], "muted", wrap=True)
        return
    numbers = (
        f"{found['samples']:,} samples, {found['participants']} people,"
        f" {found['stimuli']} clips"
    )
    yield label(numbers, "number", wrap=True)
    for part in found["labels"]:
        if part["counts"]:
            yield Bars(part["counts"])
        else:
            yield label(_spread(part), wrap=True)
    out = found["left_out"]
    if out:
        yield label("Left out", "heading")
    for row in out:
        yield label(f"{row['samples']} samples: {row['why']}", wrap=True)
    if not out:
        yield label("Nothing of the dataset is left out.", "muted", wrap=True)
    if found["remarks"]:
        yield label("To know", "heading")
    for remark in found["remarks"]:
        yield label(remark, "small", wrap=True)


def _spread(part: dict[str, Any]) -> str:
    found = part["spread"]
    name = part["label"].replace("_", " ").replace("fer ", "shown ").replace("er ", "felt ")
    return (
        f"{name[:1].upper()}{name[1:]}: {found['low']:.2f} to {found['high']:.2f},"
        f" mean {found['mean']:.2f}, sd {found['sd']:.2f}"
    ).replace("-", "−")


def _overview(several: list[dict[str, Any]]) -> QWidget:
    """Return the table of all benchmarks."""
    grid = table(_HEADS, stretch=len(_HEADS) - 1, rows=30)
    grid.setRowCount(len(several))
    for row, one in enumerate(several):
        numbers = [
            str(one.get(name, "–")) for name in ("samples", "participants", "stimuli")
        ]
        told = one["problem"] or next(iter(one["remarks"]), "")
        tip = "\n".join([told, *one.get("remarks", [])[1:]])
        for column, text in enumerate([one["title"], *numbers, told]):
            set_cell(grid, row, column, text, tip=tip)
    grid.setMinimumHeight(30 * len(several) + 40)
    return grid
