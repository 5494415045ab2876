"""The confusion matrix as a heat map whose cells are chosen by mouse and by arrows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from emer_studio.ui import theme

__all__ = ["HeatMap"]

_SHARE = int(Qt.ItemDataRole.UserRole) + 1
_LEAST_PX, _ROW_PX, _HEAD_PX = 54, 23, 30
_DARK = 0.75  # share above which white letters have the better contrast; chosen by us


class HeatMap(QTableWidget):
    """Rows are what was true, columns what was answered; a row's shares are its colours.

    `chosen` carries the numbers of row and column; `entered` tells that Enter was pressed
    or a cell double-clicked.
    """

    chosen = Signal(int, int)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._classes: list[str] = []
        self.setAccessibleName("Confusion: rows are true, columns are answered")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setItemDelegate(_Cell(self))
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)  # Tab leaves it
        for head in (self.horizontalHeader(), self.verticalHeader()):
            head.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            head.setMinimumSectionSize(22)
            head.setSectionsClickable(False)
            head.setHighlightSections(False)
            head.setStyleSheet(
                "QHeaderView::section { padding: 4px 3px; font-size: 11px; }"
            )
            head.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.verticalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentCellChanged.connect(self._chosen)
        self.cellDoubleClicked.connect(lambda _row, _column: self.entered.emit())
        self.installEventFilter(self)

    def show_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show counts; the cell that stands out most among the wrong ones is chosen."""
        self.blockSignals(True)
        self.clear()
        self.setRowCount(len(classes))
        self.setColumnCount(len(classes))
        self._classes = list(classes)
        self.setMinimumHeight(_ROW_PX * len(classes) + _HEAD_PX)
        self._name_columns()
        self.setVerticalHeaderLabels(list(classes))
        worst, most = (0, 0), -1.0
        for row, line in enumerate(counts):
            total = sum(line)
            for column, count in enumerate(line):
                share = count / total if total else 0.0
                item = QTableWidgetItem(str(count) if count else "")
                item.setData(_SHARE, share)
                item.setToolTip(_words(classes[row], classes[column], count, total))
                self.setItem(row, column, item)
                if row != column and count > most:
                    worst, most = (row, column), count
        self.blockSignals(False)
        self.setCurrentCell(*worst)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the room."""
        super().resizeEvent(event)
        self._name_columns()

    def _name_columns(self) -> None:
        """Shorten the names of the columns where they are narrow; rows have the whole."""
        names, metrics = self._classes, self.fontMetrics()
        room = (self.viewport().width() - 4) / max(len(names), 1)
        whole = all(metrics.horizontalAdvance(name) < room for name in names)
        self.setHorizontalHeaderLabels([name if whole else name[:3] for name in names])

    def sizeHint(self) -> QSize:
        """Return a square."""
        side = 100 + _LEAST_PX * self.columnCount()
        return QSize(side, side - 60)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Enter go to the list of the cell's samples."""
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        ):
            self.entered.emit()
            return True
        return super().eventFilter(watched, event)

    def _chosen(self, row: int, column: int, _row: int, _column: int) -> None:
        if row >= 0 and column >= 0:
            self.chosen.emit(row, column)


class _Cell(QStyledItemDelegate):
    """A square as dark as its share, with its count."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw the cell."""
        share, text = float(index.data(_SHARE) or 0.0), str(index.data() or "")
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(1.5, 1.5, -1.5, -1.5)
        colour = QColor(theme.ACCENT)
        colour.setAlphaF(0.05 + 0.95 * share)
        painter.setBrush(colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor("#ffffff" if share > _DARK else theme.INK))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor("#d55e00"), 2.5))
            painter.drawRoundedRect(box, 4, 4)
        painter.restore()


def _words(truth: str, found: str, count: int, total: int) -> str:
    share = f" ({100 * count / total:.0f} %)" if total else ""
    return f"True {truth}, answered {found}: {count} of {total}{share}"
