"""The list of what can be written at the cursor, with its meaning beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QVBoxLayout, QWidget

from emer_studio.schema.completion import Known, Suggestion, complete
from emer_studio.schema.cursor import Place
from emer_studio.ui.parts import label

if TYPE_CHECKING:
    from emer_studio.ui.protocol.editor import Editor

__all__ = ["Completer"]

_WIDTH_PX, _LIST_PX, _HEIGHT_PX, _ROW_PX = 520, 220, 230, 27
_WORD = re.compile(r"[\w-]*")
_OPENERS = ("[", "{", " ")


class Completer:
    """Offers what the schema allows at the cursor of an editor."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self.known = Known()
        self._place = Place((), "")
        self._found: list[Suggestion] = []
        self.popup = _Popup(editor)
        self.popup.list.itemClicked.connect(lambda _item: self.accept())

    @property
    def offered(self) -> list[str]:
        """What is offered now; empty while nothing is."""
        return [one.text for one in self._found] if self.popup.isVisible() else []

    def open(self, *, always: bool = True) -> None:
        """Offer what fits; without `always`, not where it would only be in the way."""
        cursor = self._editor.textCursor()
        lines, column = self._editor.lines(), _characters(cursor)
        self._place, self._found = complete(lines, cursor.blockNumber(), column, self.known)
        typed = self._place.typed.strip("'\"")
        done = [one.text for one in self._found] == [typed]
        if not self._found or (not always and done) or self._editor.isReadOnly():
            self.close()
            return
        self.popup.fill(self._found)
        below = self._editor.cursorRect().bottomLeft()
        self.popup.place(self._editor.viewport().mapTo(self._editor, below), self._editor)

    def close(self) -> None:
        """Offer nothing any more."""
        self.popup.hide()

    def typed(self, text: str) -> None:
        """Follow what was typed: a letter opens the list, other signs close it."""
        if text and (text.isalnum() or text in "_-"):
            self.open(always=False)
        elif text in _OPENERS and text:
            self._maybe_values()
        elif text and text.isprintable():
            self.close()
        elif self.popup.isVisible():
            self.open(always=False)

    def _maybe_values(self) -> None:
        """Offer values where one is due, e.g. after ``kind:``, and keys in brackets."""
        before = self._editor.textCursor().block().text()
        before = before[: self._editor.textCursor().positionInBlock()]
        if re.search(r"(:|\[|,|\{) ?$", before) and before.strip():
            self.open(always=False)
        else:
            self.close()

    def take(self, event: QKeyEvent) -> bool:
        """Use a key of the open list; tell whether it was one."""
        if not self.popup.isVisible():
            return False
        key, rows = event.key(), self.popup.list.count()
        moves = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: 7,
            Qt.Key.Key_PageUp: -7,
        }
        if key in moves:
            step = moves[Qt.Key(key)]
            row = self.popup.list.currentRow() + step
            row = row % rows if abs(step) == 1 else min(max(row, 0), rows - 1)
            self.popup.list.setCurrentRow(row)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self.accept()
        elif key == Qt.Key.Key_Escape:
            self.close()
        else:
            if key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
                self.close()
            return False
        return True

    def accept(self) -> None:
        """Write what is chosen in place of what was typed."""
        chosen = self._found[self.popup.list.currentRow()]
        self.close()
        cursor = self._editor.textCursor()
        rest = cursor.block().text()[cursor.positionInBlock() :]
        word = _WORD.match(rest)
        tail = len(word[0]) if word else 0
        has_colon = rest[tail:].lstrip().startswith(":")
        insert = chosen.insert
        if self._place.kind == "key" and has_colon:
            insert = insert.split(":")[0]
        back, forward = QTextCursor.MoveOperation.Left, QTextCursor.MoveOperation.Right
        cursor.beginEditBlock()
        cursor.movePosition(back, QTextCursor.MoveMode.MoveAnchor, len(self._place.typed))
        column = cursor.positionInBlock()
        count = len(self._place.typed) + tail
        cursor.movePosition(forward, QTextCursor.MoveMode.KeepAnchor, count)
        before, _, after = insert.replace("\n", "\n" + " " * column).partition("|")
        spaced = cursor.block().text()[:column].endswith(":")
        cursor.insertText((" " if spaced else "") + before + after)
        cursor.movePosition(back, QTextCursor.MoveMode.MoveAnchor, len(after))
        cursor.endEditBlock()
        self._editor.setTextCursor(cursor)
        if "|" in insert:
            self._maybe_values()


def _characters(cursor: QTextCursor) -> int:
    """Return how many characters stand before the cursor on its line."""
    units = cursor.block().text().encode("utf-16-le")[: 2 * cursor.positionInBlock()]
    return len(units.decode("utf-16-le", errors="ignore"))


class _Popup(QFrame):
    """The list and what the chosen entry means."""

    def __init__(self, editor: QWidget) -> None:
        super().__init__(editor)
        self.setProperty("kind", "popup")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(5, 5, 5, 5)
        row.setSpacing(8)
        self.list = QListWidget()
        self.list.setProperty("kind", "choices")
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFixedWidth(_LIST_PX)
        words = QVBoxLayout()
        words.setContentsMargins(4, 4, 4, 4)
        words.setSpacing(4)
        self.name = label("", "heading")
        self.kind, self.meaning = label("", "small", wrap=True), label("", wrap=True)
        for part in (self.name, self.kind, self.meaning):
            words.addWidget(part)
        words.addStretch(1)
        row.addWidget(self.list)
        row.addLayout(words, 1)
        self._found: list[Suggestion] = []
        self.list.currentRowChanged.connect(self._describe)
        self.hide()

    def fill(self, found: list[Suggestion]) -> None:
        """Show what is offered, the first chosen."""
        self._found = found
        self.list.blockSignals(True)
        self.list.clear()
        self.list.addItems([one.text for one in found])
        self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._describe(0)

    def _describe(self, row: int) -> None:
        one = self._found[row] if 0 <= row < len(self._found) else Suggestion("", "")
        self.name.setText(one.text)
        self.kind.setText(one.kind)
        self.kind.setVisible(bool(one.kind))
        self.meaning.setText(one.meaning)
        self.meaning.setVisible(bool(one.meaning))

    def place(self, below: QPoint, editor: QWidget) -> None:
        """Stand below the cursor, or above it where there is more room."""
        told = any(one.meaning or one.kind for one in self._found)
        width = _WIDTH_PX if told else _LIST_PX + 12
        room_below = editor.height() - below.y() - 8
        room_above = below.y() - 24
        wanted = max(_ROW_PX * len(self._found) + 14, 112 if told else 0)
        height = min(wanted, _HEIGHT_PX, max(room_below, room_above))
        left = max(min(below.x(), editor.width() - width - 16), 4)
        top = below.y() + 4 if room_below >= height else room_above - height
        self.setGeometry(left, top, width, height)
        self.show()
        self.raise_()
