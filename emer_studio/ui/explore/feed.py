"""Pictures of a video, decoded beside the window: the newest wish counts, others lapse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from emer_studio.core.errors import EmerError
from emer_studio.features.frames import FrameReader

__all__ = ["Feed", "by_index", "by_stamp"]

_WIDEST_PX = 960  # chosen by us: half a wide screen; two videos stand beside each other
Pick = Callable[[FrameReader], int]


def by_index(index: int) -> Pick:
    """Return what picks a decoded frame by its index."""
    return lambda reader: min(max(index, 0), len(reader) - 1)


def by_stamp(pts_s: float) -> Pick:
    """Return what picks the frame with a time stamp, or the last one before it."""
    return lambda reader: reader.at(pts_s - reader.first_s + 1e-4)


@dataclass(frozen=True, slots=True)
class _Wish:
    video: Path
    pick: Pick
    turn: int  # what was wished for before the last `forget` does not arrive


class Feed(QObject):
    """Decodes in a thread of its own.

    `ready` brings a picture to the Qt thread, `failed` says why there is none. While one is
    decoded only the newest wish is kept, so that scrubbing never runs behind.
    """

    ready = Signal(QImage)
    failed = Signal(str)
    _decoded = Signal(object, int)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shown = 0
        self._wish: _Wish | None = None
        self._turn = 0
        self._over = False
        self._changed = threading.Condition()
        self._decoded.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def want(self, video: Path, pick: Pick) -> None:
        """Ask for a picture; an older wish that is not begun lapses."""
        with self._changed:
            self._wish = _Wish(video, pick, self._turn)
            self._changed.notify()

    def forget(self) -> None:
        """Take the wish back; what is on its way does not arrive any more."""
        with self._changed:
            self._wish = None
            self._turn += 1

    def close(self) -> None:
        """End the thread and close the video."""
        self._decoded.disconnect(self._take)
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    def _take(self, found: object, turn: int) -> None:
        if turn != self._turn:
            return
        if isinstance(found, QImage):
            self.shown += 1
            self.ready.emit(found)
        else:
            self.failed.emit(str(found))

    # -- in the thread

    def _run(self) -> None:
        reader: FrameReader | None = None
        last: tuple[Path, int, int] | None = None
        while (wish := self._next()) is not None:
            try:
                reader = _opened(reader, wish.video)
                now = (wish.video, wish.pick(reader), wish.turn)
                if now != last:
                    self._decoded.emit(_image(reader, now[1]), wish.turn)
                last = now
            except EmerError as problem:
                if last != (wish.video, -1, wish.turn):  # once is enough
                    self._decoded.emit(str(problem), wish.turn)
                reader, last = None, (wish.video, -1, wish.turn)
        if reader is not None:
            reader.close()

    def _next(self) -> _Wish | None:
        with self._changed:
            while self._wish is None and not self._over:
                self._changed.wait()
            wish, self._wish = self._wish, None
            return None if self._over else wish


def _opened(reader: FrameReader | None, video: Path) -> FrameReader:
    if reader is not None and reader.path == video:
        return reader
    if reader is not None:
        reader.close()
    return FrameReader(video, widest_px=_WIDEST_PX)


def _image(reader: FrameReader, index: int) -> QImage:
    picture = reader.rgb(index)
    height, width = picture.shape[:2]
    raw = picture.tobytes()
    return QImage(raw, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
