"""Small parts that every page is put together from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from emer_studio.ui import theme

__all__ = [
    "PILL_ROLE",
    "Card",
    "Empty",
    "Pill",
    "PillDelegate",
    "ProgressLine",
    "Scrolled",
    "ShortLabel",
    "button",
    "label",
    "restyle",
    "set_cell",
    "table",
]

PILL_ROLE = int(Qt.ItemDataRole.UserRole) + 7
"""Item data holding the colour name of a pill."""
_RULE = QColor("#eef1f4")


def label(text: str = "", kind: str = "", *, wrap: bool = False) -> QLabel:
    """Return a label of one of the style sheet's kinds."""
    made = QLabel(text)
    made.setProperty("kind", kind)
    made.setWordWrap(wrap)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


class ShortLabel(QLabel):
    """One line that is shortened in the middle where the room is scarce.

    `text` is always the whole; where it is shortened, the whole is in its hint.
    """

    def __init__(self, text: str = "", kind: str = "") -> None:
        super().__init__()
        self._whole = ""
        self.setProperty("kind", kind)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def text(self) -> str:
        """Return the whole text."""
        return self._whole

    def setText(self, text: str) -> None:
        """Show a text, as much of it as there is room for."""
        self._whole = text
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room, mode = self.width(), Qt.TextElideMode.ElideMiddle
        shown = self.fontMetrics().elidedText(self._whole, mode, room)
        if shown != super().text():
            super().setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def button(text: str, icon: str = "", kind: str = "") -> QPushButton:
    """Return a push button with one of our icons."""
    made = QPushButton(f" {text}" if icon else text)
    made.setProperty("kind", kind)
    if icon:
        colour = "#ffffff" if kind == "primary" else theme.INK
        made.setIcon(theme.icon(icon, colour, disabled="#98a2ad"))
    return made


def restyle(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet looks at."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Card(QFrame):
    """A white card with an optional heading and room for buttons beside it."""

    def __init__(self, heading: str = "", *, kind: str = "card") -> None:
        super().__init__()
        self.setProperty("kind", kind)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(14, 12, 14, 12)
        self.box.setSpacing(8)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        self.heading = label(heading, "heading")
        if heading:
            self.head.addWidget(self.heading)
            self.head.addStretch(1)
            self.box.addLayout(self.head)


class Scrolled(QScrollArea):
    """What can be scrolled where the screen is low; `inside` takes the layout."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("scroll")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.inside = QWidget()
        self.inside.setObjectName("scrolled")
        self.setWidget(self.inside)


class Pill(QLabel):
    """A short coloured word."""

    def __init__(self, text: str = "", colour: str = "") -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFixedHeight(22)
        self.setValue(text, colour)

    def setValue(self, text: str, colour: str = "") -> None:
        """Show `text` in a verdict's colour."""
        ink, fill = theme.VERDICT_COLOURS.get(colour, theme.VERDICT_COLOURS[""])
        self.setText(text)
        self.setStyleSheet(
            f"color: {ink}; background: {fill}; border-radius: 9px; padding: 2px 10px;"
            " font-size: 12px; font-weight: 600;"
        )


class PillDelegate(QStyledItemDelegate):
    """Draw a table cell as a pill when it has a colour."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw the cell."""
        colour, text = index.data(PILL_ROLE), str(index.data() or "")
        if colour is None:
            super().paint(painter, option, index)
            return
        ink, fill = theme.VERDICT_COLOURS.get(colour, theme.VERDICT_COLOURS[""])
        painter.save()
        rect = QRectF(option.rect)
        if self.parent() and self._selected(index):
            painter.fillRect(rect, QColor("#e6eff7"))
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), _RULE)
        face = painter.font()
        face.setPixelSize(12)
        face.setBold(True)
        painter.setFont(face)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = min(painter.fontMetrics().horizontalAdvance(text) + 20, rect.width() - 11)
        box = QRectF(rect.left() + 11, rect.center().y() - 10, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(fill))
        painter.drawRoundedRect(box, 10, 10)
        painter.setPen(QColor(ink))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _selected(self, index: QModelIndex | QPersistentModelIndex) -> bool:
        view = self.parent()
        if not isinstance(view, QTableWidget):
            return False
        return index.row() in {one.row() for one in view.selectedItems()}


def table(heads: Sequence[str], *, stretch: int = 0, rows: int = 34) -> QTableWidget:
    """Return a quiet read-only table; column `stretch` takes the spare width.

    Arrows move in it, Tab leaves it.
    """
    made = QTableWidget(0, len(heads))
    made.setHorizontalHeaderLabels(list(heads))
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(rows)
    made.setShowGrid(False)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    made.setWordWrap(False)
    made.setTabKeyNavigation(False)
    head = made.horizontalHeader()
    head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    head.setHighlightSections(False)
    head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    head.setSectionResizeMode(stretch, QHeaderView.ResizeMode.Stretch)
    return made


def set_cell(
    grid: QTableWidget,
    row: int,
    column: int,
    text: str,
    *,
    pill: str | None = None,
    data: object = None,
    tip: str = "",
) -> None:
    """Write a cell; with `pill` it is drawn in that verdict's colour."""
    item = grid.item(row, column)
    if item is None:
        item = QTableWidgetItem()
        grid.setItem(row, column, item)
    item.setText(text)
    item.setToolTip(tip)
    item.setData(PILL_ROLE, pill)
    if data is not None:
        item.setData(int(Qt.ItemDataRole.UserRole), data)


class Empty(QWidget):
    """What a list shows while there is nothing in it: what it is for, what to do."""

    pressed = Signal()

    def __init__(self, icon: str, title: str, text: str, action: str = "") -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addStretch(1)
        picture = QLabel()
        picture.setPixmap(theme.pixmap(icon, "#9fb4c8", 44))
        self.title, self.text = label(title, "heading"), label(text, "muted", wrap=True)
        self.text.setMaximumWidth(460)
        self.button = button(action, kind="primary")
        self.button.setVisible(bool(action))
        self.button.clicked.connect(self.pressed)
        for part in (picture, self.title, self.text, self.button):
            if isinstance(part, QLabel):
                part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(part, 4 if part is self.text else 0)
            row.addStretch(1)
            box.addLayout(row)
        box.addStretch(1)


class ProgressLine(QWidget):
    """A bar with words under it; hidden while nothing runs."""

    def __init__(self) -> None:
        super().__init__()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        self.bar, self.text = QProgressBar(), label("", "small", wrap=True)
        self.bar.setTextVisible(False)
        box.addWidget(self.bar)
        box.addWidget(self.text)
        self.hide()

    def begin(self, text: str) -> None:
        """Show that something runs whose length is not known yet."""
        self.bar.setRange(0, 0)
        self.text.setText(text)
        self.show()

    def setValue(self, step: str, done: int, total: int) -> None:
        """Show how far a step is."""
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.text.setText(f"{step}: {done} of {total}")

    def end(self) -> None:
        """Hide again."""
        self.hide()
