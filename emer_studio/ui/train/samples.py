"""Test samples of a run in a list; one of a recording opens in the explorer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from emer_studio.ui.parts import label, set_cell, table
from emer_studio.ui.train.answers import Answer

__all__ = ["SampleList"]

_HEADS = ("Participant", "Clip", "True", "Answer", "Sure", "Trial")
_CLIP, _TRUE, _ANSWER, _SURE, _TRIAL = range(1, 6)
_DRAWN = "This sample has no recording in this study, so there is nothing to open."


class SampleList(QWidget):
    """What a model said of some samples.

    `opened` carries the trial as the explorer takes it, `said` why one cannot be opened.
    """

    opened = Signal(str)
    said = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Answer] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        self.heading = label("", "muted", wrap=True)
        self.grid = table(_HEADS, stretch=_CLIP, rows=28)
        self.grid.setAccessibleName("Samples")
        self.grid.installEventFilter(self)
        self.grid.cellDoubleClicked.connect(lambda row, _column: self.open_row(row))
        box.addWidget(self.heading)
        box.addWidget(self.grid, 1)

    def show_answers(
        self, heading: str, answers: Sequence[Answer], *, of_one_cell: bool = False
    ) -> None:
        """Show samples; those of one cell share what was true and what was answered."""
        self.answers = list(answers)
        self.heading.setText(heading)
        grid = self.grid
        grid.setRowCount(len(self.answers))
        for row, one in enumerate(self.answers):
            sure = "–" if one.sure is None else f"{100 * one.sure:.0f} %"
            cells = (one.participant, one.stimulus, _short(one.truth), _short(one.found))
            about = "Enter or double click opens it" if one.trial else _DRAWN
            tip = f"{one.sample}\n{about}"
            for column, text in enumerate((*cells, sure, one.place)):
                set_cell(grid, row, column, text, tip=tip)
        grid.setColumnHidden(_SURE, all(one.sure is None for one in self.answers))
        recorded = any(one.trial for one in self.answers)
        grid.setColumnHidden(_TRIAL, not recorded)  # else a number that leads nowhere
        for column in (_TRUE, _ANSWER):  # the heading says it
            grid.setColumnHidden(column, of_one_cell)
        if self.answers:
            grid.setCurrentCell(0, 0)

    def enter(self) -> None:
        """Take the keys, at the first sample."""
        if self.answers:
            self.grid.setCurrentCell(max(self.grid.currentRow(), 0), 0)
            self.grid.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the current sample with Enter."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self.open_row(self.grid.currentRow())
            return True
        return super().eventFilter(watched, event)

    def open_row(self, row: int) -> None:
        """Open a sample's trial."""
        if not 0 <= row < len(self.answers):
            return
        trial = self.answers[row].trial
        if trial:
            self.opened.emit(trial)
        else:
            self.said.emit(_DRAWN)


def _short(text: str) -> str:
    try:
        return f"{float(text):.2f}".replace("-", "−")
    except ValueError:
        return text
