"""The list of problems under the text; a click leads to the line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from emer_studio.ui.parts import label, restyle
from emer_studio.ui.protocol.editor import Problem

__all__ = ["Problems"]

_DOTS = {"red": "#c0392b", "amber": "#c98500"}
_ROWS = 3


class Problems(QWidget):
    """`chosen` carries the line (from 1) of the problem that was clicked."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        self.summary = label("", "small")
        self.list = QListWidget()
        self.list.setProperty("kind", "problems")
        self.list.setIconSize(QSize(10, 10))
        self.list.setWordWrap(True)
        self.list.setAccessibleName("Problems")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        box.addWidget(self.summary)
        box.addWidget(self.list)
        self.list.hide()

    def setValue(self, problems: Sequence[Problem], sound: str) -> None:
        """Show problems; where nothing stops a session, say `sound`."""
        stops = sum(problem.colour == "red" for problem in problems)
        doubts = len(problems) - stops
        parts = [
            f"{n} {name}{'s' * (n != 1)}"
            for n, name in ((stops, "problem"), (doubts, "doubt"))
            if n
        ]
        self.summary.setText(
            " and ".join(parts) if stops else ". ".join([sound.rstrip("."), *parts]) + "."
        )
        restyle(self.summary, "kind", "small-red" if stops else "small")
        self.list.clear()
        for problem in problems:
            where = f"Line {problem.line}:  " if problem.line else ""
            item = QListWidgetItem(_dot(problem.colour), where + problem.text)
            item.setData(int(Qt.ItemDataRole.UserRole), problem.line or 0)
            self.list.addItem(item)
        self.list.setVisible(bool(problems))
        self._fit()

    def wait(self) -> None:
        """Say that the answer takes a while."""
        self.summary.setText("Trying the orders and opening the clips …")
        restyle(self.summary, "kind", "small")

    def _fit(self) -> None:
        """Be as high as the problems need, but leave the room to the text."""
        rows = [self.list.sizeHintForRow(n) for n in range(min(self.list.count(), _ROWS))]
        self.list.setFixedHeight(min(sum(rows) + 6, 96))

    def _go(self, item: QListWidgetItem) -> None:
        line = int(item.data(int(Qt.ItemDataRole.UserRole)))
        if line:
            self.chosen.emit(line)


def _dot(colour: str) -> QIcon:
    picture = QPixmap(20, 20)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(_DOTS[colour]))
    painter.drawEllipse(QRectF(2, 2, 16, 16))
    painter.end()
    picture.setDevicePixelRatio(2.0)
    return QIcon(picture)
