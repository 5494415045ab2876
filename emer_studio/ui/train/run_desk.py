"""All runs: those in training and those that are done; the chosen one beside the list."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from emer_studio.study.folder import Study
from emer_studio.study.runs import Entry
from emer_studio.ui.parts import Card, Empty
from emer_studio.ui.train.comparison import ComparisonView
from emer_studio.ui.train.live_list import LiveList
from emer_studio.ui.train.result_view import ResultView
from emer_studio.ui.train.running import RunningView
from emer_studio.ui.train.runs import RunsList
from emer_studio.ui.train.trainings import Training, training_at

__all__ = ["RunDesk"]

_LEFT_PX = 300, 620  # as far as it helps: a list with its scores
_NAME = 1  # column of the list
_EVERY = 3  # ticks between two looks at the folders


class RunDesk(QWidget):
    """Lists on the left; the chosen run, or a comparison, on the right.

    `opened` carries a trial for the explorer, `written` a report's file, `said` a short
    message; `shown` tells that another run is shown.
    """

    opened = Signal(str)
    written = Signal(object)
    said = Signal(str)
    shown = Signal()

    def __init__(self, study: Study) -> None:
        super().__init__()
        self._followed: Path | None = None
        self._ticks = 0
        self.comparison = ComparisonView()
        self.live = LiveList(study)
        self.list = RunsList(study.folder, comparison=self.comparison)
        self.running, self.result = RunningView(), ResultView(study)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._left(), 2)
        row.addWidget(self._right(), 5)
        self.live.chosen.connect(self._follow)
        self.list.grid.itemSelectionChanged.connect(self._entry_chosen)
        self.list.grid.cellClicked.connect(self._entry_chosen)
        self.list.compared.connect(lambda _told: self._show(self.comparison))
        self.comparison.close_it.clicked.connect(lambda: self._show_entry())
        for part in (self.list, self.running, self.result):
            part.said.connect(self.said)
        self.running.asked.connect(self.refresh)
        self.result.opened.connect(self.opened)
        self.result.papers.written.connect(self.written)
        alive = [one for one in self.live.trainings if one.alive]
        if alive:
            self._follow(alive[0])

    def _left(self) -> QWidget:
        holder = QWidget()
        least, most = _LEFT_PX
        holder.setMinimumWidth(least)
        holder.setMaximumWidth(most)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.live)
        card = Card("Runs")
        card.box.addWidget(self.list, 1)
        column.addWidget(card, 1)
        return holder

    def _right(self) -> QStackedWidget:
        self.stack = QStackedWidget()
        self.empty = Empty(
            "train",
            "Nothing trained yet",
            "A run appears here as soon as it is started, from this window or from a"
            " terminal, and goes on when the window is closed.",
        )
        for view in (self.empty, self.running, self.result, self.comparison):
            self.stack.addWidget(view)
        return self.stack

    # -- what is there

    @property
    def simulated(self) -> bool:
        """Whether the shown run is of anything synthetic or simulated."""
        entry = self._entry()
        return entry is not None and (entry.info.synthetic or entry.info.simulated)

    def refresh(self) -> None:
        """Look at the folders again."""
        self.live.refresh()
        self.list.refresh()
        if self._followed is None and not self.list.selected() and self.list.entries:
            self.list.grid.setCurrentCell(0, _NAME)
        self._update()

    def tick(self) -> None:
        """Read what was told since the last time, and now and then look at the folders."""
        if self.stack.currentWidget() is self.running:
            self.running.tick()
        self._ticks += 1
        if self._ticks % _EVERY == 0 and self.live.refresh():
            self.refresh()

    def follow(self, folder: Path) -> None:
        """Show a training, and its result when it is done."""
        self.refresh()
        if (training := training_at(folder)) is not None:
            self._follow(training)

    def finish(self) -> None:
        """End what the window started for itself."""
        for part in (self.list, self.running, self.result):
            part.finish()

    # -- what is shown

    def _entry(self) -> Entry | None:
        if self._followed is not None:
            run = self._run_of(self._followed)
            found = (one for one in self.list.entries if one.folder == run)
            return next(found, None)
        return self.list.current()

    @staticmethod
    def _run_of(folder: Path) -> Path:
        training = training_at(folder)
        return folder if training is None else training.run

    def _follow(self, training: Training) -> None:
        self._followed = training.folder
        self.live.select(training.folder)
        self._update()

    def _point_at(self, run: Path) -> None:
        """Select a run in the list, as far as it is there, without choosing it."""
        grid = self.list.grid
        rows = [row for row, one in enumerate(self.list.entries) if one.folder == run]
        chosen = [one.folder for one in self.list.selected()]
        if chosen == [run] or len(chosen) > 1:  # several are gathered for a comparison
            return
        grid.blockSignals(True)
        grid.clearSelection()
        if rows:
            grid.setCurrentCell(rows[0], _NAME)
        grid.blockSignals(False)

    def _entry_chosen(self, *_cell: int) -> None:
        """Show what a person chose in the list; being filled anew, it tells nothing."""
        if len(self.list.selected()) > 1:
            return  # they are being gathered for a comparison
        self._followed = None
        self.live.select(None)
        self._show_entry()

    def _show_entry(self) -> None:
        self.comparison.hide()
        self._update(anew=True)

    def _update(self, *, anew: bool = False) -> None:
        """Show how the chosen run stands now; a comparison stays until it is closed."""
        if self.stack.currentWidget() is self.comparison and not anew:
            return
        training = training_at(self._followed) if self._followed is not None else None
        entry = self._entry()
        if training is None and entry is not None and entry.results is None:
            training = training_at(entry.folder)
        if self._followed is not None and training is not None:
            self._point_at(training.run)
        if training is not None and training.state != "done":
            self.running.show_training(training)
            self._show(self.running)
        elif entry is not None and entry.results is not None:
            self._followed = None
            self.result.show_run(entry)
            self._show(self.result)
        else:
            self._show(self.empty)
        self.shown.emit()

    def _show(self, view: QWidget) -> None:
        view.show()
        self.stack.setCurrentWidget(view)
