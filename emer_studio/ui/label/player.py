"""The face video of one item: frame-exact steps, and playing at real time by its stamps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.core.errors import EmerError
from emer_studio.features.frames import FrameReader

__all__ = ["Player"]

_TICK_MS = 15


class Player(QWidget):
    """Shows one decoded frame; `value` is its index in the whole video."""

    valueChanged = Signal(int)
    playingChanged = Signal(bool)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._reader: FrameReader | None = None
        self._first = self._last = self._index = 0
        self._image: QImage | None = None
        self._from_s = 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.setMinimumSize(320, 240)

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    @property
    def time_s(self) -> float:
        """Seconds of the shown frame since the item's first one."""
        if self._reader is None:
            return 0.0
        times_s = self._reader.times_s
        return float(times_s[self._index] - times_s[self._first])

    def open(self, video: Path, first: int, last: int) -> None:
        """Show the frames `first` to `last` of a video; the file is kept open between."""
        self.pause()
        if self._reader is None or self._reader.path != video:
            self.close_video()
            try:
                self._reader = FrameReader(video)
            except EmerError as problem:
                self.failed.emit(str(problem))
                return
        end = len(self._reader) - 1
        self._first, self._last = min(first, end), min(last, end)
        self._show(self._first)

    def close_video(self) -> None:
        """Let go of the file."""
        self.pause()
        if self._reader is not None:
            self._reader.close()
        self._reader, self._image = None, None
        self.update()

    def value(self) -> int:
        """Return the index of the shown frame in the video."""
        return self._index

    def setValue(self, index: int) -> None:
        """Show a frame, kept inside the item."""
        self.pause()
        self._show(index)

    def step(self, by: int) -> None:
        """Go some frames forwards or backwards."""
        self.setValue(self._index + by)

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if self.playing:
            self.pause()
            return
        if self._reader is None:
            return
        if self._index >= self._last:
            self._show(self._first)
        self._from_s = float(self._reader.times_s[self._index])
        self._clock.start()
        self._timer.start()
        self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stop where it is."""
        if self._timer.isActive():
            self._timer.stop()
            self.playingChanged.emit(False)

    def _tick(self) -> None:
        if self._reader is None:
            return
        due = self._reader.at(self._from_s + self._clock.elapsed() / 1000)
        if due != self._index:
            self._show(due)
        if due >= self._last:
            self.pause()

    def _show(self, index: int) -> None:
        if self._reader is None:
            return
        index = max(self._first, min(index, self._last))
        try:
            picture = self._reader.rgb(index)
        except EmerError as problem:
            self.pause()
            self.failed.emit(str(problem))
            return
        height, width = picture.shape[:2]
        kind = QImage.Format.Format_RGB888
        self._image = QImage(picture.tobytes(), width, height, 3 * width, kind).copy()
        self._index = index
        self.update()
        self.valueChanged.emit(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame, as large as it fits."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            painter.fillRect(self.rect(), QColor("#eceff2"))
            return
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        painter.drawImage(QRectF(left, top, size.width(), size.height()), self._image)
