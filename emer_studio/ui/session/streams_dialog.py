"""Every LSL stream on the network, as it comes and goes; one of them can be the tracker."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import (
    Empty,
    PillDelegate,
    button,
    label,
    restyle,
    set_cell,
    table,
)
from emer_studio.ui.session.stream_words import HEADS, STATE, cells, choosable, words

__all__ = ["StreamsDialog"]

_AGAIN_MS = 2000  # chosen by us: a command that failed is not started all the time
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class StreamsDialog(QDialog):
    """A live table; `picked` carries how the chosen stream is asked for.

    A command of its own listens as long as the window is open, so nothing here waits.
    """

    picked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("LSL streams on the network")
        self.resize(1000, 460)
        self._rows: list[dict[str, Any]] = []
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self._listen)
        self.finished.connect(self._rest)
        self.table = table(HEADS, rows=32)
        self.table.setItemDelegate(PillDelegate(self.table))
        self.table.setTabKeyNavigation(False)
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Fixed)
        self.table.setColumnWidth(STATE, 124)  # a pill is wider than its word
        self.table.itemSelectionChanged.connect(self._show_choice)
        self.table.cellDoubleClicked.connect(lambda _row, _column: self._pick())
        self.table.installEventFilter(self)
        self.said = label("", "small", wrap=True)
        self.use, self.shut = button("Use as eye tracker", kind="primary"), button("Close")
        self.use.clicked.connect(self._pick)
        self.shut.clicked.connect(self.reject)
        for one in (self.use, self.shut):
            one.setAutoDefault(False)
        self.empty = Empty(
            "session",
            "Looking for streams …",
            "A stream appears here as soon as its sender runs in this network. Which sender"
            " an eye tracker needs is under Which sender?",
        )
        self._lay_out()
        self._show_choice()

    def _lay_out(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(12)
        frame = QFrame()
        frame.setProperty("kind", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(6, 6, 6, 6)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.table)
        inside.addWidget(self.stack)
        box.addWidget(frame, 1)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.said, 1)
        row.addWidget(self.shut)
        row.addWidget(self.use)
        box.addLayout(row)

    def open(self) -> None:
        """Show the window and begin to listen."""
        super().open()
        self.empty.title.setText("Looking for streams …")
        self._show([])
        self._listen()

    def finish(self) -> None:
        """Close, and wait until nothing listens any more."""
        self.reject()
        self.job.close()

    # -- the command

    def _listen(self) -> None:
        if self.isVisible() and not self.job.running:
            words = ["streams", "--watch", "--events"]
            self.job.start("streams", words, stderr_path=Path(os.devnull))

    def _rest(self) -> None:
        self._again.stop()
        self.job.stop()

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "streams":
            self.empty.title.setText("No stream at the moment")
            self._show(list(event["streams"]))

    def _ended(self, outcome: Outcome) -> None:
        """Begin again where the window is still, or again, open."""
        if not self.isVisible():
            return
        if outcome.stopped:  # closed and opened again at once
            self._listen()
            return
        self._rows = []
        self._show([])
        self.empty.title.setText("Looking for streams failed")
        self.empty.text.setText(outcome.error or "It is tried again.")
        self._again.start()

    # -- the table

    def _show(self, rows: list[dict[str, Any]]) -> None:
        """Show what is there; what was chosen stays chosen wherever its row is now."""
        chosen = self._uid()
        self._rows = rows
        self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, (text, pill, tip) in enumerate(cells(row)):
                set_cell(self.table, number, column, text, pill=pill, tip=tip)
        places = [n for n, row in enumerate(rows) if _uid(row) == chosen]
        if places:
            self.table.selectRow(places[0])
        else:
            self.table.clearSelection()
            self.table.setCurrentCell(-1, -1)
        self.table.blockSignals(False)
        if rows and self.stack.currentWidget() is self.empty:
            self.stack.setCurrentWidget(self.table)
            self.table.setFocus()
        elif not rows:
            self.stack.setCurrentWidget(self.empty)
        self._show_choice()

    def _row(self) -> Mapping[str, Any]:
        chosen = {item.row() for item in self.table.selectedItems()}
        return self._rows[chosen.pop()] if len(chosen) == 1 else {}

    def _uid(self) -> str:
        return _uid(self._row())

    def _show_choice(self) -> None:
        row = self._row()
        said, kind = words(row)
        self.said.setText(said)
        restyle(self.said, "kind", kind)
        self.use.setEnabled(choosable(row))

    def _pick(self) -> None:
        row = self._row()
        if choosable(row):
            self.picked.emit(str(row["query"]))
            self.accept()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Enter in the table choose the row."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in _ENTER:
                self._pick()
                return True
        return super().eventFilter(watched, event)


def _uid(row: Mapping[str, Any]) -> str:
    return str(row.get("uid", ""))
