"""What is being trained in this study, whoever started it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from emer_studio.study.folder import Study
from emer_studio.ui.parts import Card
from emer_studio.ui.train.trainings import Training, trainings_of
from emer_studio.ui.train.words import title

__all__ = ["LiveList"]

_ROW_PX, _ROWS = 46, 3


class LiveList(Card):
    """Trainings that run, rest or were broken off before they were a run.

    `chosen` carries the training that is to be followed.
    """

    chosen = Signal(object)

    def __init__(self, study: Study) -> None:
        super().__init__("In training")
        self._study = study
        self.trainings: list[Training] = []
        self.list = QListWidget()
        self.list.setAccessibleName("In training")
        self.list.currentRowChanged.connect(self._chosen)
        self.list.itemClicked.connect(lambda _item: self._chosen(self.list.currentRow()))
        self.box.addWidget(self.list)
        self.refresh()

    def refresh(self) -> bool:
        """Look again; return whether anything is new."""
        found = trainings_of(self._study)
        self.setVisible(bool(found))
        alive = any(one.alive for one in found)
        self.heading.setText("In training" if alive else "Broken off")
        if found == self.trainings:
            return False
        current = self.current()
        self.trainings = found
        with QSignalBlocker(self.list):
            self.list.clear()
            for one in found:
                self.list.addItem(_item(one))
            self.select(current)
        rows = min(len(found), _ROWS)
        self.list.setFixedHeight(rows * max(self.list.sizeHintForRow(0), _ROW_PX) + 4)
        return True

    def current(self) -> Path | None:
        """Return the folder of the chosen training."""
        row = self.list.currentRow()
        return self.trainings[row].folder if 0 <= row < len(self.trainings) else None

    def select(self, folder: Path | None) -> None:
        """Choose a training by its folder, or none."""
        folders = [one.folder for one in self.trainings]
        with QSignalBlocker(self.list):
            self.list.setCurrentRow(folders.index(folder) if folder in folders else -1)

    def _chosen(self, row: int) -> None:
        if 0 <= row < len(self.trainings):
            self.chosen.emit(self.trainings[row])


def _item(training: Training) -> QListWidgetItem:
    made = QListWidgetItem(
        f"{title(training.protocol)}\n{training.model}  ·  {training.state}"
    )
    made.setToolTip(str(training.folder))
    return made
