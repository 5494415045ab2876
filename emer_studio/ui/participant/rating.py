"""What the three kinds of rating pages share: question, confirmation, keys and events."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.schema.rating import RatingPage, local_text
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import ENTER_KEYS, Page
from emer_studio.ui.words import Words

__all__ = ["RatingForm"]


class RatingForm(Page):
    """A page with questions; nothing is preselected.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts and the language of the page.
    rating : RatingPage
        What to ask.
    """

    name = "rating"
    uses_pointer = True
    changed = Signal(object, object)  # dimension or None, value

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent)
        self.rating = rating
        self.words = words
        self.input = ""
        self.rt_s = 0.0
        self.complaining = False

    def value(self) -> object:
        """Return the answer as it is stored, or None while it is incomplete."""
        raise NotImplementedError

    def mapped(self) -> object:
        """Return the answer on -1 … 1, None for a label."""
        raise NotImplementedError

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw what can be chosen inside `box`."""
        raise NotImplementedError

    def answer_key(self, key: int) -> None:
        """Take a key that is not Enter."""
        raise NotImplementedError

    def answer_click(self, at: QPointF) -> None:
        """Take a click that is not on the button."""
        raise NotImplementedError

    def answers_box(self) -> QRectF:
        """Return the place between question and button."""
        u = look.unit(self)
        top, bottom = 88 * u, self.height() - 112 * u
        return QRectF(30 * u, top, self.width() - 60 * u, bottom - top)

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw question, answers, button and help."""
        question = local_text(self.rating.question, self.words.language, self.words("rate"))
        box = QRectF(40 * u, 16 * u, self.width() - 80 * u, 66 * u)
        look.text(painter, box, question, 36 * u, bold=True)
        self.draw_answers(painter, u, self.answers_box())
        ready = self.value() is not None
        look.button(painter, self._button_box(), self.words("confirm"), u, ready=ready)
        line = QRectF(20 * u, self.height() - 36 * u, self.width() - 40 * u, 28 * u)
        if self.complaining and not ready:
            complaint = self.words(f"missing.{self.rating.kind}")
            look.text(painter, line, complaint, 22 * u, colour=look.MISSING, bold=True)
            return
        count = len(self.rating.labels) or self.rating.points
        keys = self.words(f"help.{self.rating.kind}", points=min(count, 9))
        centre = Qt.AlignmentFlag.AlignVCenter
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        half = QRectF(line.left(), line.top(), line.width() * 0.66, line.height())
        look.text(painter, half, keys, 18 * u, colour=look.SOFT, align=left | centre)
        half = line.adjusted(line.width() * 0.66, 0, 0, 0)
        stop = self.words("stop_hint")
        look.text(painter, half, stop, 18 * u, colour=look.SOFT, align=right | centre)

    def _button_box(self) -> QRectF:
        u = look.unit(self)
        width, height = 260 * u, 58 * u
        return QRectF((self.width() - width) / 2, self.height() - 104 * u, width, height)

    def key(self, event: QKeyEvent) -> None:
        """Confirm with Enter; every other key answers."""
        if event.key() in ENTER_KEYS:
            self._confirm("keyboard")
            return
        before = self.value()
        self.answer_key(event.key())
        if self.value() != before:
            self.input = "keyboard"
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Confirm with the button; every other click answers."""
        if self._button_box().contains(event.position()):
            self._confirm("mouse")
            return
        self.input = "mouse"
        self.answer_click(event.position())
        self.update()

    def _confirm(self, how: str) -> None:
        if self.deaf:
            return
        if self.value() is None:
            self.complaining = True
            self.mark_missing()
            self.update()
            return
        self.input = self.input or how
        self.rt_s = clock.now_s() - self.shown_t_s
        self.done.emit()

    def mark_missing(self) -> None:
        """Go to what is still missing."""
