"""What keys do to YAML: new lines keep the indentation, Tab moves it, and comments."""

from __future__ import annotations

import re

from PySide6.QtGui import QTextCursor, QTextDocument

__all__ = ["back", "comment", "indent", "new_line", "outdent", "replace", "steps_back"]

_STEP = 2
_Move, _Mode = QTextCursor.MoveOperation, QTextCursor.MoveMode


def new_line(cursor: QTextCursor) -> None:
    """Begin a line as far in as this one, further after a key without a value."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    column = len(before) - len(before.lstrip(" "))
    if re.search(r":\s*([|>][+-]?)?$", before):
        inner = len(before) - len(before.lstrip(" -"))
        column = max(column, inner) + _STEP
    elif before.lstrip().startswith("- ") and re.match(r"\s*(- )+\w+:", before):
        column = len(before) - len(before.lstrip(" -"))
    cursor.insertText("\n" + " " * column)


def indent(cursor: QTextCursor) -> None:
    """Move the selected lines in, or go to the next even column."""
    if cursor.hasSelection():
        for row in _rows(cursor):
            _at(cursor, row).insertText(" " * _STEP)
        return
    cursor.insertText(" " * (_STEP - cursor.positionInBlock() % _STEP))


def outdent(cursor: QTextCursor) -> None:
    """Move the selected lines, or this one, out."""
    for row in _rows(cursor):
        text = cursor.document().findBlockByNumber(row).text()
        spaces = min(len(text) - len(text.lstrip(" ")), _STEP)
        place = _at(cursor, row)
        place.movePosition(_Move.Right, _Mode.KeepAnchor, spaces)
        place.removeSelectedText()


def steps_back(cursor: QTextCursor) -> bool:
    """Tell whether Backspace takes away indentation here."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    return bool(before) and not before.strip() and not cursor.hasSelection()


def back(cursor: QTextCursor) -> None:
    """Take away one step of indentation."""
    spaces = (cursor.positionInBlock() - 1) % _STEP + 1
    cursor.movePosition(_Move.Left, _Mode.KeepAnchor, spaces)
    cursor.removeSelectedText()


def comment(cursor: QTextCursor) -> None:
    """Make the lines comments, or texts again when all of them are comments."""
    document = cursor.document()
    rows = [row for row in _rows(cursor) if document.findBlockByNumber(row).text().strip()]
    texts = [document.findBlockByNumber(row).text() for row in rows]
    column = min((len(text) - len(text.lstrip(" ")) for text in texts), default=0)
    away = all(text.lstrip().startswith("#") for text in texts)
    for row, text in zip(rows, texts, strict=True):
        place = _at(cursor, row)
        if away:
            sign = text.index("#")
            place.movePosition(_Move.Right, _Mode.MoveAnchor, sign)
            count = 2 if text[sign : sign + 2] == "# " else 1
            place.movePosition(_Move.Right, _Mode.KeepAnchor, count)
            place.removeSelectedText()
        else:
            place.movePosition(_Move.Right, _Mode.MoveAnchor, column)
            place.insertText("# ")


def replace(document: QTextDocument, old: str, new: str) -> None:
    """Change what differs between two texts, so that the rest keeps cursor and scroll."""
    if old == new:
        return
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    cursor.setPosition(_units(old[:start]))
    cursor.setPosition(_units(old[: len(old) - end]), _Mode.KeepAnchor)
    cursor.insertText(new[start : len(new) - end])
    cursor.endEditBlock()


def _units(text: str) -> int:
    """Return the length of a text as Qt counts it: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def _rows(cursor: QTextCursor) -> list[int]:
    """Return the rows that a selection touches."""
    document = cursor.document()
    first = document.findBlock(cursor.selectionStart())
    last = document.findBlock(cursor.selectionEnd())
    end = last.blockNumber()
    if end > first.blockNumber() and cursor.selectionEnd() == last.position():
        end -= 1  # a selection that ends before a line does not touch it
    return list(range(first.blockNumber(), end + 1))


def _at(cursor: QTextCursor, row: int) -> QTextCursor:
    """Return a cursor at the beginning of a row."""
    return QTextCursor(cursor.document().findBlockByNumber(row))
