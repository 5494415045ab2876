"""The consent form: a text to read, boxes that are ticked one by one, and two ways on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import ENTER_KEYS, Page
from emer_studio.ui.words import Words

__all__ = ["ConsentPage"]

_Key = Qt.Key
_FORTH = (_Key.Key_Down, _Key.Key_Right, _Key.Key_Tab)
_BACK = (_Key.Key_Up, _Key.Key_Left, _Key.Key_Backtab)
_LEFT, _TOP = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignTop
_MIDDLE = Qt.AlignmentFlag.AlignVCenter
_TEXT = 22.0  # height of the consent text in units; it is scrolled, never made smaller
_THUMB = QColor("#b9bfc5")


class ConsentPage(Page):
    """Nothing is ticked beforehand, and nobody goes on without deciding.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts.
    text : str
        What the participant agrees to.
    scopes : sequence of dict
        ``{"id", "text", "needed"}`` of each box.
    """

    name = "consent"
    uses_pointer = True
    repeating_keys = frozenset((_Key.Key_PageDown, _Key.Key_PageUp))
    decided = Signal(bool)

    def __init__(
        self, parent: QWidget, words: Words, text: str, scopes: Sequence[dict[str, Any]]
    ) -> None:
        super().__init__(parent)
        self._words, self._text, self.scopes = words, text, list(scopes)
        self.ticked: set[str] = set()
        self.input = ""
        self.complaining = False
        self.scrolled = 0.0  # units that the text is moved up
        self._height = 0.0  # of the whole text, in units, once it was drawn
        self._place: int | None = None  # where the keys are: a box, declining, agreeing
        self._dragged: QPointF | None = None

    def given(self) -> list[str]:
        """Return the ids of the scopes that are ticked."""
        return [scope["id"] for scope in self.scopes if scope["id"] in self.ticked]

    def ready(self) -> bool:
        """Tell whether everything that is needed is ticked."""
        return all(s["id"] in self.ticked for s in self.scopes if s["needed"])

    # -- where things are

    def text_box(self) -> QRectF:
        """Return the sheet of the text."""
        u = look.unit(self)
        width = min(self.width() - 80 * u, 1360 * u)
        left, top = (self.width() - width) / 2, 84 * u
        return QRectF(left, top, width * 0.5, self.height() - 124 * u - top)

    def scope_box(self, index: int) -> QRectF:
        """Return the card of a scope."""
        u, sheet = look.unit(self), self.text_box()
        top = sheet.top() + 66 * u
        height = min((sheet.bottom() - top + 10 * u) / len(self.scopes), 122 * u)
        left = sheet.right() + 24 * u
        right = self.width() - sheet.left()
        return QRectF(left, top + index * height, right - left, height - 10 * u)

    def agree_box(self) -> QRectF:
        """Return the place of the button that agrees."""
        u = look.unit(self)
        return QRectF(
            self.width() - self.text_box().left() - 300 * u, self._row(), 300 * u, 62 * u
        )

    def decline_box(self) -> QRectF:
        """Return the place of the button that declines; as large as the other."""
        u, agree = look.unit(self), self.agree_box()
        return QRectF(agree.left() - 320 * u, agree.top(), agree.width(), agree.height())

    def _row(self) -> float:
        return self.height() - 108 * look.unit(self)

    # -- drawing

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw text, boxes, buttons and help."""
        sheet = self.text_box()
        title = QRectF(sheet.left(), 16 * u, self.width() - 2 * sheet.left(), 60 * u)
        look.text(painter, title, self._words("consent.title"), 38 * u, bold=True)
        self._draw_sheet(painter, u, sheet)
        first = self.scope_box(0)
        ask = QRectF(first.left(), sheet.top(), first.width(), first.top() - sheet.top())
        look.text(painter, ask, self._words("consent.ask"), 21 * u, align=_LEFT | _MIDDLE)
        for index in range(len(self.scopes)):
            self._draw_scope(painter, u, index)
        decline, agree = self.decline_box(), self.agree_box()
        look.quiet_button(painter, decline, self._words("consent.decline"), u)
        look.button(painter, agree, self._words("consent.agree"), u, ready=self.ready())
        ring = {len(self.scopes): decline, len(self.scopes) + 1: agree}.get(self._at())
        if ring is not None:
            self._draw_ring(painter, u, ring)
        self._draw_help(painter, u)

    def _draw_sheet(self, painter: QPainter, u: float, sheet: QRectF) -> None:
        look.card(painter, sheet, 12 * u, look.PAPER)
        inside = self._inside(u)
        painter.save()
        painter.setClipRect(inside)
        painter.setFont(look.font(_TEXT * u))
        painter.setPen(look.INK)
        flags = (_LEFT | _TOP).value | Qt.TextFlag.TextWordWrap.value
        whole = QRectF(inside.left(), 0, inside.width(), 1e6)
        self._height = painter.boundingRect(whole, flags, self._text).height() / u
        self._scroll_to(self.scrolled)
        whole.moveTop(inside.top() - self.scrolled * u)
        painter.drawText(whole, flags, self._text)
        painter.restore()
        if self._most():
            self._draw_thumb(painter, u, sheet, inside)

    def _draw_thumb(
        self, painter: QPainter, u: float, sheet: QRectF, inside: QRectF
    ) -> None:
        """Draw how far the text is scrolled, and an arrow while there is more below."""
        share = inside.height() / u / self._height
        room = inside.height() * (1 - share)
        top = inside.top() + room * self.scrolled / self._most()
        look.card(
            painter,
            QRectF(sheet.right() - 14 * u, top, 6 * u, inside.height() * share),
            3 * u,
            _THUMB,
        )
        if self.scrolled < self._most() - 1:
            middle, low = sheet.center().x(), sheet.bottom() - 5 * u
            arrow = [(-11, -9), (11, -9), (0, 0)]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.ACCENT)
            painter.drawPolygon(
                QPolygonF([QPointF(middle + x * u, low + y * u) for x, y in arrow])
            )

    def _draw_scope(self, painter: QPainter, u: float, index: int) -> None:
        scope, box = self.scopes[index], self.scope_box(index)
        ticked = scope["id"] in self.ticked
        missing = self.complaining and scope["needed"] and not ticked
        edge = look.MISSING if missing else look.ACCENT if ticked else None
        fill = look.PICKED if ticked else look.CARD
        look.card(painter, box, 10 * u, fill, edge, 4 * u if missing else 2 * u)
        square = QRectF(box.left() + 16 * u, box.center().y() - 17 * u, 34 * u, 34 * u)
        look.card(painter, square, 6 * u, look.PAPER, look.ACCENT, 2.5 * u)
        if ticked:
            points = [(7, 18), (14, 25), (27, 9)]
            painter.setPen(
                QPen(look.ACCENT, 4.5 * u, c=Qt.PenCapStyle.RoundCap,
                     j=Qt.PenJoinStyle.RoundJoin)
            )  # fmt: skip
            painter.drawPolyline(
                [QPointF(square.left() + x * u, square.top() + y * u) for x, y in points]
            )
        words = box.adjusted(64 * u, 6 * u, -36 * u, -6 * u)
        if scope["needed"]:
            note = QRectF(words.left(), words.bottom() - 22 * u, words.width(), 22 * u)
            needed = self._words("consent.needed")
            look.text(
                painter, note, needed, 17 * u, colour=look.ACCENT, align=_LEFT | _MIDDLE
            )
            words.setBottom(note.top())
        look.text(
            painter, words, scope["text"], 20 * u, colour=look.INK, align=_LEFT | _MIDDLE
        )
        number = QRectF(box.right() - 32 * u, box.top() + 4 * u, 24 * u, 24 * u)
        look.text(painter, number, str(index + 1), 15 * u, colour=look.ACCENT)
        if self._at() == index:
            self._draw_ring(painter, u, box)

    def _draw_ring(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Show where the keys are."""
        painter.setPen(QPen(look.TEXT, 3 * u))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(-4 * u, -4 * u, 4 * u, 4 * u), 13 * u, 13 * u)

    def _draw_help(self, painter: QPainter, u: float) -> None:
        left = self.text_box().left()
        line = QRectF(left, self.height() - 38 * u, self.width() - 2 * left, 28 * u)
        if self.complaining and not self.ready():
            missing = self._words("consent.missing")
            look.text(painter, line, missing, 22 * u, colour=look.MISSING, bold=True)
            return
        help_ = self._words("consent.help", count=len(self.scopes))
        if self._most():
            help_ += f"   ·   {self._words('consent.help_scroll')}"
        half = QRectF(line.left(), line.top(), line.width() * 0.66, line.height())
        look.text(painter, half, help_, 18 * u, colour=look.SOFT, align=_LEFT | _MIDDLE)
        half = line.adjusted(line.width() * 0.66, 0, 0, 0)
        align = Qt.AlignmentFlag.AlignRight | _MIDDLE
        stop = self._words("stop_hint")
        look.text(painter, half, stop, 18 * u, colour=look.SOFT, align=align)

    # -- scrolling

    def _inside(self, u: float) -> QRectF:
        return self.text_box().adjusted(26 * u, 22 * u, -28 * u, -18 * u)

    def _most(self) -> float:
        """Return how far the text can be scrolled, in units."""
        u = look.unit(self)
        return max(self._height - self._inside(u).height() / u, 0.0)

    def _scroll_to(self, units: float) -> None:
        self.scrolled = min(max(units, 0.0), self._most())

    def _scroll_by(self, units: float) -> None:
        self._scroll_to(self.scrolled + units)
        self.update()

    # -- what the participant does

    def _at(self) -> int:
        return -1 if self._place is None else self._place

    def key(self, event: QKeyEvent) -> None:
        """Tick with digits; walk with arrows and Tab; Space takes what the ring is on."""
        key, last = event.key(), len(self.scopes) + 1
        page = self._inside(look.unit(self)).height() / look.unit(self) * 0.9
        if _Key.Key_1 <= key <= _Key.Key_9:
            self._tick(key - _Key.Key_1, "keyboard")
        elif key in _FORTH:
            self._place = min(self._at() + 1, last)
        elif key in _BACK:
            self._place = max(self._at() - 1, 0)
        elif key in (_Key.Key_PageDown, _Key.Key_PageUp):
            self._scroll_by(page if key == _Key.Key_PageDown else -page)
        elif key == _Key.Key_Space and self._place is not None:
            self._take(self._place)
        elif key in ENTER_KEYS:
            declining = self._place == len(self.scopes)
            self._take(len(self.scopes) if declining else last)
        self.update()

    def _take(self, place: int) -> None:
        """Do what a place of the ring stands for."""
        if place < len(self.scopes):
            self._tick(place, "keyboard")
        else:
            self._decide(agreed=place > len(self.scopes), how="keyboard")

    def _tick(self, index: int, how: str) -> None:
        if index < len(self.scopes):
            self.ticked ^= {self.scopes[index]["id"]}
            self.input = how

    def _decide(self, *, agreed: bool, how: str) -> None:
        if self.deaf:
            return
        if agreed and not self.ready():
            self.complaining = True
            return
        self.input = self.input or how
        self.decided.emit(agreed)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tick, press a button, or take hold of the text."""
        finger = event.device().type() == QInputDevice.DeviceType.TouchScreen
        how, at = "touch" if finger else "mouse", event.position()
        if self.agree_box().contains(at):
            self._decide(agreed=True, how=how)
        elif self.decline_box().contains(at):
            self._decide(agreed=False, how=how)
        elif self.text_box().contains(at):
            self._dragged = at
        else:
            for index in range(len(self.scopes)):
                if self.scope_box(index).contains(at):
                    self._tick(index, how)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the text, as with a finger."""
        if self._dragged is None:
            event.ignore()  # the window shows the pointer
            return
        moved = (self._dragged.y() - event.position().y()) / look.unit(self)
        self._dragged = event.position()
        self._scroll_by(moved)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the text."""
        self._dragged = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll three lines a notch, as everywhere."""
        self._scroll_by(-event.angleDelta().y() / 120 * 3 * _TEXT * 1.3)
