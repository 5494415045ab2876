"""What all kinds of rating pages share: question, confirmation, keys and events."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QInputDevice, QKeyEvent, QMouseEvent, QPainter
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
    changed = Signal(object, object)  # dimension, item or None; value
    back_asked = Signal()

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent)
        self.rating = rating
        self.words = words
        self.input = ""
        self.rt_s = 0.0
        self.complaining = False

    def begin(self, seed: object = None, earlier: object = None) -> None:
        """Get ready to be shown: draw an order, and show an earlier answer again.

        Parameters
        ----------
        seed : object
            Of whatever the page draws; without one every drawing is new.
        earlier : object
            What `state` was when the participant left this page in the same trial.
        """
        self.draw_order(seed)
        if earlier is not None:
            self.restore(earlier)

    def draw_order(self, seed: object) -> None:
        """Draw the order of what is asked, where it has one."""

    def restore(self, earlier: Any) -> None:
        """Fill in an earlier answer."""
        raise NotImplementedError

    def state(self) -> object:
        """Return what is filled in so far, whole or not; None when nothing is."""
        return self.value()

    def details(self) -> dict[str, object]:
        """Return what else is stored with the answer."""
        return {}

    def value(self) -> object:
        """Return the answer as it is stored, or None while it is incomplete."""
        raise NotImplementedError

    def mapped(self) -> object:
        """Return the answer on -1 … 1, None where it has no place there."""
        raise NotImplementedError

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw what can be chosen inside `box`."""
        raise NotImplementedError

    def answer_key(self, key: int) -> None:
        """Take a key that goes neither on nor back."""
        raise NotImplementedError

    def answer_click(self, at: QPointF) -> None:
        """Take a click that is on no button."""
        raise NotImplementedError

    def answers_box(self) -> QRectF:
        """Return the place between question and buttons."""
        u = look.unit(self)
        top, bottom = 88 * u, self.height() - 112 * u
        return QRectF(30 * u, top, self.width() - 60 * u, bottom - top)

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw question, answers, buttons and help."""
        question = local_text(self.rating.question, self.words.language, self.words("rate"))
        box = QRectF(40 * u, 16 * u, self.width() - 80 * u, 66 * u)
        look.text(painter, box, question, 36 * u, bold=True)
        self.draw_answers(painter, u, self.answers_box())
        look.button(painter, self.button_box(), self.on_words(), u, ready=self.ready())
        if self.back_words():
            look.quiet_button(painter, self.back_box(), self.back_words(), u)
        line = QRectF(20 * u, self.height() - 36 * u, self.width() - 40 * u, 28 * u)
        if self.complaining and not self.ready():
            complaint = self.words(f"missing.{self.rating.kind}")
            look.text(painter, line, complaint, 22 * u, colour=look.MISSING, bold=True)
            return
        centre = Qt.AlignmentFlag.AlignVCenter
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        half = QRectF(line.left(), line.top(), line.width() * 0.7, line.height())
        help_ = self.help_words()
        look.text(painter, half, help_, 18 * u, colour=look.SOFT, align=left | centre)
        half = line.adjusted(line.width() * 0.7, 0, 0, 0)
        stop = self.words("stop_hint")
        look.text(painter, half, stop, 18 * u, colour=look.SOFT, align=right | centre)

    def help_words(self) -> str:
        """Return which keys answer."""
        count = len(self.rating.labels) or self.rating.points
        keys = self.words(f"help.{self.rating.kind}", points=min(count, 9))
        return f"{keys}   ·   {self.words('help.back')}" if self.back_words() else keys

    def on_words(self) -> str:
        """Return what the button that goes on says."""
        return self.words("confirm")

    def back_words(self) -> str:
        """Return what the button that goes back says; there is none without words."""
        return f"‹ {self.words('back')}" if self.rating.back else ""

    def ready(self) -> bool:
        """Tell whether the participant may go on."""
        return self.value() is not None

    def button_box(self) -> QRectF:
        """Return the place of the button that goes on."""
        u = look.unit(self)
        width, height = 260 * u, 58 * u
        return QRectF((self.width() - width) / 2, self.height() - 104 * u, width, height)

    def back_box(self) -> QRectF:
        """Return the place of the button that goes back."""
        u, on = look.unit(self), self.button_box()
        return QRectF(on.left() - 204 * u, on.top(), 180 * u, on.height())

    def key(self, event: QKeyEvent) -> None:
        """Go on with Enter, back with Backspace where that is allowed; others answer."""
        if event.key() in ENTER_KEYS:
            self._press_on("keyboard")
        elif event.key() == Qt.Key.Key_Backspace and self.back_words():
            self._press_back()
        else:
            before = self.state()
            self.answer_key(event.key())
            if self.state() != before:
                self.input = "keyboard"
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go on or back with the buttons; every other click answers."""
        finger = event.device().type() == QInputDevice.DeviceType.TouchScreen
        how = "touch" if finger else "mouse"
        if self.button_box().contains(event.position()):
            self._press_on(how)
        elif self.back_words() and self.back_box().contains(event.position()):
            self._press_back()
        else:
            self.input = how
            self.answer_click(event.position())
            self.update()

    def _press_on(self, how: str) -> None:
        if not self.deaf:
            self.go_on(how)
            self.update()

    def _press_back(self) -> None:
        if not self.deaf:
            self.go_back()
            self.update()

    def go_on(self, how: str) -> None:
        """Confirm, or show what is missing."""
        if not self.ready():
            self.complaining = True
            self.mark_missing()
            return
        self.input = self.input or how
        self.rt_s = clock.now_s() - self.shown_t_s
        self.done.emit()

    def go_back(self) -> None:
        """Ask for the page before this one."""
        self.back_asked.emit()

    def mark_missing(self) -> None:
        """Go to what is still missing."""
