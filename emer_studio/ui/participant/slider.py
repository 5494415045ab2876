"""The slider page: one continuous slider for each dimension, after the Affective Slider.

Betella & Verschure (2016, PLoS ONE 11(2): e0148037, CC BY) showed that sliders between two
faces, without ticks and numbers, rate pleasure and arousal as the manikins do. The figures
are ours, and no handle is shown before the first touch: theirs begins in the middle, ours
suggests no answer. Dominance is our addition.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from emer_studio.schema.rating import RatingPage, mapped_share
from emer_studio.ui.participant import look
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.sam_figures import figure
from emer_studio.ui.words import Words

__all__ = ["SliderForm"]

_Key = Qt.Key
_Align = Qt.AlignmentFlag
_STEPS = {
    _Key.Key_Left: -0.01,
    _Key.Key_Right: 0.01,
    _Key.Key_PageDown: -0.1,
    _Key.Key_PageUp: 0.1,
}
_ENDS = {_Key.Key_Home: 0.0, _Key.Key_End: 1.0}
_SETTLE_MS = 250  # chosen by us: a key held down is one change of mind, not fifty


class SliderForm(RatingForm):
    """Rows with a track between two figures; mouse, finger and keys set them."""

    repeating_keys = frozenset(_STEPS)

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.answers: dict[str, float] = {}
        self.active = 0
        self._dragged: int | None = None
        self._told: dict[str, float] = {}
        self._faces: dict[tuple[str, int], QSvgRenderer] = {
            (name, end): QSvgRenderer(QByteArray(figure(name, end).encode()))
            for name in rating.dimensions
            for end in (0, 1)
        }
        self._settled = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settled.timeout.connect(self.settle)

    def value(self) -> dict[str, float] | None:
        """Return the place of each dimension, 0 … 1, once all are set."""
        if len(self.answers) < len(self.rating.dimensions):
            return None
        return {name: self.answers[name] for name in self.rating.dimensions}

    def state(self) -> dict[str, float] | None:
        """Return the places set so far."""
        return dict(self.answers) or None

    def restore(self, earlier: Any) -> None:
        """Set the same places again."""
        self.answers = {name: float(share) for name, share in earlier.items()}
        self._told = dict(self.answers)

    def mapped(self) -> dict[str, float]:
        """Return each dimension on -1 … 1."""
        return {name: mapped_share(share) for name, share in self.answers.items()}

    def mark_missing(self) -> None:
        """Make the first row without a handle the active one."""
        for row, name in enumerate(self.rating.dimensions):
            if name not in self.answers:
                self.active = row
                return

    def key(self, event: QKeyEvent) -> None:
        """Answer; a key that is held down is told when it rests."""
        super().key(event)
        if event.isAutoRepeat():
            self._settled.start()
        else:
            self.settle()

    def answer_key(self, key: int) -> None:
        """Move the handle with arrows, Page keys, Home, End; the row with Up, Down, Tab."""
        now = self.answers.get(self.rating.dimensions[self.active])
        last = len(self.rating.dimensions) - 1
        if key in _STEPS:
            self._set(self.active, 0.5 if now is None else now + _STEPS[_Key(key)])
        elif key in _ENDS:
            self._set(self.active, _ENDS[_Key(key)])
        elif key in (_Key.Key_Down, _Key.Key_Tab):
            self.active = min(self.active + 1, last)
        elif key in (_Key.Key_Up, _Key.Key_Backtab, _Key.Key_Backspace):
            self.active = max(self.active - 1, 0)

    def answer_click(self, at: QPointF) -> None:
        """Take hold of the handle on a track; beside it, make the row the active one."""
        u = look.unit(self)
        for row in range(len(self.rating.dimensions)):
            if self.row_box(row).contains(at):
                self.active = row
                if self.track_box(row).adjusted(-30 * u, 0, 30 * u, 0).contains(at):
                    self._dragged = row
                    self._set(row, self._share(row, at.x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle."""
        if self._dragged is None:
            event.ignore()  # the window shows the pointer
            return
        self._set(self._dragged, self._share(self._dragged, event.position().x()))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the handle."""
        self._dragged = None
        self.settle()

    def go_on(self, how: str) -> None:
        """Confirm once what was moved last is told."""
        self.settle()
        super().go_on(how)

    def go_back(self) -> None:
        """Go back once what was moved last is told."""
        self.settle()
        super().go_back()

    def settle(self) -> None:
        """Tell what has changed: once a movement, not at every point of it."""
        self._settled.stop()
        for name, share in self.answers.items():
            if self._told.get(name) != share:
                self._told[name] = share
                self.changed.emit(name, share)

    def _set(self, row: int, share: float) -> None:
        self.answers[self.rating.dimensions[row]] = round(min(max(share, 0.0), 1.0), 3)

    def _share(self, row: int, x: float) -> float:
        track = self.track_box(row)
        return (x - track.left()) / track.width()

    def row_box(self, row: int) -> QRectF:
        """Return the card of a row."""
        box, u = self.answers_box(), look.unit(self)
        count = len(self.rating.dimensions)
        height, width = min(box.height() / count, 210 * u), min(box.width(), 1120 * u)
        top = box.center().y() - count * height / 2 + row * height
        return QRectF(box.center().x() - width / 2, top, width, height - 12 * u)

    def face_box(self, row: int, end: int) -> QRectF:
        """Return the place of the figure at the low (0) or the high end (1)."""
        box, u = self.row_box(row), look.unit(self)
        side = min(box.height() - 52 * u, 140 * u)
        left = box.left() + 18 * u if end == 0 else box.right() - 18 * u - side
        return QRectF(left, box.top() + 42 * u, side, side)

    def track_box(self, row: int) -> QRectF:
        """Return where a row can be touched: the track, as high as a finger needs."""
        u, low, high = look.unit(self), self.face_box(row, 0), self.face_box(row, 1)
        left, right = low.right() + 46 * u, high.left() - 46 * u
        return QRectF(left, low.center().y() - 36 * u, right - left, 72 * u)

    def point_at(self, row: int, share: float) -> QPointF:
        """Return the place of the handle of a row at `share`."""
        track = self.track_box(row)
        return QPointF(track.left() + share * track.width(), track.center().y())

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw every row."""
        for row, name in enumerate(self.rating.dimensions):
            self._draw_row(painter, u, row, name)

    def _draw_row(self, painter: QPainter, u: float, row: int, name: str) -> None:
        box, active = self.row_box(row), row == self.active
        missing = self.complaining and name not in self.answers
        edge = look.MISSING if missing else look.ACCENT if active else None
        fill = look.CARD if active else look.CARD_QUIET
        look.card(painter, box, 12 * u, fill, edge, (5 if missing else 4) * u)
        line = QRectF(box.left() + 22 * u, box.top() + 7 * u, box.width() - 44 * u, 31 * u)
        for key, align, bold in (
            ("low", _Align.AlignLeft, False),
            ("name", _Align.AlignHCenter, True),
            ("high", _Align.AlignRight, False),
        ):
            words, size = self.words(f"sam.{name}.{key}"), (24 if bold else 22) * u
            align = align | _Align.AlignVCenter
            look.text(painter, line, words, size, colour=look.INK, bold=bold, align=align)
        for end in (0, 1):
            self._faces[name, end].render(painter, self.face_box(row, end))
        self._draw_track(painter, u, row, name)

    def _draw_track(self, painter: QPainter, u: float, row: int, name: str) -> None:
        ends = self.point_at(row, 0), self.point_at(row, 1)
        round_ = Qt.PenCapStyle.RoundCap
        painter.setPen(QPen(look.LINE, 12 * u, c=round_))
        painter.drawLine(*ends)
        if name in self.answers:
            at = self.point_at(row, self.answers[name])
            painter.setPen(QPen(look.PAPER, 5 * u))
            painter.setBrush(look.ACCENT)
            painter.drawEllipse(at, 23 * u, 23 * u)
