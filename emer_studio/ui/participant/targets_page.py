"""Targets to look at, one after the other, for measuring an eye tracker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import Page
from emer_studio.ui.words import Words

__all__ = ["TargetsPage"]

NOTICE_S = 2.5  # chosen by us: time to read one line
_SHRINK_S = 0.7  # chosen by us: the eye is drawn to it, and it is still before it counts
_TICK_MS = 16
_BLACK = QColor("#000000")  # 4.4 to 1 against the page: seen without glasses too
# Units of the page, of which about 28 are a degree. What is left in the end is the best of
# the shapes that Thaler et al. (2013) compared for a steady eye: a disc of 0.6 degrees with
# a cross and a dot of 0.2 degrees in it.
_LARGE, _SMALL, _DOT = 24.0, 8.5, 2.8  # radii


class TargetsPage(Page):
    """One line of text, then a shrinking target at each place.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts.
    places : sequence of (float, float)
        Fractions of the page, in the order of showing.
    each_s : float
        How long each is shown.
    """

    name = "targets"
    appeared = Signal(dict)
    """One target: ``number``, ``x``, ``y`` (fractions of the display), ``t_s``."""
    finished = Signal(list)
    """All of them, with ``shown_s`` and ``gone_s`` instead."""

    def __init__(
        self,
        parent: QWidget,
        words: Words,
        places: Sequence[tuple[float, float]],
        each_s: float,
    ) -> None:
        super().__init__(parent)
        self._notice = words("targets")
        self._left = list(places)
        self._each_s = each_s
        self._place: tuple[float, float] | None = None
        self._since_s = 0.0
        self._shown: list[dict[str, Any]] = []
        self._timer = QTimer(self, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def begin(self) -> None:
        """Begin with the line of text; the page is shown."""
        self._since_s = clock.now_s()
        self._timer.start()

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw the line of text, or the target."""
        if self._place is None:
            if not self._shown:
                box = QRectF(60 * u, 0, self.width() - 120 * u, self.height())
                look.text(painter, box, self._notice, 30 * u)
            return
        share = min((clock.now_s() - self._since_s) / _SHRINK_S, 1.0)
        calm = share * share * (3 - 2 * share)
        radius, dot = (_LARGE + (_SMALL - _LARGE) * calm) * u, _DOT * u
        middle = self._spot(self._place)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BLACK)
        painter.drawEllipse(middle, radius, radius)
        painter.setPen(QPen(look.BACKGROUND, 2 * dot, c=Qt.PenCapStyle.FlatCap))
        for reach in (QPointF(radius, 0), QPointF(0, radius)):
            painter.drawLine(middle - reach, middle + reach)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(middle, dot, dot)

    @Slot()
    def _tick(self) -> None:
        elapsed_s = clock.now_s() - self._since_s
        if elapsed_s >= (NOTICE_S if not self._shown else self._each_s):
            self._next()
        elif elapsed_s <= _SHRINK_S + _TICK_MS / 500:
            self.update()

    def _next(self) -> None:
        self._place = self._left.pop(0) if self._left else None
        self._since_s = clock.now_s()
        self.repaint()
        t_s = clock.now_s()  # when the picture was submitted, as for a clip
        if self._shown:
            self._shown[-1]["gone_s"] = t_s
        if self._place is None:
            self._timer.stop()
            self.finished.emit(self._shown)
            return
        self._since_s = t_s
        x, y = self._on_display(self._place)
        target = {"number": len(self._shown) + 1, "x": round(x, 5), "y": round(y, 5)}
        self._shown.append({**target, "shown_s": t_s})
        self.appeared.emit({**target, "t_s": t_s})

    def _spot(self, place: tuple[float, float]) -> QPointF:
        return QPointF(place[0] * self.width(), place[1] * self.height())

    def _on_display(self, place: tuple[float, float]) -> tuple[float, float]:
        """Return a place as the tracker sees it, which knows displays and no windows."""
        there, display = self.mapToGlobal(self._spot(place)), self.screen().geometry()
        return (
            (there.x() - display.x()) / display.width(),
            (there.y() - display.y()) / display.height(),
        )
