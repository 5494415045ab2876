"""Counts as quiet horizontal bars."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.ui import theme

__all__ = ["Bars"]

_ROW_PX, _NAME_PX, _NUMBER_PX = 22, 92, 52


class Bars(QWidget):
    """A bar for each class, as long as its count."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        super().__init__()
        self.counts = dict(counts)
        self.setMinimumHeight(_ROW_PX * len(counts))
        self.setMaximumWidth(520)
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        self.setAccessibleName(f"Samples of each class: {told}")

    def sizeHint(self) -> QSize:
        """Return the room for all rows."""
        return QSize(320, _ROW_PX * len(self.counts))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw names, bars and counts."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        most = max([1, *self.counts.values()])
        room = self.width() - _NAME_PX - _NUMBER_PX
        emotions = set(self.counts) <= set(theme.EMOTION_COLOURS)
        middle = Qt.AlignmentFlag.AlignVCenter
        for row, (name, count) in enumerate(self.counts.items()):
            top = row * _ROW_PX
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(QRectF(0, top, _NAME_PX - 8, _ROW_PX), middle, name)
            colour = theme.EMOTION_COLOURS[name] if emotions else theme.ACCENT
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colour))
            wide = max(room * count / most, 2.0)
            painter.drawRoundedRect(QRectF(_NAME_PX, top + 5, wide, _ROW_PX - 10), 3, 3)
            painter.setPen(QColor(theme.INK))
            place = QRectF(_NAME_PX + wide + 8, top, _NUMBER_PX, _ROW_PX)
            painter.drawText(place, middle, str(count))
        painter.end()
