"""The list of training runs: name, pin, delete and compare them, by mouse and by key.

It reads the folders and changes nothing itself: every change is a command, one after the
other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import BadInputError
from emer_studio.study.runs import Entry, runs_at
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import PillDelegate, button, label, set_cell, table
from emer_studio.ui.train.comparison import ComparisonView

__all__ = ["RunsList"]

_PIN, _NAME, _PROTOCOL, _MODEL, _SCORE, _STATE, _STARTED = range(7)
_HEADS = ("", "Name", "Protocol", "Model", "Score [95 %]", "State", "Started (UTC)")
_COLOURS = {"done": "green", "interrupted": "amber", "killed": "red", "failed": "red"}
_MEANING = {
    "killed": "It broke off and nothing runs any more; it can be gone on with or deleted.",
    "running": "It is being trained.",
    "interrupted": "Somebody stopped it.",
}
_HIDDEN_BELOW_PX = {_STARTED: 800, _MODEL: 680, _PROTOCOL: 560, _SCORE: 440}
"""What goes where the list is narrow, chosen by us: the name can then still be read; the
whole stands in its hint."""
_PIN_PX = 38
_KEYS = "F2 renames, Space pins, Del deletes, Ctrl+Return compares what is selected."
_EDITING = QAbstractItemView.State.EditingState


class RunsList(QWidget):
    """The runs of a study, a dataset or a folder.

    `shown` carries the folder of the current run or None, `compared` the result of a
    comparison, `said` a short message; `changed` tells that a run was renamed, pinned or
    deleted. Whoever owns the list calls `finish` before it goes.

    Parameters
    ----------
    place : Path
        What `study.runs.runs_at` takes.
    comparison : ComparisonView, optional
        Where a comparison is shown; below the list where none is given.
    """

    shown = Signal(object)
    compared = Signal(object)
    said = Signal(str)
    changed = Signal()

    def __init__(
        self,
        place: Path,
        parent: QWidget | None = None,
        *,
        comparison: ComparisonView | None = None,
    ) -> None:
        super().__init__(parent)
        self.place = place
        self._elsewhere = comparison is not None
        self.comparison = comparison or ComparisonView()
        self.entries: list[Entry] = []
        self._doomed: list[Entry] = []
        self._waiting: deque[list[str]] = deque()
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        self._build()
        self.refresh(anew=True)

    def _build(self) -> None:
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.none = label("No run yet. What is trained appears here.", "muted", wrap=True)
        self.grid = grid = table(_HEADS, stretch=_NAME)
        grid.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        grid.setItemDelegateForColumn(_STATE, PillDelegate(grid))
        grid.setToolTip(_KEYS)
        grid.horizontalHeader().setSectionResizeMode(_PIN, QHeaderView.ResizeMode.Fixed)
        grid.horizontalHeader().setMinimumSectionSize(_PIN_PX)
        grid.setColumnWidth(_PIN, _PIN_PX)
        grid.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names begin alike
        grid.setAccessibleName("Training runs")
        grid.installEventFilter(self)
        grid.itemChanged.connect(self._renamed)
        grid.cellClicked.connect(self._clicked)
        grid.cellDoubleClicked.connect(self._double_clicked)
        grid.itemSelectionChanged.connect(self._selected)
        self.compare = button("Compare")
        self.compare.clicked.connect(self.compare_selected)
        self.hint = label(_KEYS, "small", wrap=True)
        self.damaged = label("", "small", wrap=True)
        self.damaged.hide()
        row = QHBoxLayout()
        row.addWidget(self.hint, 1)
        row.addWidget(self.compare)
        self.comparison.hide()
        for part in (self.none, grid, self.damaged, self._question()):
            box.addWidget(part, 1 if part is grid else 0)
        box.addLayout(row)
        if not self._elsewhere:
            box.addWidget(self.comparison, 1)

    def _question(self) -> QWidget:
        """Return the strip that asks before a run is deleted, in the list itself."""
        self.strip = QFrame()
        self.strip.setProperty("kind", "card")
        row = QHBoxLayout(self.strip)
        row.setContentsMargins(12, 8, 8, 8)
        self.question = label("", wrap=True)
        self.yes, self.no = button("Delete", kind="danger"), button("Keep")
        self.yes.clicked.connect(self._delete)
        self.no.clicked.connect(self._keep)
        row.addWidget(self.question, 1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        self.strip.installEventFilter(self)
        self.yes.installEventFilter(self)
        self.no.installEventFilter(self)
        self.strip.hide()
        return self.strip

    # -- what there is

    def show_place(self, place: Path) -> None:
        """Show the runs of another place."""
        self.place = place
        self.comparison.hide()
        self.refresh(anew=True)

    def refresh(self, *, anew: bool = False) -> None:
        """Look at the folders again; a name that is being typed is left alone.

        `anew` fills the list also where nothing has changed.
        """
        if self.grid.state() == _EDITING:
            return
        try:
            found, damaged = runs_at(self.place)
        except BadInputError:  # nothing was trained there yet
            found, damaged = [], []
        names = ", ".join(folder.name for folder, _ in damaged)
        self.damaged.setText(f"Cannot be read: {names}")
        self.damaged.setToolTip("\n".join(problem for _, problem in damaged))
        self.damaged.setVisible(bool(damaged))
        if anew or found != self.entries:
            self._fill(found)

    def selected(self) -> list[Entry]:
        """Return the selected runs, the newest first."""
        rows = sorted({index.row() for index in self.grid.selectedIndexes()})
        return [self.entries[row] for row in rows if row < len(self.entries)]

    def current(self) -> Entry | None:
        """Return the run that the keys act on."""
        row = self.grid.currentRow()
        return self.entries[row] if 0 <= row < len(self.entries) else None

    def select(self, folders: Sequence[Path]) -> None:
        """Select runs by their folders."""
        grid = self.grid
        grid.clearSelection()
        mode = grid.selectionMode()
        grid.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row, entry in enumerate(self.entries):
            if entry.folder in folders:
                grid.selectRow(row)
        grid.setSelectionMode(mode)

    def _fill(self, entries: list[Entry]) -> None:
        chosen = [entry.folder for entry in self.selected()]
        current = self.current()
        grid = self.grid
        grid.blockSignals(True)
        self.entries = entries
        grid.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            self._write(row, entry)
        self.select(chosen)
        folders = [entry.folder for entry in entries]
        if current is not None and current.folder in folders:
            index = grid.model().index(folders.index(current.folder), _NAME)
            flag = grid.selectionModel().SelectionFlag.NoUpdate
            grid.selectionModel().setCurrentIndex(index, flag)
        grid.blockSignals(False)
        self.none.setVisible(not entries)
        grid.setVisible(bool(entries))
        self.hint.setVisible(bool(entries))
        self._selected()

    def _write(self, row: int, entry: Entry) -> None:
        pinned = entry.notes.pinned
        made_up = "Synthetic data.\n" if entry.info.synthetic else ""
        note = f"{entry.notes.note}\n" if entry.notes.note else ""
        started = entry.info.started[:16].replace("T", " ")
        about = f"{entry.kind}, {entry.info.preset}, {entry.folds}, {started}"
        tip = f"{note}{made_up}{entry.score or entry.state}\n{about}\n{entry.folder}"
        pin_tip = "Pinned: it cannot be deleted." if pinned else "Click to pin it."
        cells = (
            ("★" if pinned else "☆", pin_tip),
            (entry.name, tip),
            (entry.info.protocol, ""),
            (entry.kind, tip),
            (str(entry.score or "–"), "Over people and clips, where both are known."),
            (entry.state, _MEANING.get(entry.state, "")),
            (started, ""),
        )
        for column, (text, hint) in enumerate(cells):
            pill = _COLOURS.get(entry.state, "") if column == _STATE else None
            set_cell(self.grid, row, column, text, pill=pill, tip=hint)
            item = self.grid.item(row, column)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if column == _NAME:
                flags |= Qt.ItemFlag.ItemIsEditable
            if item is not None:
                item.setFlags(flags)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many columns as leave the name its room."""
        super().resizeEvent(event)
        for column, least_px in _HIDDEN_BELOW_PX.items():
            self.grid.setColumnHidden(column, self.width() < least_px)

    # -- what a person does

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hear the keys of the list and of its question."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        key = event.key()
        if watched is not self.grid:
            if key == Qt.Key.Key_Escape:
                self._keep()
                return True
            return False
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        acts = {
            Qt.Key.Key_F2: self.rename_current,
            Qt.Key.Key_Space: self.pin_current,
            Qt.Key.Key_Delete: self.ask_to_delete,
        }
        if control and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.compare_selected()
            return True
        act = acts.get(Qt.Key(key))
        if act is None:
            return False
        act()
        return True

    def rename_current(self) -> None:
        """Let the name of the current run be typed where it stands."""
        item = self.grid.item(self.grid.currentRow(), _NAME)
        if item is not None:
            self.grid.setCurrentItem(item)
            self.grid.editItem(item)

    def pin_current(self) -> None:
        """Pin the current run, or no longer."""
        entry = self.current()
        if entry is not None:
            self._do("unpin" if entry.notes.pinned else "pin", str(entry.folder))

    def ask_to_delete(self) -> None:
        """Ask, in the list itself, whether the selected runs are to go for good."""
        chosen = self.selected()
        for entry in chosen:
            if entry.notes.pinned or entry.state in ("running", "paused"):
                why = "pinned; unpin it first" if entry.notes.pinned else "being trained"
                self.said.emit(f"{entry.name} is {why}. Nothing was deleted.")
                return
        if not chosen:
            return
        self._doomed = chosen
        what = f"{len(chosen)} runs" if len(chosen) > 1 else chosen[0].name
        self.question.setText(
            f"Delete {what}? Weights, predictions and results are gone for good."
        )
        self.strip.show()
        self.no.setFocus()

    def compare_selected(self) -> None:
        """Compare the selected runs with the oldest of them."""
        if self._why_not():
            self.said.emit(self._why_not())
            return
        folders = [str(entry.folder) for entry in reversed(self.selected())]
        self._do("compare", *folders)

    def _clicked(self, row: int, column: int) -> None:
        if column == _PIN and 0 <= row < len(self.entries):
            self.grid.setCurrentCell(row, _PIN)
            self.pin_current()

    def _double_clicked(self, _row: int, column: int) -> None:
        if column == _NAME:
            self.rename_current()

    def _renamed(self, item: QTableWidgetItem) -> None:
        if item.column() != _NAME or item.row() >= len(self.entries):
            return
        entry, name = self.entries[item.row()], item.text().strip()
        if name != entry.name:
            self._do("rename", str(entry.folder), "--", name)

    def _selected(self) -> None:
        self.compare.setEnabled(not self._why_not())
        self.compare.setToolTip(self._why_not() or "With the oldest of the selected runs")
        current = self.current()
        self.shown.emit(None if current is None else current.folder)

    def _why_not(self) -> str:
        """Say why the selected runs cannot be compared; empty where they can."""
        chosen = self.selected()
        if len(chosen) < 2:
            return "Select at least two runs to compare (Ctrl+click)."
        if any(entry.results is None for entry in chosen):
            return "Only finished runs can be compared."
        if len({entry.info.protocol for entry in chosen}) > 1:
            return "Only runs of one protocol can be compared."
        return ""

    def _delete(self) -> None:
        for entry in self._doomed:
            self._do("delete", str(entry.folder), "--yes")
        self._keep()

    def _keep(self) -> None:
        self._doomed = []
        self.strip.hide()
        self.grid.setFocus()

    # -- commands

    def _do(self, what: str, *words: str) -> None:
        self._waiting.append(["runs", what, "--events", *words])
        self._next()

    def _next(self) -> None:
        if self._waiting and not self.job.running:
            words = self._waiting.popleft()
            self.job.start(words[1], words)

    def _ended(self, outcome: Outcome) -> None:
        if outcome.error:
            self.said.emit(outcome.error)
        self.refresh(anew=True)  # a name that was refused is taken back, too
        if "pairs" in outcome.result:
            self._show(outcome.result)
        elif outcome.result:
            self.changed.emit()
        self._next()

    def _show(self, told: dict[str, Any]) -> None:
        self.comparison.show_comparison(told)
        self.comparison.show()
        self.compared.emit(told)

    def finish(self) -> None:
        """End what runs; the list is not used any more."""
        self._waiting.clear()
        self.job.close()
