"""The clip page: paints one picture, unscaled, on the neutral background."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import Page

__all__ = ["ClipPage"]


class ClipPage(Page):
    """Shows the pictures of a clip."""

    name = "clip"

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture: npt.NDArray[np.uint8] | None = None
        self._image = QImage()

    def present(self, picture: npt.NDArray[np.uint8]) -> float:
        """Paint a BGRA picture now; return the LSL time when the paint was submitted.

        A raster window gets no word from the display about when the picture lit up:
        this is the moment the system had it, constant display lag not included.
        """
        height, width = picture.shape[:2]
        # The image borrows the memory of the array, which is kept with it.
        image = QImage(picture.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.devicePixelRatioF())
        self._picture, self._image = picture, image
        self.repaint()
        return clock.now_s()

    def clear(self) -> None:
        """Let go of the picture."""
        self._picture, self._image = None, QImage()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture in the middle and the background around it."""
        painter = QPainter(self)
        ratio = self._image.devicePixelRatio()
        width, height = self._image.width() / ratio, self._image.height() / ratio
        if width < self.width() or height < self.height():
            painter.fillRect(self.rect(), look.BACKGROUND)
        if width and height:
            # 1 unless the window shrank after the clip was prepared.
            scale = min(1.0, self.width() / width, self.height() / height)
            left = round((self.width() - width * scale) / 2)
            top = round((self.height() - height * scale) / 2)
            if scale == 1.0:
                painter.drawImage(left, top, self._image)
            else:
                place = QRectF(left, top, width * scale, height * scale)
                painter.drawImage(place, self._image)
        painter.end()
