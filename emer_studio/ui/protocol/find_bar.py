"""Finding words in the text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QWidget

from emer_studio.ui.parts import button, label

__all__ = ["FindBar"]


class FindBar(QWidget):
    """A line under the text; Enter goes on, Shift+Enter back, Escape closes."""

    def __init__(self, editor: QPlainTextEdit) -> None:
        super().__init__()
        self._editor = editor
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.words, self.told = QLineEdit(), label("", "small")
        self.words.setPlaceholderText("Find in this protocol")
        self.words.setAccessibleName("Find")
        self.done = button("Done")
        row.addWidget(self.words, 1)
        row.addWidget(self.told)
        row.addWidget(self.done)
        self.words.textChanged.connect(self._from_here)
        self.done.clicked.connect(self.end)
        self.hide()

    def begin(self) -> None:
        """Show the bar with what is selected."""
        chosen = self._editor.textCursor().selectedText()
        if chosen and "\u2029" not in chosen:
            self.words.setText(chosen)
        self.show()
        self.words.setFocus()
        self.words.selectAll()

    def end(self) -> None:
        """Hide the bar; the text has the keyboard again."""
        self.hide()
        self._editor.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on, back, or close."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.go(back=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def _from_here(self) -> None:
        cursor = self._editor.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self._editor.setTextCursor(cursor)
        self.go()

    def go(self, *, back: bool = False) -> None:
        """Select the next place, beginning anew at the end."""
        words = self.words.text()
        flags = QTextDocument.FindFlag.FindBackward if back else QTextDocument.FindFlag(0)
        if not words or self._editor.find(words, flags):
            self.told.setText("")
            return
        before = self._editor.textCursor()
        cursor = QTextCursor(self._editor.document())
        move = QTextCursor.MoveOperation
        cursor.movePosition(move.End if back else move.Start)
        self._editor.setTextCursor(cursor)
        if not self._editor.find(words, flags):
            self._editor.setTextCursor(before)
            self.told.setText("Not found")
