"""Probabilities as calm bars: they glide, so that nothing flickers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PySide6.QtCore import QElapsedTimer, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.ui import theme

__all__ = ["EstimateBars"]

_ROW_PX, _NAME_PX, _SHARE_PX, _BAR_PX = 21, 84, 42, 10
_GLIDE_S = 1 / 3
"""Time constant, chosen by us: a step is nineteen twentieths done after a second."""
_STEP_MS = 40
_STILL = 0.002  # nearer than half a pixel of a bar: it has arrived


class EstimateBars(QWidget):
    """One bar for each class, in the order in which they came first."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._target: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        """What the bars show at this moment."""
        self._since = QElapsedTimer()
        self._timer = QTimer(self, interval=_STEP_MS)
        self._timer.timeout.connect(self._glide)
        self.setAccessibleName(name)
        self._fit()

    def setTarget(self, shares: Mapping[str, float]) -> None:
        """Glide to these shares; empty lets the bars sink and their numbers go."""
        if shares and list(shares) != list(self.shown):
            self.shown = dict.fromkeys(shares, 0.0)
            self._fit()
        self._target = dict(shares)
        likely = max(shares, key=lambda name: shares[name], default="")
        told = f"{likely} {shares[likely]:.0%}" if likely else "nothing"
        self.setAccessibleDescription(told)
        if not self._timer.isActive():
            self._since.start()
            self._timer.start()

    def clear(self) -> None:
        """Forget the classes."""
        self._timer.stop()
        self._target, self.shown = {}, {}
        self._fit()
        self.update()

    def _fit(self) -> None:
        self.setFixedHeight(_ROW_PX * len(self.shown))

    def _glide(self) -> None:
        part = 1.0 - math.exp(-self._since.restart() / 1000 / _GLIDE_S)
        far = 0.0
        for name, value in self.shown.items():
            off = self._target.get(name, 0.0) - value
            self.shown[name] = value + part * off
            far = max(far, abs(off) * (1.0 - part))
        if far < _STILL:
            self._timer.stop()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a row for each class."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        face = painter.font()
        face.setPixelSize(12)
        painter.setFont(face)
        room = self.width() - _NAME_PX - _SHARE_PX
        middle = Qt.AlignmentFlag.AlignVCenter
        ending = middle | Qt.AlignmentFlag.AlignRight
        for row, (name, value) in enumerate(self.shown.items()):
            top = row * _ROW_PX
            painter.setPen(QColor(theme.INK if self._target else theme.MUTED))
            painter.drawText(QRectF(0, top, _NAME_PX, _ROW_PX), middle, name)
            if self._target:
                right = QRectF(self.width() - _SHARE_PX, top, _SHARE_PX, _ROW_PX)
                painter.drawText(right, ending, f"{value:.0%}")
            painter.setPen(Qt.PenStyle.NoPen)
            for width, colour in ((room, "#eceff2"), (room * value, "#7fa6c9")):
                box = QRectF(_NAME_PX, top + (_ROW_PX - _BAR_PX) / 2, width, _BAR_PX)
                painter.setBrush(QColor(colour))
                painter.drawRoundedRect(box, 3, 3)
