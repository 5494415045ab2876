"""The lanes of a trial under one cursor: click, drag, and zoom with the wheel."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from emer_studio.ui import theme
from emer_studio.ui.explore.lanes import Curve, Lane, Span

__all__ = ["TimeLine"]

_NAMES, _VALUES, _FOOT, _GAP = 104, 172, 22, 6
_LEAST_S = 0.2  # chosen by us: a few samples of a slow tracker
_ZOOM = 1.25
_LANE = QColor("#f6f7f9")
_LINE_PX = 13  # of the words beside a lane
_BAR_PX = 3.0  # narrower spans are drawn as marks of this width


class TimeLine(QWidget):
    """Shows `lanes`; `moved` tells where somebody wants to be, seconds since onset."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Time line of the trial")
        self.setMinimumHeight(210)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.lanes: list[Lane] = []
        self._length_s = 1.0
        self._from_s, self._to_s = 0.0, 1.0
        self._now_s = 0.0
        self._drawn: QPixmap | None = None

    # -- what is shown

    def open(self, lanes: list[Lane], length_s: float) -> None:
        """Show a trial from its beginning to its end."""
        self.lanes, self._length_s = lanes, max(length_s, _LEAST_S)
        self.show_all()

    @property
    def range_s(self) -> tuple[float, float]:
        """What is seen of the trial."""
        return self._from_s, self._to_s

    def value(self) -> float:
        """Return where the cursor is."""
        return self._now_s

    def setValue(self, time_s: float) -> None:
        """Move the cursor; what is seen follows it."""
        self._now_s = time_s
        if not self._from_s <= time_s <= self._to_s:
            self._see(time_s - 0.1 * (self._to_s - self._from_s), self._to_s - self._from_s)
        self.update()

    def show_all(self) -> None:
        """See the whole trial."""
        self._see(0.0, self._length_s)

    def zoom(self, factor: float, around_s: float | None = None) -> None:
        """See more (above 1) or less of the trial around a moment."""
        centre_s = self._now_s if around_s is None else around_s
        wide = self._to_s - self._from_s
        wanted = min(max(wide * factor, _LEAST_S), self._length_s)
        share = (centre_s - self._from_s) / wide
        self._see(centre_s - share * wanted, wanted)

    def _see(self, from_s: float, wide_s: float) -> None:
        self._from_s = min(max(from_s, 0.0), max(self._length_s - wide_s, 0.0))
        self._to_s = self._from_s + wide_s
        self._drawn = None
        self.update()

    # -- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the moment that was clicked."""
        self.moved.emit(self._time(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag."""
        self.moved.emit(self._time(event.position().x()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See the whole trial."""
        self.show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; sideways or with Shift, move along."""
        turn = event.angleDelta()
        steps = (turn.y() or turn.x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or not turn.y():
            wide = self._to_s - self._from_s
            self._see(self._from_s - 0.1 * steps * wide, wide)
        else:
            self.zoom(_ZOOM**-steps, self._time(event.position().x()))
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the lanes anew."""
        self._drawn = None

    def _time(self, x: float) -> float:
        share = (x - _NAMES) / max(self._wide, 1)
        return self._from_s + min(max(share, 0.0), 1.0) * (self._to_s - self._from_s)

    @property
    def _wide(self) -> float:
        return float(max(self.width() - _NAMES - _VALUES, 1))

    def _x(self, time_s: float) -> float:
        return _NAMES + self._wide * (time_s - self._from_s) / (self._to_s - self._from_s)

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lanes as they were drawn last, and the cursor with its values."""
        if self._drawn is None:
            self._drawn = self._draw_lanes()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._drawn)
        _small(painter)
        for lane, box in self._boxes():
            self._draw_values(painter, lane, box)
        x = self._x(self._now_s)
        painter.setPen(QPen(QColor(theme.ACCENT), 1.5))
        bottom = self.height() - _FOOT
        painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
        text = f"{self._now_s:.2f} s"
        wide = painter.fontMetrics().horizontalAdvance(text) + 12
        left = min(max(x - wide / 2, 0), self.width() - wide)
        flag = QRectF(left, bottom + 2, wide, _FOOT - 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.ACCENT))
        painter.drawRoundedRect(flag, 4, 4)
        painter.setPen(QColor("white"))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, text)

    def _boxes(self) -> Iterator[tuple[Lane, QRectF]]:
        total = sum(lane.height for lane in self.lanes) or 1.0
        room = self.height() - _FOOT - _GAP * len(self.lanes)
        top = 0.0
        for lane in self.lanes:
            high = room * lane.height / total
            yield lane, QRectF(_NAMES, top, self._wide, high)
            top += high + _GAP

    def _draw_lanes(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _small(painter)
        for lane, box in self._boxes():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_LANE)
            painter.drawRoundedRect(box, 4, 4)
            self._draw_name(painter, lane, box)
            painter.save()
            painter.setClipRect(box)
            for span in lane.spans:
                self._draw_span(painter, span, box)
            for curve in lane.curves:
                self._draw_curve(painter, lane, curve, box)
            painter.restore()
            if lane.absent and not lane.spans and not lane.curves:
                painter.setPen(QColor(theme.MUTED))
                flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
                painter.drawText(box.adjusted(8, 0, -8, 0), flags, lane.absent)
        self._draw_scale(painter)
        painter.end()
        return drawn

    def _draw_name(self, painter: QPainter, lane: Lane, box: QRectF) -> None:
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(theme.INK))
        place = QRectF(0, box.top(), _NAMES - 8, box.height())
        if lane.unit and box.height() >= 30:
            upper = QRectF(0, box.center().y() - 15, _NAMES - 8, 15)
            painter.drawText(upper, middle, lane.name)
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(upper.translated(0, 15), middle, lane.unit)
        else:
            painter.drawText(place, middle, lane.name)

    def _draw_span(self, painter: QPainter, span: Span, box: QRectF) -> None:
        left, right = self._x(span.start_s), self._x(span.end_s)
        mark = span.end_s <= span.start_s
        wide = _BAR_PX if mark else max(right - left - 0.5, 1.0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(span.colour))
        painter.drawRect(QRectF(left, box.top() + 2, wide, box.height() - 4))

    def _draw_curve(self, painter: QPainter, lane: Lane, curve: Curve, box: QRectF) -> None:
        painter.setPen(QPen(QColor(curve.colour), 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        scale = box.height() / max(lane.high - lane.low, 1e-9)
        line = QPolygonF()
        for time_s, value in self._points(curve):
            if value != value:
                painter.drawPolyline(line)
                line = QPolygonF()
                continue
            y = box.bottom() - (value - lane.low) * scale
            line.append(QPointF(self._x(time_s), y))
        painter.drawPolyline(line)

    def _points(self, curve: Curve) -> Iterator[tuple[float, float]]:
        """Return what is seen of a curve: of many samples per pixel, the least and most."""
        edges = np.searchsorted(curve.times_s, [self._from_s, self._to_s])
        first, end = max(int(edges[0]) - 1, 0), min(int(edges[1]) + 1, len(curve.times_s))
        times_s = curve.times_s[first:end]
        values = np.asarray(curve.values[first:end], np.float64)
        each = len(values) // max(int(self._wide), 1)
        if each < 4:
            return iter(zip(times_s.tolist(), values.tolist(), strict=True))
        whole = len(values) // each * each
        rows = values[:whole].reshape(-1, each)
        low, high = np.fmin.reduce(rows, axis=1), np.fmax.reduce(rows, axis=1)
        at = np.repeat(times_s[:whole:each], 2)
        both = np.column_stack([low, high]).ravel()
        return iter(zip(at.tolist(), both.tolist(), strict=True))

    def _draw_scale(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.MUTED))
        step_s = _round_step((self._to_s - self._from_s) / 8)
        top = self.height() - _FOOT
        at = np.ceil(self._from_s / step_s) * step_s
        while at <= self._to_s + 1e-9:
            x = self._x(float(at))
            place = QRectF(x - 30, top + 2, 60, _FOOT - 4)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{at:g} s")
            at = round(float(at + step_s), 6)

    def _draw_values(self, painter: QPainter, lane: Lane, box: QRectF) -> None:
        """Write what the lane holds under the cursor, beside it."""
        left = box.right() + 10
        most = max(int(box.height() // _LINE_PX), 1)
        lines = _values_of(lane, self._now_s)[-most:]
        each = min(15.0, box.height() / max(len(lines), 1))
        top = box.center().y() - each * len(lines) / 2
        metrics = QFontMetrics(painter.font())
        for row, (text, colour) in enumerate(lines):
            place = QRectF(left, top + row * each, _VALUES - 12, each)
            if colour:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(colour))
                painter.drawEllipse(QPointF(left + 4, place.center().y()), 3.5, 3.5)
            painter.setPen(QColor(theme.INK))
            room = place.adjusted(13, 0, 0, 0)
            short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, short)


def _values_of(lane: Lane, now_s: float) -> list[tuple[str, str]]:
    """Return the words beside a lane: at most three, each with its colour."""
    if lane.spans:
        mark_s = 0.5  # a mark is told for a while after it
        here = [
            span
            for span in lane.spans
            if span.start_s <= now_s < max(span.end_s, span.start_s + mark_s)
            or (span.end_s == span.start_s and abs(span.start_s - now_s) < 0.05)
        ]
        return [(span.name, span.colour) for span in here[-1:]]
    found = [(curve, curve.at(now_s)) for curve in lane.curves]
    if len(found) > 3:  # probabilities: the two highest
        known = [(curve, value) for curve, value in found if value == value]
        found = sorted(known, key=lambda one: one[1])[-2:]
        if not found:
            return [("no face", "")]
    lines = []
    for curve, value in found:
        text = "lost" if value != value else f"{value:.{lane.digits}f}"
        lines.append((f"{curve.name} {text}".strip(), curve.colour))
    return lines


def _round_step(step: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(max(step, 1e-3)))
    return next(float(k * power) for k in (1, 2, 5, 10) if k * power >= step * 0.999)


def _small(painter: QPainter) -> None:
    face = painter.font()
    face.setPixelSize(12)
    painter.setFont(face)
