"""One participant's session as a strip: what happens, how long, where the text says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QToolTip, QWidget

from emer_studio.ui import theme

__all__ = ["COLOURS", "Part", "Strip", "in_words", "parts_of"]

COLOURS = {
    "text": "#8fa9c2",
    "baseline": "#b9a7d6",
    "fixation": "#4a5560",
    "clip": "#1f5f99",
    "rating": "#e69f00",
    "washout": "#dde2e8",
    "break": "#3aa17e",
}
"""Colours of the kinds; neighbours differ in lightness, too."""

_HEAD, _BAR, _SIDE = 20.0, 34.0, 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of the session, with where it begins and its line in the text."""

    kind: str
    start_s: float
    seconds: float
    what: str
    block: str
    trial: int | None
    line: int | None


def parts_of(raw: Sequence[dict[str, Any]]) -> list[Part]:
    """Return the parts that the checking process laid out."""
    parts, at = [], 0.0
    for one in raw:
        seconds = float(one["seconds"])
        parts.append(
            Part(
                one["kind"],
                at,
                seconds,
                one["what"],
                one["block"],
                one["trial"],
                one["line"],
            )
        )
        at += seconds
    return parts


def in_words(seconds: float) -> str:
    """Return a length of time for a person."""
    whole = round(seconds)
    if seconds < 10 and seconds != whole:
        return f"{seconds:.1f} s"
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return (
        f"{minutes} min {rest} s" if minutes < 10 and rest else f"{round(whole / 60)} min"
    )


class Strip(QWidget):
    """`chosen` carries the part that was clicked, `hovered` the one under the pointer."""

    chosen = Signal(object)
    hovered = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Part] = []
        self.trial: int | None = None
        self._under: Part | None = None
        self._stale = False
        self.setMinimumHeight(round(_HEAD + _BAR + 7))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Timeline of the session")

    @property
    def total_s(self) -> float:
        """How long all of it takes."""
        return sum(part.seconds for part in self.parts)

    def setParts(self, parts: Sequence[Part]) -> None:
        """Show a session."""
        self.parts, self._under, self._stale = list(parts), None, False
        self.update()

    def setStale(self, stale: bool) -> None:
        """Pale: the text has changed in a way that cannot be laid out yet."""
        self._stale = stale
        self.update()

    def setTrial(self, trial: int | None) -> None:
        """Outline a trial."""
        self.trial = trial
        self.update()

    def trials(self) -> list[int]:
        """Return the numbers of the trials."""
        return sorted({part.trial for part in self.parts if part.trial is not None})

    def part_at(self, x: float) -> Part | None:
        """Return the part at a place; what takes no time cannot be pointed at."""
        for part in self.parts:
            left, right = self._span(part)
            if left <= x < right:
                return part
        return None

    def centre_px(self, part: Part) -> QPointF:
        """Return the middle of a part."""
        left, right = self._span(part)
        return QPointF((left + right) / 2, _HEAD + _BAR / 2)

    def _span(self, part: Part) -> tuple[float, float]:
        scale = (self.width() - 2 * _SIDE) / max(self.total_s, 1e-6)
        left = _SIDE + part.start_s * scale
        return left, left + part.seconds * scale

    # -- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the part."""
        part = self.part_at(event.position().x())
        if part is not None:
            self.chosen.emit(part)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the pointer."""
        part = self.part_at(event.position().x())
        if part != self._under:
            self._under = part
            self.hovered.emit(part)
            if part is not None:
                QToolTip.showText(event.globalPosition().toPoint(), told(part), self)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the trial before or after with the arrow keys."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        trials = self.trials()
        if event.key() not in steps or self.trial not in trials:
            super().keyPressEvent(event)
            return
        at = trials.index(self.trial) + steps[Qt.Key(event.key())]
        wanted = trials[min(max(at, 0), len(trials) - 1)]
        self.chosen.emit(
            next(p for p in self.parts if p.trial == wanted and p.kind == "clip")
        )

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the arrow keys work here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that they do not any more."""
        super().focusOutEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the pointer."""
        self._under = None
        self.hovered.emit(None)
        self.update()

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw blocks with their names, the parts, and the chosen trial."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self.parts:
            painter.setPen(QColor(theme.MUTED))
            text = "The session appears here as soon as the protocol can be read."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            painter.end()
            return
        painter.setOpacity(0.35 if self._stale else 1.0)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for part in self.parts:
            left, right = self._span(part)
            painter.fillRect(
                QRectF(left, _HEAD, max(right - left, 0.6), _BAR),
                QColor(COLOURS[part.kind]),
            )
        self._draw_trials(painter)
        self._draw_blocks(painter)
        if self._under is not None:
            left, right = self._span(self._under)
            mark = QRectF(left, _HEAD + _BAR + 3, max(right - left, 3), 3)
            painter.fillRect(mark, QColor(theme.INK))
        painter.end()

    def _draw_trials(self, painter: QPainter) -> None:
        """Part the trials from each other where there is room, and outline the chosen."""
        for number in self.trials():
            own = [part for part in self.parts if part.trial == number]
            left, right = self._span(own[0])[0], self._span(own[-1])[1]
            if right - left > 12:
                painter.fillRect(QRectF(left - 0.5, _HEAD, 1.0, _BAR), QColor("#ffffff"))
            if number == self.trial:
                ink = theme.ACCENT if self.hasFocus() else theme.INK
                painter.setPen(QPen(QColor(ink), 3 if self.hasFocus() else 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(QRectF(left, _HEAD - 1, right - left, _BAR + 2))

    def _draw_blocks(self, painter: QPainter) -> None:
        """Write name, trials and length over each block."""
        face = painter.font()
        face.setPixelSize(12)
        painter.setFont(face)
        for block, group in groupby(self.parts, key=lambda part: part.block):
            own = list(group)
            left, right = self._span(own[0])[0], self._span(own[-1])[1]
            if not block:
                continue
            count = len({part.trial for part in own if part.trial is not None})
            length = in_words(sum(part.seconds for part in own))
            text = f"{block} · {count} trial{'s' * (count != 1)} · {length}"
            painter.setPen(QPen(QColor("#9fabb8"), 1))
            painter.drawLine(QPointF(left, _HEAD - 4), QPointF(right, _HEAD - 4))
            painter.setPen(QColor(theme.MUTED))
            box = QRectF(left, 0, right - left, _HEAD - 5)
            shown = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(box.width())
            )
            if len(shown) > 2:
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft, shown)


def told(part: Part) -> str:
    """Return what a part is, for a person."""
    who = f"trial {part.trial}, " if part.trial is not None else ""
    return f"{who}{part.what}: {in_words(part.seconds)}".capitalize()
