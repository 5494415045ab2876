"""The face video of one item: frame-exact steps, and playing at real time by its stamps."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.core.errors import EmerError
from emer_studio.features.frames import FrameReader
from emer_studio.ui.label.shelf import Shelf

__all__ = ["SPEEDS", "Player"]

SPEEDS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)

_TICK_MS = 15


class Player(QWidget):
    """Shows one decoded frame, without sound; `value` is its index in the whole video."""

    valueChanged = Signal(int)
    playingChanged = Signal(bool)
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Face video")
        self.shelf = Shelf()
        self._reader: FrameReader | None = None
        self._first = self._last = self._index = 0
        self._image: QImage | None = None
        self._face: QRectF | None = None
        self.loop, self.cropped = False, False
        self._speed, self._from_s = 1.0, 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.setMinimumSize(240, 180)

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

    @property
    def speed(self) -> float:
        """How fast it plays; 1 is as it was."""
        return self._speed

    def setSpeed(self, speed: float) -> None:
        """Play faster or slower from here on."""
        self._begin()
        self._speed = speed

    def setFace(self, box: tuple[float, float, float, float] | None) -> None:
        """Say where the face is, in pixels of the video, for `cropped`."""
        reader, self._face = self._reader, None
        if box is not None and reader is not None:
            left, top, wide, high = box
            across, down = reader.width_px, reader.height_px
            self._face = QRectF(left / across, top / down, wide / across, high / down)
        self.update()

    def open(self, video: Path, first: int, last: int) -> None:
        """Show the frames `first` to `last` of a video."""
        self.close_video()
        try:
            self._reader = self.shelf.take(video, first)
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
            self.shelf.give_back(self._reader)
        self._reader, self._image, self._face = None, None, None
        self._first = self._last = self._index = 0
        self.update()

    @property
    def shows(self) -> bool:
        """Whether there is a picture."""
        return self._image is not None

    def finish(self) -> None:
        """Let go of everything, also of what was prepared."""
        self.close_video()
        self.shelf.close()

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
        self._begin()
        self._timer.start()
        self.playingChanged.emit(True)

    def pause(self) -> None:
        """Stop where it is."""
        if self._timer.isActive():
            self._timer.stop()
            self.playingChanged.emit(False)

    def _begin(self) -> None:
        if self._reader is not None:
            self._from_s = float(self._reader.times_s[self._index])
        self._clock.start()

    def _tick(self) -> None:
        if self._reader is None:
            return
        due = self._reader.at(self._from_s + self._speed * self._clock.elapsed() / 1000)
        if due != self._index:
            self._show(due)
        if due >= self._last and self.loop:
            self._show(self._first)
            self._begin()
        elif due >= self._last:
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
        source = self._source(self._image)
        room = QSizeF(self.size())
        size = source.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        target = QRectF(left, top, size.width(), size.height())
        painter.drawImage(target, self._image, source)

    def _source(self, image: QImage) -> QRectF:
        """Return the part of the picture that is shown, in its pixels."""
        whole = QRectF(image.rect())
        if not self.cropped or self._face is None:
            return whole
        wide, high = image.width(), image.height()
        box = QRectF(
            self._face.left() * wide,
            self._face.top() * high,
            self._face.width() * wide,
            self._face.height() * high,
        )
        return box.intersected(whole)
