"""The choice page (one label out of several) and the scale page (one point)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from emer_studio.schema.rating import RatingPage, local_text, mapped
from emer_studio.ui.participant import look
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.words import Words

__all__ = ["ChoiceForm", "ScaleForm"]

_Key = Qt.Key


class _OneOf(RatingForm):
    """Pick one of `count` boxes, with a digit, the arrows or the mouse."""

    back: tuple[int, ...] = ()
    forth: tuple[int, ...] = ()
    start = 0

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.picked: int | None = None

    @property
    def count(self) -> int:
        """Number of answers to choose from."""
        raise NotImplementedError

    def answer_box(self, index: int) -> QRectF:
        """Return the place of an answer."""
        raise NotImplementedError

    def answer_key(self, key: int) -> None:
        """Pick with a digit, or step from the present answer."""
        if _Key.Key_1 <= key <= _Key.Key_9:
            self._pick(key - _Key.Key_1)
        elif key in self.back or key in self.forth:
            by = 1 if key in self.forth else -1
            now = self.picked
            self._pick(self.start if now is None else min(max(now + by, 0), self.count - 1))

    def answer_click(self, at: QPointF) -> None:
        """Pick the answer under the pointer."""
        for index in range(self.count):
            if self.answer_box(index).contains(at):
                self._pick(index)

    def _pick(self, index: int) -> None:
        if index < self.count and index != self.picked:
            self.picked = index
            self.changed.emit(None, self.value())


class ChoiceForm(_OneOf):
    """One label out of several, numbered."""

    back = (_Key.Key_Up, _Key.Key_Left, _Key.Key_Backtab)
    forth = (_Key.Key_Down, _Key.Key_Right, _Key.Key_Tab)

    @property
    def count(self) -> int:
        """Number of labels."""
        return len(self.rating.labels)

    def value(self) -> str | None:
        """Return the label."""
        return None if self.picked is None else self.rating.labels[self.picked]

    def restore(self, earlier: Any) -> None:
        """Pick a label again."""
        self.picked = self.rating.labels.index(earlier)

    def mapped(self) -> None:
        """A label has no place on a scale."""

    def answer_box(self, index: int) -> QRectF:
        """Return the card of a label: one column, two from seven labels on."""
        box, u = self.answers_box(), look.unit(self)
        columns = 1 if self.count <= 6 else 2 if self.count <= 14 else 3
        rows = -(-self.count // columns)
        height = min(box.height() / rows, 84 * u)
        width = min(box.width() / columns, 470 * u)
        left = box.center().x() - columns * width / 2 + (index // rows) * width
        top = box.center().y() - rows * height / 2 + (index % rows) * height
        gap = 6 * u
        return QRectF(left + gap, top + gap, width - 2 * gap, height - 2 * gap)

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw a card for each label."""
        for index, label in enumerate(self.rating.labels):
            place, picked = self.answer_box(index), index == self.picked
            fill, edge = (look.PICKED, look.ACCENT) if picked else (look.CARD, None)
            if self.complaining and self.picked is None:
                edge = look.MISSING
            look.card(painter, place, 10 * u, fill, edge, 4 * u)
            chip = QRectF(place.left() + 16 * u, place.top(), 44 * u, place.height())
            if index < 9:
                look.text(
                    painter, chip, str(index + 1), 22 * u, colour=look.ACCENT, bold=True
                )
            words = place.adjusted(70 * u, 0, -16 * u, 0)
            align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            shown = self.words.label(label)
            look.text(
                painter, words, shown, 28 * u, colour=look.INK, bold=picked, align=align
            )


class ScaleForm(_OneOf):
    """One point of a scale with a text at each end."""

    back = (_Key.Key_Left, _Key.Key_Down)
    forth = (_Key.Key_Right, _Key.Key_Up)

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.start = (rating.points - 1) // 2

    @property
    def count(self) -> int:
        """Number of points."""
        return self.rating.points

    def value(self) -> int | None:
        """Return the point, 1 at the left."""
        return None if self.picked is None else self.picked + 1

    def restore(self, earlier: Any) -> None:
        """Pick a point again."""
        self.picked = int(earlier) - 1

    def mapped(self) -> float | None:
        """Return the point on -1 … 1."""
        point = self.value()
        return None if point is None else mapped(point, self.rating.points)

    def answer_box(self, index: int) -> QRectF:
        """Return the square of a point."""
        box, u = self.answers_box(), look.unit(self)
        side = min(box.width() / self.count, 112 * u)
        left = box.center().x() - self.count * side / 2 + index * side
        gap = 7 * u
        top = box.center().y() - side / 2 - 20 * u
        return QRectF(left + gap, top + gap, side - 2 * gap, side - 2 * gap)

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw the points and the texts at both ends."""
        for index in range(self.count):
            place, picked = self.answer_box(index), index == self.picked
            fill, edge = (look.PICKED, look.ACCENT) if picked else (look.CARD, None)
            if self.complaining and self.picked is None:
                edge = look.MISSING
            look.card(painter, place, 12 * u, fill, edge, 4 * u)
            size = min(34 * u, place.height() * 0.5)
            look.text(painter, place, str(index + 1), size, colour=look.INK, bold=picked)
        first, last = self.answer_box(0), self.answer_box(self.count - 1)
        half = (last.right() - first.left()) / 2
        line = QRectF(first.left(), first.bottom() + 12 * u, half - 10 * u, 64 * u)
        top, left = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignLeft
        low = local_text(self.rating.low, self.words.language)
        look.text(painter, line, low, 26 * u, align=left | top)
        line.moveRight(last.right())
        high = local_text(self.rating.high, self.words.language)
        look.text(painter, line, high, 26 * u, align=Qt.AlignmentFlag.AlignRight | top)
