"""Valence and arousal on one pad: a click, a drag, or the keys."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from emer_studio.ui import theme

__all__ = ["STEP", "FeelingPad"]

STEP = 0.05
"""Of a key press (annotation.md E2)."""
_SIDE = 6.0
Feeling = tuple[float | None, float | None]


class FeelingPad(QWidget):
    """`value` is (valence, arousal), each -1 to 1; None where nothing was said yet."""

    valueChanged = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._value: Feeling = (None, None)
        self.setFixedHeight(104)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setToolTip("Pleasant to the right, aroused upwards; Alt with the arrow keys")
        self._tell()

    def value(self) -> Feeling:
        """Return what is said."""
        return self._value

    def setValue(self, value: Feeling) -> None:
        """Show something without telling anyone."""
        self._value = value
        self._tell()
        self.update()

    def nudge(self, valence: int, arousal: int) -> None:
        """Go some steps; the first one starts in the middle."""
        old = (self._value[0] or 0.0, self._value[1] or 0.0)
        self._say(old[0] + STEP * valence, old[1] + STEP * arousal)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the place that was clicked."""
        self._point(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag."""
        self._point(event.position())

    def _point(self, at: QPointF) -> None:
        box = self._box
        across = (at.x() - box.left()) / box.width()
        down = (at.y() - box.top()) / box.height()
        self._say(2 * across - 1, 1 - 2 * down)

    def _say(self, valence: float, arousal: float) -> None:
        steps = [round(min(max(v, -1.0), 1.0) / STEP) * STEP for v in (valence, arousal)]
        self.setValue((round(steps[0], 2), round(steps[1], 2)))
        self.valueChanged.emit(self._value)

    def _tell(self) -> None:
        valence, arousal = self._value
        said = (
            "not said"
            if valence is None or arousal is None
            else f"valence {valence:+.2f}, arousal {arousal:+.2f}"
        )
        self.setAccessibleName(f"Valence and arousal: {said}")

    @property
    def _box(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_SIDE, _SIDE, -_SIDE, -_SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the axes, their words and the point."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self._box
        painter.setPen(QPen(QColor("#c5ccd4"), 1))
        painter.setBrush(QColor("white"))
        painter.drawRoundedRect(box, 6, 6)
        middle = box.center()
        painter.setPen(QPen(QColor(theme.LINE), 1))
        painter.drawLine(QPointF(box.left(), middle.y()), QPointF(box.right(), middle.y()))
        painter.drawLine(QPointF(middle.x(), box.top()), QPointF(middle.x(), box.bottom()))
        face = painter.font()
        face.setPixelSize(11)
        painter.setFont(face)
        painter.setPen(QColor(theme.MUTED))
        inside = box.adjusted(5, 2, -5, -2)
        for side, text in (
            (Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "unpleasant"),
            (Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, "pleasant"),
            (Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, "aroused"),
            (Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, "calm"),
        ):
            painter.drawText(inside, side, text)
        self._draw_point(painter, box)

    def _draw_point(self, painter: QPainter, box: QRectF) -> None:
        valence, arousal = self._value
        if valence is None or arousal is None:
            return
        x = box.left() + (valence + 1) / 2 * box.width()
        y = box.top() + (1 - arousal) / 2 * box.height()
        painter.setPen(QPen(QColor("white"), 2))
        painter.setBrush(QColor(theme.ACCENT))
        painter.drawEllipse(QPointF(x, y), 6, 6)
        painter.setPen(QColor(theme.INK))
        corner = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        painter.drawText(
            box.adjusted(5, 2, -5, -2), corner, f"{valence:+.2f} {arousal:+.2f}"
        )
