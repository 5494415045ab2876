"""A small picture of what the participant sees, for the operator's console.

It goes through a display-only ring and costs the participant's window next to nothing:
of a clip it takes every n-th pixel of the decoded picture, of other pages one photograph.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtGui import QImage

from emer_studio.core import clock
from emer_studio.core.ring import RingWriter
from emer_studio.ui.participant.clip_page import ClipPage
from emer_studio.ui.participant.window import ParticipantWindow

__all__ = ["MIRROR_SIZE", "Mirror"]

MIRROR_SIZE = (320, 180)
"""Width and height in pixels: enough to read a page's question in a console."""

_PAGE_MS = 500
_CLIP_S = 0.2  # chosen by us: the console shows what is on, not how smoothly it runs
_GREY = 0x73


class Mirror(QObject):
    """Writes pictures of the window into a ring, BGR.

    Parameters
    ----------
    window : ParticipantWindow
        What to show.
    path : Path
        Of the ring.
    """

    def __init__(self, window: ParticipantWindow, path: Path) -> None:
        super().__init__(window)
        self._window = window
        width, height = MIRROR_SIZE
        self._ring = RingWriter(path, 3, (height, width, 3), "uint8")
        self._clip_s = 0.0
        self._timer = QTimer(self, interval=_PAGE_MS)
        self._timer.timeout.connect(self._photograph)
        self._timer.start()

    @Slot()
    def _photograph(self) -> None:
        """Take the page as it is; clips bring their own pictures."""
        if isinstance(self._window.page, ClipPage):
            return
        width, height = MIRROR_SIZE
        image = self._window.grab().toImage()
        ratio = Qt.AspectRatioMode.KeepAspectRatio
        smooth = Qt.TransformationMode.SmoothTransformation
        small = image.scaled(width, height, ratio, smooth)
        small = small.convertToFormat(QImage.Format.Format_RGB32)
        rows = np.frombuffer(small.constBits(), np.uint8)
        rows = rows.reshape(small.height(), small.bytesPerLine() // 4, 4)
        self._write(rows[:, : small.width(), :3])

    def clip(self, picture: npt.NDArray[np.uint8]) -> None:
        """Take a picture of a clip, shape (height, width, 4), BGRA, now and then."""
        now_s = clock.now_s()
        if now_s - self._clip_s < _CLIP_S:
            return
        self._clip_s = now_s
        width, height = MIRROR_SIZE
        step = max(-(-picture.shape[1] // width), -(-picture.shape[0] // height), 1)
        self._write(picture[::step, ::step, :3])

    def _write(self, picture: npt.NDArray[np.uint8]) -> None:
        width, height = MIRROR_SIZE
        canvas = np.full((height, width, 3), _GREY, np.uint8)
        rows, columns = picture.shape[:2]
        top, left = (height - rows) // 2, (width - columns) // 2
        canvas[top : top + rows, left : left + columns] = picture
        self._ring.write(canvas)

    def close(self) -> None:
        """Let go of the ring."""
        self._timer.stop()
        self._ring.close()
