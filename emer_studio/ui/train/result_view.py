"""A finished run: its numbers, its answers trial by trial, and how it was trained."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from emer_studio.schema.training_models import NO_NETWORKS
from emer_studio.study.folder import Study
from emer_studio.study.runs import Entry
from emer_studio.ui.parts import Card, Empty, ShortLabel, label
from emer_studio.ui.train.answers import Answer, answers_of
from emer_studio.ui.train.confusion import HeatMap
from emer_studio.ui.train.curves import Curves
from emer_studio.ui.train.follow import Follower
from emer_studio.ui.train.form import combo
from emer_studio.ui.train.papers import Papers
from emer_studio.ui.train.results import make_table, seeds_of, show_results
from emer_studio.ui.train.samples import SampleList
from emer_studio.ui.train.switch import Switch
from emer_studio.ui.train.trainings import EVENTS_FILE
from emer_studio.ui.train.words import title
from emer_studio.ui.workspace import read_object

__all__ = ["ResultView"]

_FOLDS = {
    "official": ", official sets",
    "stimulus": ", clips kept apart",
    "both": ", people and clips kept apart",
}
_KEYS = (
    "Rows are true, columns answered. Arrows choose a cell, Enter goes to its samples,"
    " Enter again opens one in the explorer."
)
_CURVES, _NO_CURVES = 2, 3
_BESIDE_PX = 640  # chosen by us: seven readable classes and a list


class ResultView(QWidget):
    """Shows one finished run.

    `opened` carries a trial for the explorer, `said` a short message.
    """

    opened = Signal(str)
    said = Signal(str)

    def __init__(self, study: Study) -> None:
        super().__init__()
        self.entry: Entry | None = None
        self._seeds: dict[str, Any] = {}
        self._answers: list[Answer] = []
        self._drawn: object = None
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        card = Card()
        self.name, self.about = ShortLabel("", "heading"), label("", "small", wrap=True)
        self.papers = Papers(study)
        self.papers.said.connect(self.said)
        self.views = Switch(("Num&bers", "&Answers", "C&urves"))
        self.views.chosen.connect(self._show)
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(self.views)
        card.box.addLayout(row)
        card.box.addWidget(self.about)
        card.box.addWidget(self.papers)
        self.stack = QStackedWidget()
        self.table = make_table()
        self.remarks = label("", "small", wrap=True)
        self.curves = Curves()
        none = Empty(
            "train",
            "No curves",
            "This model learns all at once and not epoch by epoch, or what the training"
            " told is not in its folder any more.",
        )
        for view in (self._numbers(), self._confusion(), self.curves, none):
            self.stack.addWidget(view)
        box.addWidget(card)
        box.addWidget(self.stack, 1)

    def _numbers(self) -> Card:
        card = Card()
        card.box.addWidget(self.table, 1)
        card.box.addWidget(self.remarks)
        return card

    def _confusion(self) -> Card:
        card = Card()
        self.which = combo("Label")
        self.map, self.samples = HeatMap(), SampleList()
        self.hint = label(_KEYS, "small", wrap=True)
        self.map.setAccessibleDescription(_KEYS)
        self.both = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.both.setSpacing(14)
        self.both.addWidget(self.map, 6)
        self.both.addWidget(self.samples, 5)
        card.box.addWidget(self.which)
        card.box.addLayout(self.both, 1)
        card.box.addWidget(self.hint)
        self.which.currentIndexChanged.connect(self._label_chosen)
        self.map.chosen.connect(self._cell_chosen)
        self.map.entered.connect(self.samples.enter)
        self.samples.opened.connect(self.opened)
        self.samples.said.connect(self.said)
        return card

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the samples below the map where both do not fit beside each other."""
        super().resizeEvent(event)
        beside, way = self.width() >= _BESIDE_PX, QBoxLayout.Direction
        self.both.setDirection(way.LeftToRight if beside else way.TopToBottom)
        self.hint.setVisible(beside and self.map.isVisibleTo(self))

    # -- which run

    def show_run(self, entry: Entry) -> None:
        """Show a run; a place in its answers is kept as long as it is the same run."""
        seeds = seeds_of(entry)  # all are told once the last of them is done
        if (self.entry, self._seeds) == (entry, seeds):
            return
        self.entry, self._seeds, self._drawn = entry, seeds, None
        info = entry.info
        self.name.setText(title(info.protocol))
        network = info.model not in NO_NETWORKS
        how = f", {info.preset}, {_epochs(info.epochs)}" if network else ""
        about = f"{entry.kind}, {entry.name}{how}, seed {info.seed}"
        about += _FOLDS.get(str(info.folds), "") + (", synthetic" if info.synthetic else "")
        about += ", simulated" if info.simulated else ""
        self.about.setText(about)
        self.papers.show_run(entry.folder, network=network)
        results = read_object(entry.folder / "results.json") or {}
        show_results(self.table, results, seeds)
        self.remarks.setText("\n".join(results.get("remarks", [])))
        self.remarks.setVisible(bool(self.remarks.text()))
        self._answers = answers_of(entry.folder)
        with QSignalBlocker(self.which):
            self.which.clear()
            for name in results.get("by_label", {}):
                self.which.addItem(name.replace("_", " "), name)
        self.which.setVisible(self.which.count() > 1)
        self._label_chosen()
        self._show(self.views.place)

    def finish(self) -> None:
        """End what is being written; the view is not used any more."""
        self.papers.finish()

    def _show(self, place: int) -> None:
        if place == _CURVES and self.entry is not None and self._drawn != self.entry.folder:
            self._drawn = self.entry.folder
            self.curves.clear()
            for event in Follower(self.entry.folder / EVENTS_FILE).read(whole=True):
                if event.get("event") == "epoch":
                    self.curves.add(event)
        nothing = place == _CURVES and not self.curves.drawn
        self.stack.setCurrentIndex(_NO_CURVES if nothing else place)

    # -- answers

    def _part(self) -> dict[str, Any]:
        """Return the results of the chosen label."""
        results = self.entry.results if self.entry is not None else None
        part = results.by_label.get(self.which.currentData()) if results else None
        return {} if part is None else part.model_dump()

    def _mine(self) -> list[Answer]:
        label = self.which.currentData()
        return [one for one in self._answers if one.label == label]

    def _label_chosen(self) -> None:
        part = self._part()
        classes, counts = part.get("classes", ()), part.get("confusion", ())
        self.map.setVisible(bool(classes))
        self.hint.setVisible(bool(classes) and self.width() >= _BESIDE_PX)
        if classes:
            self.map.show_matrix(classes, counts)
            self._cell_chosen(self.map.currentRow(), self.map.currentColumn())
            return
        worst = sorted(self._mine(), key=lambda one: -one.error)
        self.samples.show_answers("Largest errors first", worst)

    def _cell_chosen(self, row: int, column: int) -> None:
        classes = self._part().get("classes", ())
        if not (0 <= row < len(classes) and 0 <= column < len(classes)):
            return
        truth, found = classes[row], classes[column]
        cell = [one for one in self._mine() if (one.truth, one.found) == (truth, found)]
        cell.sort(key=lambda one: -(one.sure or 0.0))
        many = f"{len(cell)} sample{'' if len(cell) == 1 else 's'}"
        told = f"True {truth}, answered {found}: {many}"
        self.samples.show_answers(told, cell, of_one_cell=True)


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"
