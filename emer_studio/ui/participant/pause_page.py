"""The page of a pause, and the quiet handle that asks for one without a keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import ENTER_KEYS, Page
from emer_studio.ui.words import Words

__all__ = ["PauseHandle", "PausePage"]

_SHOWN_MS = 4000  # chosen by us: time to reach it with a finger, and no longer on a clip


class PausePage(Page):
    """Go on, or end the session; neither is a matter of a key pressed twice.

    Parameters
    ----------
    parent : QWidget
        The window.
    words : Words
        Built-in texts.
    may_go_on : bool
        Whether the participant ends the pause, or someone else does.
    """

    name = "pause"
    uses_pointer = True
    go_on = Signal()
    end = Signal()

    def __init__(self, parent: QWidget, words: Words, *, may_go_on: bool) -> None:
        super().__init__(parent)
        self._words, self._may_go_on = words, may_go_on

    def draw(self, painter: QPainter, u: float) -> None:
        """Draw the text and the two ways on."""
        width = min(self.width() - 80 * u, 900 * u)
        left = (self.width() - width) / 2
        title = QRectF(left, self.height() / 2 - 190 * u, width, 80 * u)
        look.text(painter, title, self._words("pause.title"), 46 * u, bold=True)
        body = self._words("pause.own" if self._may_go_on else "pause.wait")
        box = QRectF(left, title.bottom() + 10 * u, width, 110 * u)
        look.text(painter, box, body, 30 * u)
        if self._may_go_on:
            on = self._words("continue")
            look.button(painter, self.go_on_box(), on, u, ready=True)
        look.quiet_button(painter, self.end_box(), self._words("pause.end"), u)
        if self._may_go_on:
            line = QRectF(left, self.end_box().bottom() + 10 * u, width, 30 * u)
            look.text(painter, line, self._words("help.text"), 18 * u, colour=look.SOFT)

    def go_on_box(self) -> QRectF:
        """Return the place of the button that goes on."""
        u = look.unit(self)
        top = self.height() / 2 + 60 * u
        return QRectF(self.width() / 2 + 15 * u, top, 300 * u, 66 * u)

    def end_box(self) -> QRectF:
        """Return the place of the button that ends the session."""
        u, box = look.unit(self), self.go_on_box()
        left = self.width() / 2 - (315 if self._may_go_on else 150) * u
        return QRectF(left, box.top(), box.width(), box.height())

    def key(self, event: QKeyEvent) -> None:
        """Go on with Space or Enter; holding Escape ends, as the window sees it."""
        on = event.key() in (*ENTER_KEYS, Qt.Key.Key_Space)
        if on and self._may_go_on and not self.deaf:
            self.go_on.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a click on a button."""
        if self.deaf:
            return
        if self._may_go_on and self.go_on_box().contains(event.position()):
            self.go_on.emit()
        elif self.end_box().contains(event.position()):
            self.end.emit()


class PauseHandle(QWidget):
    """A small "Pause" in the corner, for a mouse or a finger.

    It stands on pages that are clicked anyway; on the others, which are looked at, it
    comes for a moment after a press and goes again.
    """

    pressed = Signal()

    def __init__(self, parent: QWidget, words: Words) -> None:
        super().__init__(parent)
        self._words = words("pause.handle")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._away = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._away.timeout.connect(self.hide)
        self.hide()

    def stand(self, *, on: bool) -> None:
        """Stay, or go away until it is called."""
        self._away.stop()
        self.setVisible(on)
        self.raise_()

    def come(self) -> None:
        """Come for a moment."""
        if not self.isVisible() or self._away.isActive():
            self.stand(on=True)
            self._away.start()

    def place(self, width: int, top: int, u: float) -> None:
        """Lie in the upper right corner of a window."""
        self.setGeometry(
            round(width - 120 * u), top + round(10 * u), round(108 * u), round(38 * u)
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Ask for a pause."""
        self.pressed.emit()

    def event(self, event: QEvent) -> bool:
        """Keep moves and releases from the page below."""
        kept = (QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease)
        return True if event.type() in kept else super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw two bars and the word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), look.BACKGROUND)
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        u = self.height() / 38
        look.card(painter, box, 8 * u, look.BACKGROUND, look.SOFT, 1.2 * u)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.SOFT)
        for left in (14, 21):
            corner = QPointF(left * u, 12 * u)
            painter.drawRect(QRectF(corner, QPointF((left + 4) * u, 26 * u)))
        words = box.adjusted(28 * u, 0, -6 * u, 0)
        look.text(painter, words, self._words, 18 * u, colour=look.SOFT)
        painter.end()
