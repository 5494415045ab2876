"""The one time of the explorer: everything that is shown follows it."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

__all__ = ["SPEEDS", "Playhead"]

SPEEDS = (0.25, 0.5, 1.0, 2.0)
_TICK_MS = 16


class Playhead(QObject):
    """Seconds since the clip began; moves by itself while it plays.

    `moved` tells where it is now, `playingChanged` whether it plays.
    """

    moved = Signal(float)
    playingChanged = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.length_s = self._now_s = self._from_s = 0.0
        self._speed = 1.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def playing(self) -> bool:
        """Whether it moves."""
        return self._timer.isActive()

    @property
    def speed(self) -> float:
        """How fast it plays; 1 is as it was."""
        return self._speed

    def value(self) -> float:
        """Return where it is."""
        return self._now_s

    def open(self, length_s: float) -> None:
        """Begin with something new."""
        self.pause()
        self.length_s = max(length_s, 0.0)
        self.setValue(0.0)

    def setValue(self, time_s: float) -> None:
        """Go somewhere; playing goes on from there."""
        self._now_s = min(max(time_s, 0.0), self.length_s)
        self._begin()
        self.moved.emit(self._now_s)

    def setSpeed(self, speed: float) -> None:
        """Play faster or slower from here on."""
        self._begin()
        self._speed = speed

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if self.playing:
            self.pause()
            return
        if self._now_s >= self.length_s:
            self.setValue(0.0)
        self._begin()
        self._timer.start()
        self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stay where it is."""
        if self.playing:
            self._timer.stop()
            self.playingChanged.emit(False)

    def _begin(self) -> None:
        self._from_s = self._now_s
        self._clock.start()

    def _tick(self) -> None:
        now_s = self._from_s + self._speed * self._clock.elapsed() / 1000
        self._now_s = min(now_s, self.length_s)
        self.moved.emit(self._now_s)
        if self._now_s >= self.length_s:
            self.pause()
