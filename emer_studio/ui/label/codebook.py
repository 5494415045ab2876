"""What each category means, as the study's scheme has it, over the labelling room."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.labelling import Scheme
from emer_studio.ui.label.keys import Keys, name_of
from emer_studio.ui.parts import Card, Scrolled, button, label

__all__ = ["Codebook"]

_PICTURE_PX = 120


class Codebook(Card):
    """A row for each category: its picture, its name, its text.

    Parameters
    ----------
    scheme : Scheme
    folder : Path
        That its pictures are relative to.
    keys : Keys
    """

    closed = Signal()

    def __init__(self, scheme: Scheme, folder: Path, keys: Keys) -> None:
        super().__init__(f"Codebook, version {scheme.version}")
        self._keys = keys
        self.empty = not scheme.codebook and not scheme.pictures
        shut = button("Close   Esc")
        shut.clicked.connect(self.closed)
        self.head.addWidget(shut)
        area = Scrolled()
        grid = QGridLayout(area.inside)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(14)
        grid.setColumnStretch(2, 1)
        for row, name in enumerate(EMOTIONS):
            grid.addWidget(_picture(scheme.pictures.get(name, ""), folder), row, 0)
            grid.addWidget(label(name.capitalize(), "heading"), row, 1)
            grid.addWidget(label(scheme.codebook.get(name, ""), wrap=True), row, 2)
        grid.setRowStretch(len(EMOTIONS), 1)
        self.box.addWidget(area, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close."""
        if name_of(event) in ("Esc", self._keys["codebook"]):
            self.closed.emit()


def _picture(name: str, folder: Path) -> QLabel:
    made = QLabel()
    if not name:
        return made
    picture = QPixmap(str(folder / name))
    if picture.isNull():
        made.setText(f"{name} is no picture")
        return made
    smooth = Qt.TransformationMode.SmoothTransformation
    made.setPixmap(picture.scaledToHeight(_PICTURE_PX, smooth))
    return made
