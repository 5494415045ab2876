"""The plain pages: text, fixation cross and blank.

Pages do not hold the keyboard focus: the window takes every key and hands it to the page
that is shown. Only a field to write in has it (`free_text`).
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.ui.participant import look
from emer_studio.ui.words import Words

__all__ = ["ENTER_KEYS", "BlankPage", "FixationPage", "Page", "TextPage"]

ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
# A key pressed twice on the page before must not answer this one. Chosen by us: shorter
# than anyone reads, longer than a double press.
_DEAF_S = 0.3


class Page(QWidget):
    """One page of the participant's window."""

    name = "page"
    uses_pointer = False
    repeating_keys: frozenset[int] = frozenset()
    """Keys that count again while they are held down."""
    done = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.shown_t_s = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def deaf(self) -> bool:
        """Whether the page has just appeared and takes no answer yet."""
        return clock.now_s() - self.shown_t_s < _DEAF_S

    def key(self, event: QKeyEvent) -> None:
        """Take a key press; repeats only of `repeating_keys`."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background, then the page."""
        painter = QPainter(self)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing
        )
        painter.fillRect(self.rect(), look.BACKGROUND)
        self.draw(painter, look.unit(self))
        painter.end()

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw the page; `u` is the size of a unit in pixels."""


class BlankPage(Page):
    """Nothing but the background, or an even grey.

    Parameters
    ----------
    parent : QWidget
        The window.
    luminance : float, optional
        Luma of the grey, 0 black … 1 white, as of a clip's picture.
    """

    name = "blank"

    def __init__(self, parent: QWidget, luminance: float | None = None) -> None:
        super().__init__(parent)
        self._grey = None if luminance is None else round(255 * min(max(luminance, 0), 1))

    def draw(self, painter: QPainter, u: float) -> None:
        """Fill the page where it is grey."""
        if self._grey is not None:
            painter.fillRect(self.rect(), QColor(self._grey, self._grey, self._grey))


class FixationPage(Page):
    """A cross in the middle."""

    name = "fixation"

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw the cross."""
        middle, reach = QRectF(self.rect()).center(), 22 * u
        painter.setPen(QPen(look.TEXT, 5 * u, c=Qt.PenCapStyle.FlatCap))
        for across in (QPointF(reach, 0), QPointF(0, reach)):
            painter.drawLine(middle - across, middle + across)


class TextPage(Page):
    """A title, a text and one way on: Space, Enter or the button.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts.
    title, body, button : str
        What to show; a page without a button waits for the next command.
    """

    name = "text"
    uses_pointer = True

    def __init__(
        self, parent: QWidget, words: Words, title: str, body: str, button: str | None
    ) -> None:
        super().__init__(parent)
        self._words = words
        self._title, self._body = title, body
        self._button = words("continue") if button is None else button

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw title, body and button."""
        width = min(self.width() - 80 * u, 940 * u)
        left = (self.width() - width) / 2
        bottom = self._button_box().top() - 30 * u
        top = 150 * u if self._body else 60 * u
        if self._title:
            height = 110 * u if self._body else bottom - top
            box = QRectF(left, 56 * u, width, height)
            look.text(painter, box, self._title, 46 * u, bold=True)
            top = 180 * u
        body = QRectF(left, top, width, max(bottom - top, 10))
        look.paragraph(painter, body, self._body, 32 * u)
        if self._button:
            box = self._button_box()
            look.button(painter, box, self._button, u, ready=True)
            help_box = QRectF(left, box.bottom() + 8 * u, width, 30 * u)
            look.text(painter, help_box, self._words("help.text"), 18 * u, colour=look.SOFT)
        hint = QRectF(0, self.height() - 34 * u, self.width() - 20 * u, 26 * u)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        look.text(
            painter, hint, self._words("stop_hint"), 18 * u, colour=look.SOFT, align=right
        )

    def _button_box(self) -> QRectF:
        u = look.unit(self)
        width, height = 300 * u, 66 * u
        return QRectF((self.width() - width) / 2, self.height() - 150 * u, width, height)

    def key(self, event: QKeyEvent) -> None:
        """Go on with Space or Enter."""
        if (
            self._button
            and not self.deaf
            and event.key() in (*ENTER_KEYS, Qt.Key.Key_Space)
        ):
            self.done.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go on with a click on the button."""
        inside = self._button_box().contains(event.position())
        if self._button and inside and not self.deaf:
            self.done.emit()
