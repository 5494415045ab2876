"""The two pictures of the explorer: the face, and the clip with what was looked at."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from emer_studio.ui.explore.feed import Feed, by_index, by_stamp
from emer_studio.ui.explore.trial import Curves, TrialStory

__all__ = ["ClipScreen", "FaceScreen"]

_TRAIL_S = 0.5  # chosen by us: about two fixations
_GAZE = QColor("#ffd166")
_NOTHING = QColor("#26313c")


class Screen(QWidget):
    """A picture, as large as it fits; `words` stand where there is none."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMinimumSize(240, 150)
        policy = QSizePolicy.Policy.Expanding
        self.setSizePolicy(policy, policy)
        self.story: TrialStory | None = None
        self.image: QImage | None = None
        self.words = words
        self._drawn: tuple[tuple[int, QSize], QPixmap] | None = None
        self.feed = Feed(f"explore-{name.split()[0].lower()}", self)
        self.feed.ready.connect(self._show)
        self.feed.failed.connect(self._fail)

    def open(self, story: TrialStory | None, words: str) -> None:
        """Show another trial, or more of the same one; `words` where it has no picture."""
        before, self.story, self.words = self.story, story, words
        if before is None or story is None or before.shown != story.shown or words:
            self.feed.forget()
            self.image = None
        self.update()

    def setValue(self, time_s: float) -> None:
        """Show what was there `time_s` seconds after the clip began."""

    def finish(self) -> None:
        """Let go of the video."""
        self.feed.close()

    @property
    def box(self) -> QRectF:
        """Where the picture is drawn."""
        shape = self.image.size() if self.image is not None else self.size()
        size = shape.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(left, top, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and what lies over it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self.box
        if self.image is not None:
            painter.drawPixmap(box.topLeft(), self._fitted(self.image, box))
        else:
            painter.fillRect(box, _NOTHING)
            painter.setPen(QColor("#d5dbe1"))
            inside = box.adjusted(16, 16, -16, -16)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(inside, flags, self.words)
        self.draw_over(painter, box)

    def draw_over(self, painter: QPainter, box: QRectF) -> None:
        """Draw over the picture."""

    def _fitted(self, image: QImage, box: QRectF) -> QPixmap:
        """Return the picture at its size; what lies over it moves more often than it."""
        ratio = self.devicePixelRatioF()
        size = (box.size() * ratio).toSize()
        key = (image.cacheKey(), size)
        if self._drawn is None or self._drawn[0] != key:
            smooth = Qt.TransformationMode.SmoothTransformation
            shape = Qt.AspectRatioMode.IgnoreAspectRatio
            made = QPixmap.fromImage(image.scaled(size, shape, smooth))
            made.setDevicePixelRatio(ratio)
            self._drawn = (key, made)
        return self._drawn[1]

    def _show(self, image: QImage) -> None:
        self.image = image
        self.update()

    def _fail(self, why: str) -> None:
        self.image, self.words = None, why
        self.update()


class FaceScreen(Screen):
    """The participant's face."""

    def __init__(self) -> None:
        super().__init__("Face video", "")

    def setValue(self, time_s: float) -> None:
        """Ask for the frame that was taken last."""
        if self.story is None or self.story.face is None:
            return
        index = self.story.face_at(time_s)
        if index is not None:
            self.feed.want(self.story.face.video, by_index(index))


class ClipScreen(Screen):
    """The clip with the gaze, its trail, and where the eyes rested over the whole trial."""

    def __init__(self) -> None:
        super().__init__("Clip with gaze", "")
        self.shows_gaze, self.shows_map = True, False
        self._time_s = 0.0
        self._map: QImage | None = None

    def open(self, story: TrialStory | None, words: str) -> None:
        """Show another trial."""
        curves = story.curves if story is not None else None
        self._map = _heat(curves.density) if curves is not None else None
        super().open(story, words)

    def setValue(self, time_s: float) -> None:
        """Ask for the picture that was shown; the gaze moves at once."""
        self._time_s = time_s
        story = self.story
        if story is None:
            return
        pts_s = story.picture_at(time_s)
        if story.clip is not None and pts_s is not None:
            self._want(story.clip, pts_s)
        self.update()

    def _want(self, clip: Path, pts_s: float) -> None:
        self.feed.want(clip, by_stamp(pts_s))

    def draw_over(self, painter: QPainter, box: QRectF) -> None:
        """Draw the map and the gaze."""
        if self.story is None or self.story.curves is None:
            return
        if self.shows_map and self._map is not None:
            painter.drawImage(box, self._map)
        if self.shows_gaze:
            self._draw_gaze(painter, box, self.story.curves)

    def _draw_gaze(self, painter: QPainter, box: QRectF, curves: Curves) -> None:
        times_s = curves.values["times_s"]
        span = slice(*np.searchsorted(times_s, [self._time_s - _TRAIL_S, self._time_s]))
        points = self._points(curves.values["xy"][span], box)
        pen = QPen(_GAZE, 2.0)
        for place, (before, after) in enumerate(pairwise(points), start=1):
            if before is None or after is None:
                continue
            colour = QColor(_GAZE)
            colour.setAlphaF(0.15 + 0.75 * place / len(points))
            pen.setColor(colour)
            painter.setPen(pen)
            painter.drawLine(before, after)
        if points and points[-1] is not None:
            painter.setPen(QPen(QColor("#1f2933"), 1.5))
            painter.setBrush(_GAZE)
            painter.drawEllipse(points[-1], 7, 7)

    def _points(self, xy: npt.NDArray[Any], box: QRectF) -> list[QPointF | None]:
        """Return gaze on the display as points over the clip's picture."""
        assert self.story is not None
        left, top, width, height = self.story.frame
        found: list[QPointF | None] = []
        for x, y in xy.tolist():
            if x != x or y != y:
                found.append(None)
                continue
            across, down = (x - left) / width, (y - top) / height
            point = QPointF(
                box.left() + across * box.width(), box.top() + down * box.height()
            )
            found.append(point)
        return found


def _heat(density: npt.NDArray[np.float32]) -> QImage | None:
    """Return a map as a picture of which the densest place is opaque by six tenths."""
    most = float(density.max())
    if not most:
        return None
    share = np.clip(density / most, 0, 1)
    colours = _inferno()[(share * 255).astype(np.uint8)]
    alpha = (share * 0.6 * 255).astype(np.uint8)
    raw = np.ascontiguousarray(np.dstack([colours, alpha]))
    rows, columns = density.shape
    kind = QImage.Format.Format_RGBA8888
    return QImage(raw.tobytes(), columns, rows, 4 * columns, kind).copy()


@cache
def _inferno() -> npt.NDArray[np.uint8]:
    from matplotlib import colormaps

    return np.asarray(colormaps["inferno"](np.arange(256))[:, :3] * 255, np.uint8)
