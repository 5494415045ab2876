"""The window: one page at a time, every key, and the participant's way to a pause.

Holding Escape for a second, the handle in the corner, or closing the window, asks for a
pause; in a pause the same asks to end. The window itself decides nothing.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEvent, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from emer_studio.core import clock
from emer_studio.ui.desk_keys import desk_command
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import BlankPage, Page
from emer_studio.ui.participant.pause_page import PauseHandle, PausePage
from emer_studio.ui.words import Words

__all__ = ["HOLD_S", "ParticipantWindow"]

HOLD_S = 1.0
"""How long Escape is held to pause: longer than a slip, short enough for distress."""

_BANNER_PX = 28


class _Banner(QWidget):
    """A red strip above the stimulus area that says nobody is taking part."""

    def __init__(self, parent: QWidget, words: str) -> None:
        super().__init__(parent)
        self._words = words

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the strip."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), look.RED)
        look.text(painter, QRectF(self.rect()), self._words, self.height() * 0.6, bold=True)
        painter.end()


class _StopRing(QWidget):
    """A ring that fills while Escape is held."""

    def __init__(self, parent: QWidget, words: str) -> None:
        super().__init__(parent)
        self._words = words
        self.share = 0.0
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint ring and text on a card."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        u = self.height() / 90
        look.card(painter, QRectF(self.rect()), 14 * u, look.CARD, look.INK, 2 * u)
        ring = QRectF(20 * u, 20 * u, 50 * u, 50 * u)
        painter.setPen(QPen(look.CARD_QUIET, 9 * u))
        painter.drawEllipse(ring)
        painter.setPen(QPen(look.RED, 9 * u))
        painter.drawArc(ring, 90 * 16, -round(360 * 16 * self.share))
        words = QRectF(92 * u, 0, self.width() - 104 * u, self.height())
        look.text(painter, words, self._words, 24 * u, colour=look.INK)
        painter.end()


class ParticipantWindow(QWidget):
    """What the participant sees.

    Parameters
    ----------
    words : Words
        Built-in texts.
    simulated : bool
        Show the red banner of a simulated run.
    """

    pause_requested = Signal(str)  # "escape", "close" or "handle"
    page_changed = Signal(object)
    desk_asked = Signal(str)  # one of the operator's keys

    def __init__(self, words: Words, *, simulated: bool = False) -> None:
        super().__init__()
        self.setWindowTitle("EMER Studio")
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAutoFillBackground(True)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, look.BACKGROUND)
        self.setPalette(palette)
        self.page: Page = BlankPage(self)
        self._may_close = False
        self._banner = _Banner(self, words("simulated")) if simulated else None
        self._ring = _StopRing(self, words("stopping"))
        self.handle = PauseHandle(self, words)
        self.handle.pressed.connect(lambda: self.pause_requested.emit("handle"))
        self._held = QElapsedTimer()
        self._tick = QTimer(self, interval=33)
        self._tick.timeout.connect(self._holding)
        self._pointer(shown=False)

    def show_page(self, page: Page) -> float:
        """Show `page` instead of the present one; return the LSL time it was submitted."""
        old, self.page = self.page, page
        page.setGeometry(self._page_box())
        self._pointer(shown=False)
        self.setFocus()  # a field on the old page had it; one on the new page takes it
        page.show()
        page.lower()
        self.handle.stand(on=page.uses_pointer and not isinstance(page, PausePage))
        old.hide()
        old.deleteLater()
        page.shown_t_s = clock.now_s()
        page.repaint()
        page.shown_t_s = clock.now_s()
        self.page_changed.emit(page)
        return page.shown_t_s

    def page_size_px(self) -> tuple[int, int]:
        """Return width and height of the page in the pixels of the screen."""
        box, ratio = self._page_box(), self.devicePixelRatioF()
        return round(box.width() * ratio), round(box.height() * ratio)

    def snapshot(self, path: Path) -> bool:
        """Write what is shown to a PNG file; False when it could not be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return self.grab().save(str(path))

    def finish(self) -> None:
        """Close for good."""
        self._may_close = True
        self._tick.stop()
        self.close()

    def _page_box(self) -> QRect:
        top = _BANNER_PX if self._banner is not None else 0
        return self.rect().adjusted(0, top, 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit page, banner and ring."""
        self.page.setGeometry(self._page_box())
        if self._banner is not None:
            self._banner.setGeometry(0, 0, self.width(), _BANNER_PX)
        u = look.unit(self)
        self.handle.place(self.width(), self._page_box().top(), u)
        width, height = round(460 * u), round(90 * u)
        left, top = (self.width() - width) // 2, round(self.height() * 0.72)
        self._ring.setGeometry(left, top, width, height)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask for a pause instead of closing."""
        if not self._may_close:
            event.ignore()
            self.pause_requested.emit("close")

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Keep Tab as a key of the pages."""
        return False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the pointer on pages that can be clicked, once it is moved."""
        self._pointer(shown=self.page.uses_pointer)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Offer a pause on pages that take no press: they hand it on."""
        self.handle.come()

    def _pointer(self, *, shown: bool) -> None:
        shape = Qt.CursorShape.ArrowCursor if shown else Qt.CursorShape.BlankCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give a key to the page, or begin to hold Escape."""
        if event.isAutoRepeat() and event.key() not in self.page.repeating_keys:
            return
        if event.key() == Qt.Key.Key_Escape:
            self._held.start()
            self._tick.start()
        elif command := desk_command(event):
            self.desk_asked.emit(command)
        else:
            self.page.key(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go of Escape."""
        if event.key() == Qt.Key.Key_Escape and not event.isAutoRepeat():
            self._let_go()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget a held Escape: its release goes elsewhere."""
        self._let_go()

    def changeEvent(self, event: QEvent) -> None:
        """Forget a held Escape also when a field of the page had the keyboard."""
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._let_go()
        super().changeEvent(event)

    def _let_go(self) -> None:
        self._tick.stop()
        self._ring.hide()

    def _holding(self) -> None:
        held_s = self._held.elapsed() / 1000
        if held_s >= HOLD_S:
            self._let_go()
            self.pause_requested.emit("escape")
        elif held_s > 0.15:  # a short press shows nothing
            self._ring.share = held_s / HOLD_S
            self._ring.show()
            self._ring.raise_()
            self._ring.update()
