"""The frames of an item on a line: cursor, gaps without a face, predictions if wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from emer_studio.core.emotions import EMOTIONS
from emer_studio.ui import theme

__all__ = ["Timeline"]

_PROMINENCE = 0.1  # of a probability; chosen by us: less is flicker
_SIDE, _FOOT, _HEAD = 4.0, 22.0, 20.0


class Timeline(QWidget):
    """`value` is the decoded frame under the cursor; a click moves it."""

    valueChanged = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._first, self._last, self._value = 0, 0, 0
        self._face: npt.NDArray[np.bool_] | None = None
        self._shown: npt.NDArray[np.float64] | None = None
        self._feeling: npt.NDArray[np.float64] | None = None
        self._peak: int | None = None
        self.setAccessibleName("Frames of the item")
        self.setMinimumHeight(70)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def shows_predictions(self) -> bool:
        """Whether curves of predictions are drawn."""
        return self._shown is not None

    def setRange(self, first: int, last: int, face: npt.NDArray[np.bool_] | None) -> None:
        """Show frames `first` to `last`; `face` tells where one was found, if known."""
        self._first, self._last, self._value = first, max(last, first), first
        self._face = None if face is None else face[first : last + 1]
        self._shown = self._feeling = self._peak = None
        self.update()

    def setPeak(self, frame: int | None) -> None:
        """Mark the frame in which the expression is strongest."""
        self._peak = frame
        self.update()

    def setPredictions(
        self,
        values: npt.NDArray[np.float64] | None,
        feeling: npt.NDArray[np.float64] | None = None,
    ) -> None:
        """Draw a model's curves of the whole video, or nothing.

        Parameters
        ----------
        values : ndarray, shape (n_frames, 7), optional
            Probabilities.
        feeling : ndarray, shape (n_frames, 2), optional
            Valence and arousal, -1 to 1, drawn over the same height.
        """
        part = slice(self._first, self._last + 1)
        self._shown = None if values is None else values[part]
        self._feeling = None if feeling is None or values is None else feeling[part]
        self.update()

    def next_peak(self, direction: int) -> int | None:
        """Return where the strongest curve peaks next, or did before; None for nowhere."""
        from scipy.signal import find_peaks  # half a second that the window need not wait

        if self._shown is None or not np.isfinite(self._shown).any():
            return None
        strongest = int(np.nanargmax(np.nanmax(self._shown, axis=0)))
        curve = np.nan_to_num(self._shown[:, strongest])
        places, _ = find_peaks(curve, prominence=_PROMINENCE)
        found = [self._first + int(place) for place in places]
        ahead = [place for place in found if (place - self._value) * direction > 0]
        return min(ahead, key=lambda place: abs(place - self._value), default=None)

    def value(self) -> int:
        """Return the frame under the cursor."""
        return self._value

    def setValue(self, frame: int) -> None:
        """Move the cursor without telling anyone."""
        self._value = max(self._first, min(frame, self._last))
        self.update()

    # -- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame that was clicked."""
        self._go(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag."""
        self._go(event.position().x())

    def _go(self, x: float) -> None:
        wide = max(self.width() - 2 * _SIDE, 1.0)
        share = min(max((x - _SIDE) / wide, 0.0), 1.0)
        self.setValue(self._first + round(share * (self._last - self._first)))
        self.valueChanged.emit(self._value)

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        head = 4.0 if self._shown is None else _HEAD
        wide, high = self.width() - 2 * _SIDE, self.height() - head - _FOOT
        box = QRectF(_SIDE, head, wide, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#f3f5f7"))
        painter.drawRoundedRect(box, 4, 4)
        self._draw_gaps(painter, box)
        if self._shown is not None:
            self._draw_curves(painter, box, self._shown)
        self._draw_cursor(painter, box)

    def _x(self, place: float, box: QRectF) -> float:
        return box.left() + box.width() * place / max(self._last - self._first, 1)

    def _draw_gaps(self, painter: QPainter, box: QRectF) -> None:
        if self._face is None:
            return
        gone = np.flatnonzero(np.diff(np.concatenate([[0], ~self._face, [0]]).astype(int)))
        hatch = QBrush(QColor("#8a94a0"), Qt.BrushStyle.BDiagPattern)
        for start, stop in gone.reshape(-1, 2):
            left, right = self._x(start, box), self._x(stop, box)
            painter.fillRect(QRectF(left, box.top(), right - left, box.height()), hatch)

    def _draw_curves(
        self, painter: QPainter, box: QRectF, values: npt.NDArray[np.float64]
    ) -> None:
        for column, emotion in enumerate(EMOTIONS):
            painter.setPen(QPen(QColor(theme.EMOTION_COLOURS[emotion]), 1.8))
            line = QPolygonF()
            for place, value in enumerate(values[:, column]):
                if np.isnan(value):
                    painter.drawPolyline(line)
                    line = QPolygonF()
                    continue
                y = box.bottom() - float(value) * (box.height() - 4) - 2
                line.append(QPointF(self._x(place, box), y))
            painter.drawPolyline(line)
        if self._feeling is not None:
            self._draw_feeling(painter, box, self._feeling)
        self._draw_legend(painter, box)

    def _draw_feeling(
        self, painter: QPainter, box: QRectF, values: npt.NDArray[np.float64]
    ) -> None:
        """Draw valence dashed and arousal dotted, zero in the middle."""
        styles = (Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
        for column, style in enumerate(styles):
            painter.setPen(QPen(QColor(theme.INK), 1.4, style))
            line = QPolygonF()
            for place, value in enumerate(values[:, column]):
                if np.isfinite(value):
                    y = box.center().y() - float(value) * (box.height() / 2 - 2)
                    line.append(QPointF(self._x(place, box), y))
            painter.drawPolyline(line)

    def _draw_legend(self, painter: QPainter, box: QRectF) -> None:
        face = painter.font()
        face.setPixelSize(11)
        painter.setFont(face)
        x = box.left()
        for emotion in EMOTIONS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.EMOTION_COLOURS[emotion]))
            painter.drawRoundedRect(QRectF(x, 6, 10, 8), 2, 2)
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(QPointF(x + 14, 14), emotion)
            x += painter.fontMetrics().horizontalAdvance(emotion) + 28

    def _draw_cursor(self, painter: QPainter, box: QRectF) -> None:
        x = self._x(self._value - self._first, box)
        painter.setPen(QPen(QColor(theme.ACCENT), 2))
        painter.drawLine(QPointF(x, box.top() - 3), QPointF(x, box.bottom() + 3))
        face = painter.font()
        face.setPixelSize(12)
        painter.setFont(face)
        painter.setPen(QColor(theme.MUTED))
        foot = QRectF(box.left(), box.bottom() + 4, box.width(), _FOOT - 4)
        frame, count = self._value - self._first + 1, self._last - self._first + 1
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, f"frame {frame} of {count}")
        if self._peak is not None:
            at = self._x(self._peak - self._first, box)
            painter.setPen(QPen(QColor(theme.INK), 2))
            painter.drawLine(QPointF(at, box.top()), QPointF(at, box.bottom()))
            text = f"peak {self._peak - self._first + 1}"
            painter.drawText(foot, Qt.AlignmentFlag.AlignRight, text)
