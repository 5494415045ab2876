"""The coded flash and click on the participant's window, timed as a clip is."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QObject, QRect, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.devices.audio import AudioOutput
from emer_studio.synthetic import sync_code
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import Page
from emer_studio.ui.words import Words

__all__ = ["SyncMark", "SyncPage"]

_NOTICE_S = 2.0  # chosen by us: time to read one line
_DARK, _WHITE = QColor("#000000"), QColor("#ffffff")


class SyncPage(Page):
    """A page that is dark or white all over; before that, one line that says so.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts.
    corner : bool
        Only a patch in the upper left corner turns white, for a photodiode.
    """

    name = "sync"

    def __init__(self, parent: QWidget, words: Words, *, corner: bool = False) -> None:
        super().__init__(parent)
        self._notice = words("sync")
        self._corner = corner
        self._level: int | None = None

    def switch(self, level: int) -> float:
        """Turn dark (0) or white (1); return the LSL time when that was submitted."""
        self._level = level
        self.repaint()
        return clock.now_s()

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw the notice, or fill the page."""
        if self._level is None:
            box = QRectF(60 * u, 0, self.width() - 120 * u, self.height())
            look.text(painter, box, self._notice, 30 * u)
        else:
            painter.fillRect(self.rect(), _DARK)
            size = round(120 * u)
            patch = QRect(0, 0, size, size) if self._corner else self.rect()
            painter.fillRect(patch, _WHITE if self._level else _DARK)


class SyncMark(QObject):
    """Shows one mark and tells when every change was submitted.

    Parameters
    ----------
    page : SyncPage
        Already shown.
    output : AudioOutput
        For the clicks.
    which : str
        See `synthetic.sync_code`.
    """

    switched = Signal(int, float)  # level, LSL time
    done = Signal(dict)

    def __init__(self, page: SyncPage, output: AudioOutput, which: str) -> None:
        super().__init__(page)
        self._page, self._output, self._which = page, output, which
        self._left = sync_code.edges(which)
        self._edges: list[tuple[float, int]] = []
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._began = False
        self._timer.start(round(_NOTICE_S * 1000))

    @Slot()
    def _tick(self) -> None:
        output = self._output
        if not self._began:
            self._began = True
            output.start(sync_code.sound(self._which, output.rate_hz, output.channels))
            self._page.switch(0)
        at_s = output.position_s(clock.now_s())
        if self._left and self._left[0][0] <= at_s:
            level = self._left.pop(0)[1]
            t_s = self._page.switch(level)
            self._edges.append((t_s, level))
            self.switched.emit(level, t_s)
        end_s = sync_code.length_s(self._which)
        if at_s >= end_s:
            self._finish()
            return
        next_s = self._left[0][0] if self._left else end_s
        wait_s = next_s - output.position_s(clock.now_s())
        self._timer.start(min(max(math.ceil(wait_s * 1000), 0), 50))

    def _finish(self) -> None:
        onset_t_s = None if self._output.silent else self._output.onset_t_s
        clicks: list[float] = []
        if onset_t_s is not None:
            clicks = [onset_t_s + float(at) for at in sync_code.onsets(self._which)]
        self._output.stop()
        said: dict[str, Any] = {
            "which": self._which,
            "edges": [[round(t_s, 6), level] for t_s, level in self._edges],
            "clicks": [round(t_s, 6) for t_s in clicks],
        }
        self.done.emit(said)

    def stop(self) -> None:
        """Break it off."""
        self._timer.stop()
        if self._began:
            self._output.stop()
