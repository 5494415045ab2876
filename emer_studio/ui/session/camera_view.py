"""The newest picture of the camera or of the participant's window, read from its ring."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from emer_studio.core.ring import RingReader
from emer_studio.ui import theme

__all__ = ["CameraView"]

_POINT_PX = 4.0


class CameraView(QWidget):
    """A picture that keeps its shape; `poll` looks for a newer one.

    Parameters
    ----------
    text : str
        What is being waited for.
    least : tuple of int
        Width and height that it needs at least.
    """

    def __init__(
        self,
        text: str = "Waiting for the camera …",
        least: tuple[int, int] = (240, 180),
    ) -> None:
        super().__init__()
        self._ring: RingReader | None = None
        self._seen = 0
        self._image: QImage | None = None
        self._face: tuple[float, ...] = ()
        self._face_good = True
        self._point: tuple[float, float] | None = None
        self.text = text
        self.trouble = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(*least)

    def sizeHint(self) -> QSize:
        """Return the usual size of the preview."""
        return QSize(400, 300)

    @property
    def pictures(self) -> int:
        """Pictures the camera has offered so far."""
        return self._seen

    def open(self, path: Path) -> None:
        """Follow a ring."""
        self.close_ring()
        with contextlib.suppress(OSError, ValueError):
            self._ring = RingReader(path)

    def setTrouble(self, text: str) -> None:
        """Say over the picture that it is not the present one; empty when it is."""
        if text != self.trouble:
            self.trouble = text
            self.update()

    def setFace(self, box: Sequence[float] | None, *, good: bool = True) -> None:
        """Frame the face: left, top, width and height in fractions of the picture."""
        self._face = tuple(box) if box and box[2] > 0 else ()
        self._face_good = good

    def setPoint(self, point: tuple[float, float] | None) -> None:
        """Show where somebody looks, in fractions of the picture; None for nowhere."""
        if point != self._point:
            self._point = point
            self.update()

    def poll(self) -> None:
        """Show the newest picture, if there is a new one."""
        if self._ring is None or self._ring.written == self._seen:
            return
        self._seen = self._ring.written
        rows = self._ring.latest(1)
        if len(rows):
            bgr = rows[0]
            height, width = bgr.shape[:2]
            image = QImage(
                bgr.tobytes(), width, height, 3 * width, QImage.Format.Format_BGR888
            )
            self._image = image.copy()
            self.update()

    def close_ring(self) -> None:
        """Let go of the ring and its picture."""
        if self._ring is not None:
            self._ring.close()
        self._ring, self._seen, self._image, self._face = None, 0, None, ()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, or what is being waited for."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor("#eceff2"))
            painter.drawRoundedRect(self.rect(), 6, 6)
            painter.setPen(QColor("#5f6b7a"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text)
            return
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        area = QRectF(left, top, size.width(), size.height())
        painter.drawImage(area, self._image)
        if self._face:
            self._draw_face(painter, area)
        if self._point is not None:
            self._draw_point(painter, area, *self._point)
        if self.trouble:
            self._draw_trouble(painter, area)

    def _draw_face(self, painter: QPainter, area: QRectF) -> None:
        left, top, width, height = self._face
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor("#2f9e63" if self._face_good else "#e69f00"), 2))
        painter.drawRoundedRect(
            QRectF(
                area.left() + left * area.width(),
                area.top() + top * area.height(),
                width * area.width(),
                height * area.height(),
            ),
            4,
            4,
        )

    def _draw_point(self, painter: QPainter, area: QRectF, x: float, y: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#ffffff"), 1.5))
        painter.setBrush(QColor(theme.ACCENT))
        middle = QPointF(area.left() + x * area.width(), area.top() + y * area.height())
        painter.drawEllipse(middle, _POINT_PX, _POINT_PX)

    def _draw_trouble(self, painter: QPainter, area: QRectF) -> None:
        painter.fillRect(area, QColor(255, 255, 255, 150))
        strip = QRectF(area.left(), area.bottom() - 30, area.width(), 30)
        painter.fillRect(strip, QColor("#b42318"))
        painter.setPen(QColor("#ffffff"))
        painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, "No new picture")
