"""The items page: several items on one scale, on as many screens as it takes.

A digit answers the active item and goes to the next one of the screen; the button goes
from screen to screen and confirms on the last.
"""

from __future__ import annotations

import random
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from emer_studio.schema.rating import RatingPage, local_text, mapped
from emer_studio.ui.participant import look
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.words import Words

__all__ = ["ItemsForm"]

_Key = Qt.Key
_Align = Qt.AlignmentFlag
# In units of the page, chosen by us: a row lower than this reads badly at 60 cm, more
# rows than this are a wall; so eight items fill a wide screen.
_LEAST_ROW, _MOST_ROW, _MOST_ROWS = 57, 84, 10
_HEAD = 40


class ItemsForm(RatingForm):
    """Rows of points, one for each item."""

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.order = list(rating.items)
        self.answers: dict[str, int] = {}
        self.active = 0

    def draw_order(self, seed: object) -> None:
        """Shuffle the items where the page says so."""
        if self.rating.shuffle_items:
            chance = random.Random() if seed is None else random.Random(str(seed))
            chance.shuffle(self.order)

    def value(self) -> dict[str, int] | None:
        """Return the point of each item once all are answered."""
        if len(self.answers) < len(self.order):
            return None
        return {name: self.answers[name] for name in self.rating.items}

    def mapped(self) -> dict[str, float]:
        """Return each item on -1 … 1."""
        return {
            name: mapped(self.answers[name], self.rating.points)
            for name in self.rating.items
            if name in self.answers
        }

    def state(self) -> dict[str, int] | None:
        """Return the points given so far."""
        return dict(self.answers) or None

    def restore(self, earlier: Any) -> None:
        """Give the same points again."""
        self.answers = {name: int(point) for name, point in earlier.items()}

    def details(self) -> dict[str, object]:
        """Return the order in which the items were asked."""
        return {"order": list(self.order)}

    @property
    def per_screen(self) -> int:
        """Number of items on a screen, spread evenly."""
        room = (self.answers_box().height() / look.unit(self) - _HEAD) / _LEAST_ROW
        most = min(max(int(room), 1), _MOST_ROWS)
        screens = -(-len(self.order) // most)
        return -(-len(self.order) // screens)

    @property
    def screens(self) -> int:
        """Number of screens."""
        return -(-len(self.order) // self.per_screen)

    @property
    def screen_shown(self) -> int:
        """The screen shown, from 0: that of the active item."""
        return self.active // self.per_screen

    def shown(self) -> range:
        """Return the places in the order that are on the screen."""
        first = self.screen_shown * self.per_screen
        return range(first, min(first + self.per_screen, len(self.order)))

    def _missing(self, places: range) -> int | None:
        return next((i for i in places if self.order[i] not in self.answers), None)

    def ready(self) -> bool:
        """Tell whether every item of this screen, on the last of all, is answered."""
        last = self.screen_shown == self.screens - 1
        places = range(len(self.order)) if last else self.shown()
        return self._missing(places) is None

    def on_words(self) -> str:
        """Return "Next" on every screen but the last."""
        return self.words("confirm" if self.screen_shown == self.screens - 1 else "next")

    def back_words(self) -> str:
        """Return "Previous" on every screen but the first."""
        return f"‹ {self.words('previous')}" if self.screen_shown else super().back_words()

    def go_on(self, how: str) -> None:
        """Go to the next screen; confirm on the last."""
        if self.ready() and self.screen_shown < self.screens - 1:
            self._turn(1)
        else:
            super().go_on(how)

    def go_back(self) -> None:
        """Go to the screen before this one, else to the page before."""
        if self.screen_shown:
            self._turn(-1)
        else:
            super().go_back()

    def _turn(self, by: int) -> None:
        to = min(max(self.screen_shown + by, 0), self.screens - 1)
        if to != self.screen_shown:
            self.active, self.complaining = to * self.per_screen, False

    def mark_missing(self) -> None:
        """Make the first item without an answer the active one, this screen's first."""
        here = self._missing(self.shown())
        found = self._missing(range(len(self.order))) if here is None else here
        self.active = self.active if found is None else found

    def answer_key(self, key: int) -> None:
        """Answer with digits or Left and Right; move with Up, Down, Tab, Page keys."""
        if _Key.Key_1 <= key <= _Key.Key_9:
            self._rate(self.active, key - _Key.Key_0, move_on=True)
        elif key in (_Key.Key_Left, _Key.Key_Right):
            self._step(1 if key == _Key.Key_Right else -1)
        elif key in (_Key.Key_Down, _Key.Key_Tab):
            self.active = min(self.active + 1, len(self.order) - 1)
        elif key in (_Key.Key_Up, _Key.Key_Backtab):
            self.active = max(self.active - 1, 0)
        elif key in (_Key.Key_PageDown, _Key.Key_PageUp):
            self._turn(1 if key == _Key.Key_PageDown else -1)

    def _step(self, by: int) -> None:
        """Move the active item's answer; the first step starts in the middle."""
        points, now = self.rating.points, self.answers.get(self.order[self.active])
        to = (points + 1) // 2 if now is None else min(max(now + by, 1), points)
        self._rate(self.active, to, move_on=False)

    def answer_click(self, at: QPointF) -> None:
        """Answer with a click on a point; one beside it makes its item active."""
        for place in self.shown():
            if not self.row_box(place).contains(at):
                continue
            self.active = place
            for point in range(1, self.rating.points + 1):
                if self.cell_box(place, point).contains(at):
                    self._rate(place, point, move_on=True)
            return

    def _rate(self, place: int, point: int, *, move_on: bool) -> None:
        if point > self.rating.points:
            return
        name = self.order[place]
        if self.answers.get(name) != point:
            self.answers[name] = point
            self.changed.emit(name, point)
        if move_on:
            self.active = min(place + 1, self.shown()[-1])

    def row_box(self, place: int) -> QRectF:
        """Return the card of an item on the screen that is shown."""
        box, u = self.answers_box(), look.unit(self)
        count = min(self.per_screen, len(self.order))
        height = min((box.height() - _HEAD * u) / count, _MOST_ROW * u)
        width = min(box.width(), 1180 * u)
        left = box.center().x() - width / 2
        spare = box.height() - _HEAD * u - count * height
        top = box.top() + _HEAD * u + spare / 2 + (place - self.shown()[0]) * height
        return QRectF(left, top, width, height - 7 * u)

    def cell_box(self, place: int, point: int) -> QRectF:
        """Return the place of a point of an item."""
        row, u = self.row_box(place), look.unit(self)
        points = self.rating.points
        room = row.width() * 0.62
        width = min(room / points, 118 * u)
        left = row.right() - 10 * u - (points - point + 1) * width
        return QRectF(left + 3 * u, row.top() + 5 * u, width - 6 * u, row.height() - 10 * u)

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw the ends of the scale and the items of the screen."""
        self._draw_head(painter, u)
        for place in self.shown():
            self._draw_row(painter, u, place)

    def _draw_head(self, painter: QPainter, u: float) -> None:
        place = self.shown()[0]
        row = self.row_box(place)
        first = self.cell_box(place, 1)
        line = QRectF(first.left(), row.top() - 36 * u, row.right() - first.left(), 32 * u)
        half = (line.width() - 30 * u) / 2
        language = self.words.language
        for words, align, at in (
            (local_text(self.rating.low, language), _Align.AlignLeft, line.left()),
            (
                local_text(self.rating.high, language),
                _Align.AlignRight,
                line.right() - half,
            ),
        ):
            side = QRectF(at, line.top(), half, line.height())
            look.text(painter, side, words, 23 * u, align=align | _Align.AlignBottom)
        if self.screens > 1:
            here = self.words("screen", screen=self.screen_shown + 1, screens=self.screens)
            side = QRectF(row.left() + 20 * u, line.top(), 300 * u, line.height())
            left = _Align.AlignLeft | _Align.AlignBottom
            look.text(painter, side, here, 23 * u, colour=look.SOFT, align=left)

    def _draw_row(self, painter: QPainter, u: float, place: int) -> None:
        box, name, active = self.row_box(place), self.order[place], place == self.active
        missing = self.complaining and name not in self.answers
        edge = look.MISSING if missing else look.ACCENT if active else None
        fill = look.CARD if active else look.CARD_QUIET
        look.card(painter, box, 10 * u, fill, edge, (5 if missing else 4) * u)
        first = self.cell_box(place, 1)
        words = QRectF(
            box.left() + 22 * u, box.top(), first.left() - box.left() - 40 * u, box.height()
        )
        shown = local_text(self.rating.items[name], self.words.language, name)
        left = _Align.AlignLeft | _Align.AlignVCenter
        look.text(painter, words, shown, 27 * u, colour=look.INK, bold=active, align=left)
        for point in range(1, self.rating.points + 1):
            cell, picked = self.cell_box(place, point), self.answers.get(name) == point
            paper, line = (look.PICKED, look.ACCENT) if picked else (look.PAPER, look.LINE)
            look.card(painter, cell, 8 * u, paper, line, (4 if picked else 1.5) * u)
            size = min(25 * u, cell.width() * 0.5)
            look.text(painter, cell, str(point), size, colour=look.INK, bold=picked)
