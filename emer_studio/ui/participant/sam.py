"""The SAM page: a row of figures for each dimension."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from emer_studio.schema.rating import RatingPage, mapped
from emer_studio.ui.participant import look
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.sam_figures import figure
from emer_studio.ui.words import Words

__all__ = ["SamForm"]

_Key = Qt.Key


class SamForm(RatingForm):
    """Rows of figures: digits rate the active row and move on, arrows and mouse do too."""

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.answers: dict[str, int] = {}
        self.active = 0
        self._pictures: dict[tuple[str, int, int], QPixmap] = {}

    def value(self) -> dict[str, int] | None:
        """Return the point of each dimension once all are rated."""
        if len(self.answers) < len(self.rating.dimensions):
            return None
        return {name: self.answers[name] for name in self.rating.dimensions}

    def state(self) -> dict[str, int] | None:
        """Return the points given so far."""
        return dict(self.answers) or None

    def restore(self, earlier: Any) -> None:
        """Give the same points again."""
        self.answers = {name: int(point) for name, point in earlier.items()}

    def mapped(self) -> dict[str, float]:
        """Return each dimension on -1 … 1."""
        return {name: mapped(v, self.rating.points) for name, v in self.answers.items()}

    def mark_missing(self) -> None:
        """Make the first row without an answer the active one."""
        for row, name in enumerate(self.rating.dimensions):
            if name not in self.answers:
                self.active = row
                return

    def answer_key(self, key: int) -> None:
        """Rate with digits or Left and Right; change rows with Up, Down, Tab, Backspace."""
        last = len(self.rating.dimensions) - 1
        if _Key.Key_1 <= key <= _Key.Key_9:
            self._rate(self.active, key - _Key.Key_0, move_on=True)
        elif key in (_Key.Key_Left, _Key.Key_Right):
            self._step(1 if key == _Key.Key_Right else -1)
        elif key in (_Key.Key_Down, _Key.Key_Tab):
            self.active = min(self.active + 1, last)
        elif key in (_Key.Key_Up, _Key.Key_Backtab, _Key.Key_Backspace):
            self.active = max(self.active - 1, 0)

    def _step(self, by: int) -> None:
        """Move the answer of the active row; the first step starts in the middle."""
        points = self.rating.points
        now = self.answers.get(self.rating.dimensions[self.active])
        to = (points + 1) // 2 if now is None else min(max(now + by, 1), points)
        self._rate(self.active, to, move_on=False)

    def answer_click(self, at: QPointF) -> None:
        """Rate with a click on a figure; a click beside one makes its row active."""
        for row in range(len(self.rating.dimensions)):
            if not self.row_box(row).contains(at):
                continue
            self.active = row
            for point in range(1, self.rating.points + 1):
                if self.cell_box(row, point).contains(at):
                    self._rate(row, point, move_on=True)
                    return

    def _rate(self, row: int, point: int, *, move_on: bool) -> None:
        if point > self.rating.points:
            return
        name = self.rating.dimensions[row]
        if self.answers.get(name) != point:
            self.answers[name] = point
            self.changed.emit(name, point)
        if move_on:
            self.active = min(row + 1, len(self.rating.dimensions) - 1)

    def row_box(self, row: int) -> QRectF:
        """Return the card of a row."""
        box, u = self.answers_box(), look.unit(self)
        count = len(self.rating.dimensions)
        cell = (box.width() - 28 * u) / self.rating.points
        height = min(box.height() / count, cell + 84 * u, 230 * u)
        top = box.top() + (box.height() - count * height) / 2
        width = min(box.width(), self.rating.points * (height - 20 * u) + 28 * u)
        left = box.center().x() - width / 2
        return QRectF(left, top + row * height, width, height - 10 * u)

    def cell_box(self, row: int, point: int) -> QRectF:
        """Return the place of a figure with its digit."""
        box, u = self.row_box(row), look.unit(self)
        width = (box.width() - 28 * u) / self.rating.points
        left = box.left() + 14 * u + (point - 1) * width
        return QRectF(left, box.top() + 33 * u, width, box.height() - 36 * u)

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw every row."""
        for row, name in enumerate(self.rating.dimensions):
            self._draw_row(painter, u, row, name)

    def _draw_row(self, painter: QPainter, u: float, row: int, name: str) -> None:
        box, active = self.row_box(row), row == self.active
        missing = self.complaining and name not in self.answers
        edge = look.MISSING if missing else look.ACCENT if active else None
        fill = look.CARD if active else look.CARD_QUIET
        look.card(painter, box, 12 * u, fill, edge, (5 if missing else 3) * u)
        line = QRectF(box.left() + 20 * u, box.top() + 3 * u, box.width() - 40 * u, 29 * u)
        centre = Qt.AlignmentFlag.AlignVCenter
        for key, align, bold in (
            ("low", Qt.AlignmentFlag.AlignLeft, False),
            ("name", Qt.AlignmentFlag.AlignHCenter, True),
            ("high", Qt.AlignmentFlag.AlignRight, False),
        ):
            words = self.words(f"sam.{name}.{key}")
            size = (22 if bold else 20) * u
            look.text(
                painter, line, words, size, colour=look.INK, bold=bold, align=align | centre
            )
        for point in range(1, self.rating.points + 1):
            self._draw_cell(painter, u, row, name, point)

    def _draw_cell(
        self, painter: QPainter, u: float, row: int, name: str, point: int
    ) -> None:
        box = self.cell_box(row, point).adjusted(2 * u, 0, -2 * u, -2 * u)
        picked = self.answers.get(name) == point
        if picked:
            look.card(painter, box, 10 * u, look.PICKED, look.ACCENT, 4 * u)
        side = min(box.width() - 10 * u, box.height() - 27 * u)
        at = QRectF(box.center().x() - side / 2, box.top() + 3 * u, side, side)
        painter.drawPixmap(at.topLeft(), self._picture(name, point, round(side)))
        digit = QRectF(box.left(), box.bottom() - 25 * u, box.width(), 24 * u)
        look.text(painter, digit, str(point), 18 * u, colour=look.INK, bold=picked)

    def _picture(self, name: str, point: int, side: int) -> QPixmap:
        key = (name, point, side)
        if key not in self._pictures:
            ratio = self.devicePixelRatioF()
            picture = QPixmap(
                QSize(max(round(side * ratio), 1), max(round(side * ratio), 1))
            )
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint(painter, name, point, picture.rect())
            painter.end()
            picture.setDevicePixelRatio(ratio)
            self._pictures[key] = picture
        return self._pictures[key]

    def _paint(self, painter: QPainter, name: str, point: int, box: QRect) -> None:
        """Paint the lab's own picture of a point, else our figure."""
        own = self.rating.figures
        if own is None:
            level = (point - 1) / (self.rating.points - 1)
            QSvgRenderer(QByteArray(figure(name, level).encode())).render(painter)
            return
        drawing = Path(own.folder) / f"{name}_{point}.svg"
        if drawing.is_file():
            renderer = QSvgRenderer(str(drawing))
            renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
            renderer.render(painter)
            return
        photo = QPixmap(str(drawing.with_suffix(".png")))
        fitted = photo.size().scaled(box.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), fitted)
        place.moveCenter(box.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, photo)
