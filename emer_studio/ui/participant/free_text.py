"""The text page: an answer in the participant's own words.

The field is a real editor, so that input methods (Chinese, Japanese, dead keys) work; it
holds the keyboard focus and hands Escape and what ends the page to the window.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from emer_studio.schema.rating import RatingPage
from emer_studio.ui.desk_keys import desk_command
from emer_studio.ui.participant import look
from emer_studio.ui.participant.pages import ENTER_KEYS
from emer_studio.ui.participant.rating import RatingForm
from emer_studio.ui.words import Words

__all__ = ["MOST_CHARACTERS", "TextForm"]

MOST_CHARACTERS = 2000
"""Longest answer kept (chosen by us): a page of writing, and one line of the journal."""

_SETTLE_MS = 1000  # chosen by us: a pause in writing; what stands then is logged
_Control = Qt.KeyboardModifier.ControlModifier
_NOT_WRITING = (Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
_Alt = Qt.KeyboardModifier.AltModifier


class _Field(QPlainTextEdit):
    """The editor: plain text, no menu, nothing that leads out of the window."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAcceptDrops(False)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.textChanged.connect(self._cut)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave Escape, Tab, Ctrl+Enter, Alt+Left and the operator's keys to the window.

        On X11 an editor takes Ctrl+K for "erase to the end of the line".
        """
        ends = event.key() in ENTER_KEYS and event.modifiers() & _Control
        back = event.key() == Qt.Key.Key_Left and event.modifiers() & _Alt
        if ends or back or event.key() in _NOT_WRITING or desk_command(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _cut(self) -> None:
        """Take back what is written beyond the longest answer."""
        text = self.toPlainText()
        if len(text) <= MOST_CHARACTERS:
            return
        at = min(self.textCursor().position(), MOST_CHARACTERS)
        self.setPlainText(text[:MOST_CHARACTERS])
        cursor = self.textCursor()
        cursor.setPosition(at)
        self.setTextCursor(cursor)


class TextForm(RatingForm):
    """A field to write in."""

    def __init__(self, parent: QWidget, words: Words, rating: RatingPage) -> None:
        super().__init__(parent, words, rating)
        self.field = _Field(self)
        self.field.setPlaceholderText(words("write_here"))
        self._told = ""
        self._settled = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settled.timeout.connect(self.settle)
        self.field.textChanged.connect(self._written)

    def value(self) -> str | None:
        """Return what is written; None while something is to be written and is not."""
        text = self.field.toPlainText().strip()
        return text if text or self.rating.optional else None

    def state(self) -> str | None:
        """Return what is written so far."""
        return self.field.toPlainText() or None

    def restore(self, earlier: Any) -> None:
        """Write the same again."""
        self._told = str(earlier)
        self.field.setPlainText(self._told)
        self.field.moveCursor(QTextCursor.MoveOperation.End)

    def mapped(self) -> None:
        """A text has no place on a scale."""

    def help_words(self) -> str:
        """Return which keys go on; Backspace is for writing here."""
        keys = self.words("help.text_page")
        return f"{keys}   ·   {self.words('help.text_back')}" if self.back_words() else keys

    def key(self, event: QKeyEvent) -> None:
        """Confirm with Ctrl and Enter; Alt and Left go back."""
        if event.key() in ENTER_KEYS and event.modifiers() & _Control:
            self._press_on("keyboard")
        elif event.key() == Qt.Key.Key_Left and event.modifiers() & _Alt:
            if self.back_words():
                self._press_back()
        else:
            self.field.setFocus()

    def answer_key(self, key: int) -> None:
        """Keys go to the field."""

    def answer_click(self, at: QPointF) -> None:
        """Write, wherever the page was clicked."""
        self.field.setFocus()

    def go_on(self, how: str) -> None:
        """Confirm once what was written last is told."""
        self.settle()
        super().go_on(how)

    def go_back(self) -> None:
        """Go back once what was written last is told."""
        self.settle()
        super().go_back()

    def settle(self) -> None:
        """Tell what stands in the field."""
        self._settled.stop()
        text = self.field.toPlainText()
        if text != self._told:
            self._told = text
            self.changed.emit(None, text)

    def _written(self) -> None:
        if self.isVisible():
            self.input = "keyboard"
            self._settled.start()
        self.update()

    def mark_missing(self) -> None:
        """Go to the field."""
        self.field.setFocus()

    def showEvent(self, event: QShowEvent) -> None:
        """Let the participant write at once."""
        self.field.setFocus()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the field into its card."""
        u = look.unit(self)
        self.field.setFont(look.font(28 * u))
        self.field.setStyleSheet(
            f"QPlainTextEdit {{ background: {look.CARD.name()}; color: {look.INK.name()};"
            f" border: 0; font-size: {max(round(28 * u), 8)}px;"
            f" selection-background-color: {look.ACCENT.name()}; }}"
            f"QScrollBar:vertical {{ background: transparent; width: {round(12 * u)}px; }}"
            f"QScrollBar::handle:vertical {{ background: {look.LINE.name()};"
            f" border-radius: {round(6 * u)}px; min-height: {round(40 * u)}px; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
        )
        self.field.setGeometry(
            self._card().adjusted(18 * u, 14 * u, -18 * u, -14 * u).toRect()
        )

    def _card(self) -> QRectF:
        box, u = self.answers_box(), look.unit(self)
        width, height = min(box.width(), 1000 * u), min(box.height() - 40 * u, 440 * u)
        left, top = box.center().x() - width / 2, box.center().y() - height / 2
        return QRectF(left, top, width, height)

    def draw_answers(self, painter: QPainter, u: float, box: QRectF) -> None:
        """Draw the card under the field, and how much room is left when it gets short."""
        card = self._card()
        missing = self.complaining and not self.ready()
        edge = look.MISSING if missing else look.ACCENT
        look.card(painter, card, 12 * u, look.CARD, edge, (5 if missing else 3) * u)
        length = len(self.field.toPlainText())
        if length > 0.8 * MOST_CHARACTERS:
            line = QRectF(card.left(), card.bottom() + 4 * u, card.width(), 26 * u)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            count = f"{length} / {MOST_CHARACTERS}"
            look.text(painter, line, count, 20 * u, colour=look.SOFT, align=right)
