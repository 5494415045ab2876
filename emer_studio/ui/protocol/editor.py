"""A text editor for YAML: line numbers, problems at their line, indentation, completion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontDatabase,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from emer_studio.ui.protocol import editing
from emer_studio.ui.protocol.completer import Completer
from emer_studio.ui.protocol.highlight import YamlHighlighter

__all__ = ["Editor", "Problem"]

_INKS = {"red": QColor("#c0392b"), "amber": QColor("#c98500")}
_NUMBERS, _HERE, _GUTTER = QColor("#8a94a0"), QColor("#f3f6f9"), QColor("#fafbfc")
_NUMBER_PLACE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_FAMILIES = ["Cascadia Mono", "Consolas", "SF Mono", "Menlo", "DejaVu Sans Mono"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to show at a line.

    Attributes
    ----------
    line : int or None
        From 1.
    text : str
        What.
    colour : {"red", "amber"}
        Red stops a session, amber is only a doubt.
    """

    line: int | None
    text: str
    colour: str


class Editor(QPlainTextEdit):
    """`edited` comes with every change of the text, `rowChanged` with the cursor's row."""

    edited = Signal()
    rowChanged = Signal(int)
    findAsked = Signal()
    refused = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "code")
        face = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        face.setFamilies([*_FAMILIES, face.family(), "Noto Sans Mono CJK SC"])
        face.setPixelSize(13)
        self.setFont(face)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setCursorWidth(2)
        self.setTabChangesFocus(False)
        self.setAccessibleName("Protocol text")
        self.highlighter = YamlHighlighter(self.document())
        self.problems: tuple[Problem, ...] = ()
        self._row, self._protected = -1, False
        self._gutter = _Gutter(self)
        self.completer = Completer(self)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scrolled)
        self.cursorPositionChanged.connect(self._moved)
        self.document().contentsChange.connect(self._changed)
        self._make_room()
        self._mark()

    # -- text

    def lines(self) -> list[str]:
        """Return the text line by line."""
        return self.toPlainText().split("\n")

    def row(self) -> int:
        """Return the cursor's row, from 0."""
        return self.textCursor().blockNumber()

    def protect(self, on: bool) -> None:
        """Let nobody change the text; it can still be read, searched and copied."""
        self._protected = on
        keyboard = Qt.TextInteractionFlag.TextSelectableByKeyboard
        self.setReadOnly(on)
        self.setTextInteractionFlags(self.textInteractionFlags() | keyboard)

    def replaceText(self, text: str) -> None:
        """Change to another text in one step that can be undone; the cursor stays."""
        editing.replace(self.document(), self.toPlainText(), text)

    def goTo(self, row: int) -> None:
        """Put the cursor to the first word of a row and show it in the middle."""
        block = self.document().findBlockByNumber(min(max(row, 0), self.blockCount() - 1))
        cursor = QTextCursor(block)
        indent = len(block.text()) - len(block.text().lstrip(" "))
        cursor.movePosition(
            QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.MoveAnchor, indent
        )
        self.setTextCursor(cursor)
        self.centerCursor()

    def setProblems(self, problems: Sequence[Problem]) -> None:
        """Show problems in the margin and under their lines."""
        self.problems = tuple(problems)
        self._mark()
        self._gutter.update()

    def problems_at(self, row: int) -> list[Problem]:
        """Return the problems of a row (from 0)."""
        return [problem for problem in self.problems if problem.line == row + 1]

    def _changed(self, _at: int, removed: int, added: int) -> None:
        if removed or added:
            self.edited.emit()

    def _moved(self) -> None:
        if self.row() != self._row:
            self._row = self.row()
            self.rowChanged.emit(self._row)
        self._mark()

    # -- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Indent, comment, complete; everything else as in any editor."""
        if self.completer.take(event):
            return
        key, held = event.key(), event.modifiers()
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        if control and key == Qt.Key.Key_F:
            self.findAsked.emit()
        elif control and key == Qt.Key.Key_Space:
            self.completer.open()
        elif (
            self._protected and event.text().isprintable() and event.text() and not control
        ):
            self.refused.emit()
        elif self._protected or not self._edited_by(event, control):
            super().keyPressEvent(event)
            self.completer.typed(event.text())

    def _edited_by(self, event: QKeyEvent, control: bool) -> bool:
        """Do what a key means in YAML; tell whether it meant anything."""
        acts: dict[int, Callable[[QTextCursor], None]] = {
            Qt.Key.Key_Return: editing.new_line,
            Qt.Key.Key_Enter: editing.new_line,
            Qt.Key.Key_Tab: editing.indent,
            Qt.Key.Key_Backtab: editing.outdent,
            Qt.Key.Key_Backspace: editing.back,
        }
        if control:
            acts = {Qt.Key.Key_Slash: editing.comment}
        act = acts.get(event.key())
        if act is None or (
            act is editing.back and not editing.steps_back(self.textCursor())
        ):
            return False
        cursor = self.textCursor()
        cursor.beginEditBlock()
        act(cursor)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.completer.close()
        return True

    def event(self, event: QEvent) -> bool:
        """Say what is wrong with the line under the pointer."""
        if isinstance(event, QHelpEvent):
            cursor = self.cursorForPosition(self.viewport().mapFrom(self, event.pos()))
            texts = [problem.text for problem in self.problems_at(cursor.blockNumber())]
            QToolTip.showText(event.globalPos(), "\n".join(texts), self)
            return True
        return super().event(event)

    # -- the margin and the marks

    def gutter_px(self) -> int:
        """Return the width of the margin with the line numbers."""
        digits = max(len(str(self.blockCount())), 2)
        return 30 + self.fontMetrics().horizontalAdvance("9") * digits

    def _make_room(self) -> None:
        self.setViewportMargins(self.gutter_px(), 0, 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the margin."""
        super().resizeEvent(event)
        box = self.contentsRect()
        self._gutter.setGeometry(
            QRect(box.left(), box.top(), self.gutter_px(), box.height())
        )
        self.completer.close()

    def _scrolled(self, area: QRect, shift: int) -> None:
        if shift:
            self._gutter.scroll(0, shift)
            self.completer.close()
        else:
            self._gutter.update(0, area.y(), self._gutter.width(), area.height())
        self._gutter.resize(self.gutter_px(), self._gutter.height())

    def paint_gutter(self, painter: QPainter, area: QRect) -> None:
        """Draw line numbers and a dot at every line with a problem."""
        painter.fillRect(area, _GUTTER)
        block, wide = self.firstVisibleBlock(), self._gutter.width()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        while block.isValid():
            box = self._box(block)
            if box.top() > area.bottom():
                break
            here = block.blockNumber() == self._row
            painter.setPen(QColor("#3b4754") if here else _NUMBERS)
            right = QRect(0, box.top(), wide - 12, box.height())
            painter.drawText(right, _NUMBER_PLACE, str(block.blockNumber() + 1))
            found = self.problems_at(block.blockNumber())
            if found:
                colour = "red" if any(p.colour == "red" for p in found) else "amber"
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(_INKS[colour])
                painter.drawEllipse(7, box.center().y() - 3, 8, 8)
            block = block.next()

    def _box(self, block: QTextBlock) -> QRect:
        shape = self.blockBoundingGeometry(block).translated(self.contentOffset())
        return QRect(0, round(shape.top()), self.width(), round(shape.height()))

    def _mark(self) -> None:
        """Tint the cursor's line and underline the lines with problems."""
        here = _selection(self.textCursor())
        here.format.setBackground(_HERE)
        here.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
        here.cursor.clearSelection()
        marks = [here]
        for problem in self.problems:
            block = self.document().findBlockByNumber((problem.line or 0) - 1)
            if not block.isValid():
                continue
            text = block.text()
            cursor = QTextCursor(block)
            start = len(text) - len(text.lstrip(" -"))
            cursor.setPosition(block.position() + start)
            keep = QTextCursor.MoveMode.KeepAnchor
            cursor.setPosition(block.position() + len(text.rstrip()), keep)
            mark = _selection(cursor)
            mark.format.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            mark.format.setUnderlineColor(_INKS[problem.colour])
            marks.append(mark)
        self.setExtraSelections(marks)


def _selection(cursor: QTextCursor) -> QTextEdit.ExtraSelection:
    made = QTextEdit.ExtraSelection()
    made.cursor = QTextCursor(cursor)
    made.format = QTextCharFormat()
    return made


class _Gutter(QWidget):
    """The margin of an editor."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(editor)
        self._editor = editor

    def sizeHint(self) -> QSize:
        """As wide as the numbers."""
        return QSize(self._editor.gutter_px(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the numbers."""
        painter = QPainter(self)
        painter.setFont(self._editor.font())
        self._editor.paint_gutter(painter, event.rect())
        painter.end()
