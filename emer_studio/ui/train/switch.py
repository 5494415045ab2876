"""A few views, one of them shown: a row of buttons that leads to them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

__all__ = ["Switch"]


class Switch(QWidget):
    """Buttons of which one is down; `chosen` carries its place."""

    chosen = Signal(int)

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._group = QButtonGroup(self)
        self.buttons: list[QPushButton] = []
        for place, name in enumerate(names):
            made = QPushButton(name)
            made.setProperty("kind", "level-small")
            made.setMinimumWidth(made.fontMetrics().horizontalAdvance(name) + 22)
            made.setCheckable(True)
            self._group.addButton(made, place)
            self.buttons.append(made)
            row.addWidget(made)
        self.buttons[0].setChecked(True)
        self._group.idClicked.connect(self.chosen)

    @property
    def place(self) -> int:
        """Which button is down."""
        return self._group.checkedId()

    def choose(self, place: int) -> None:
        """Press a button."""
        if place != self.place:
            self.buttons[place].setChecked(True)
            self.chosen.emit(place)
