"""What most trainings leave as it is: folds, seeds, streams, maps, the device."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emer_studio.ui.parts import label
from emer_studio.ui.train.choice import MODALITIES, Choice
from emer_studio.ui.train.form import combo, line, number

__all__ = ["MoreTraining"]

_APART = {
    "people": "participant",
    "clips": "stimulus",
    "people and clips": "both",
}
_DEVICES = {"the GPU if there is one": "auto", "the processor": "cpu", "the GPU": "cuda"}
_MOST_AT_ONCE = 16  # chosen by us: each takes half a gigabyte and more


class MoreTraining(QWidget):
    """Boxes behind a button that opens with the mouse, Space or Enter."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.toggle = QToolButton()
        self.toggle.setProperty("kind", "more")
        self.toggle.setCheckable(True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setText("&More")
        self.toggle.setAccessibleName("More: folds, seeds, streams, maps, device")
        self.toggle.toggled.connect(self._open)
        self.summary = label("", "small")
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.toggle)
        head.addWidget(self.summary)
        head.addStretch(1)
        self.inside = QWidget()
        self._fill(QVBoxLayout(self.inside))
        box.addLayout(head)
        box.addWidget(self.inside)
        self.changed.connect(self._sum_up)
        self._open(False)

    def _fill(self, box: QVBoxLayout) -> None:
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        self.folds = number("Folds", 2, 50)
        self.folds.setValue(5)
        self.apart = combo("Kept apart")
        for words, kind in _APART.items():
            self.apart.addItem(words, kind)
        self.apart.setToolTip("What training and test never share")
        self.official = QCheckBox("The dataset's official sets")
        self.seeds = QLineEdit()
        self.seeds.setPlaceholderText("the benchmark's")
        self.seeds.setToolTip("Several with commas, such as 0,1,2: a run for each")
        self.maps = QCheckBox("Fixation maps")
        self._has_maps = False
        self.frozen = QCheckBox("A quick look")
        self.frozen.setToolTip("The face network stays as it begins, only the rest learns")
        self.parallel = number("At the same time", 1, _MOST_AT_ONCE)
        self.parallel.setSpecialValueText("one training")
        self.parallel.setToolTip(
            "Folds and runs that are trained side by side, each in a process of its own"
        )
        self.device = combo("Device")
        for words, kind in _DEVICES.items():
            self.device.addItem(words, kind)
        box.addLayout(line("F&olds", self.folds))
        box.addLayout(line("Kept &apart", self.apart))
        box.addWidget(self.official)
        box.addLayout(line("See&ds", self.seeds))
        box.addLayout(self._streams())
        box.addWidget(self.maps)
        box.addWidget(self.frozen)
        box.addLayout(line("De&vice", self.device))
        box.addLayout(line("At on&ce", self.parallel))
        self.official.toggled.connect(self.folds.setDisabled)
        self.official.toggled.connect(self.apart.setDisabled)
        for many in (self.folds, self.parallel):
            many.valueChanged.connect(self.changed)
        self.seeds.textChanged.connect(self.changed)
        for either in (self.official, self.maps, self.frozen):
            either.toggled.connect(self.changed)
        for one in (self.apart, self.device):
            one.currentIndexChanged.connect(self.changed)

    def _streams(self) -> QHBoxLayout:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.modalities: dict[str, QPushButton] = {}
        for name, words in MODALITIES.items():
            made = self.modalities[name] = QPushButton(words)
            made.setProperty("kind", "level-small")
            made.setCheckable(True)
            made.setChecked(True)
            made.toggled.connect(self.changed)
            row.addWidget(made, 1)
        holder.setFocusProxy(self.modalities["face"])
        return line("Looks a&t", holder)

    def for_network(self, network: bool) -> None:
        """Offer what only networks take where one is chosen."""
        self.frozen.setEnabled(network)
        self.maps.setEnabled(network and self._has_maps)
        self._sum_up()

    def fit(self, *, official: bool, maps: bool) -> None:
        """Offer what a dataset has."""
        self._has_maps = maps
        self.official.setVisible(official)
        self.official.setChecked(official and self.official.isChecked())
        self.maps.setEnabled(maps)
        self.maps.setChecked(maps and self.maps.isChecked())
        self.maps.setToolTip("" if maps else "This dataset has none")

    def into(self, choice: Choice) -> Choice:
        """Return a choice with what is chosen here."""
        official = self.official.isChecked()
        looked_at = [name for name, one in self.modalities.items() if one.isChecked()]
        return replace(
            choice,
            folds="official" if official else str(self.folds.value()),
            apart="participant" if official else str(self.apart.currentData()),
            seeds=self.seeds.text(),
            modalities=tuple(looked_at),
            maps=self.maps.isChecked(),
            frozen=self.frozen.isChecked(),
            device=str(self.device.currentData()),
            parallel=self.parallel.value(),
        )

    def _open(self, on: bool) -> None:
        self.inside.setVisible(on)
        self.summary.setVisible(not on)
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._sum_up()

    def _sum_up(self) -> None:
        """Say in a line what is chosen behind the button."""
        if self.official.isChecked():
            folds = "official sets"
        else:
            folds = f"{self.folds.value()} folds by {self.apart.currentText()}"
        streams = [one.text() for one in self.modalities.values() if one.isChecked()]
        some = len(streams) < len(self.modalities)
        looks = f", {' and '.join(streams).lower() or 'nothing'}" if some else ""
        seeds = f", seeds {self.seeds.text()}" if "," in self.seeds.text() else ""
        frozen = self.frozen.isEnabled() and self.frozen.isChecked()
        quick = ", a quick look" if frozen else ""
        many = self.parallel.value()
        at_once = f", {many} at once" if many > 1 else ""
        self.summary.setText(f"{folds}{looks}{seeds}{quick}{at_once}")
