"""How old each stream's last sample was, as a small moving plot in a table cell."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from emer_studio.ui import theme

__all__ = ["AGES_ROLE", "AgePlot", "Ages"]

AGES_ROLE = Qt.ItemDataRole.UserRole + 7
_KEPT = 120  # a minute: the recorder reports twice a second
_FULL_S = 1.0  # the height of the plot: from there on a stream counts as silent
_MARGIN_PX = 6


class Ages:
    """The last minute of every stream's ages."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[float]] = {}

    def add(self, row: Mapping[str, Any]) -> list[float]:
        """Take one row of the recorder's status; return the minute of its stream."""
        kept = self._kept.setdefault(str(row.get("name")), deque(maxlen=_KEPT))
        kept.append(float(row.get("age_s") or 0.0))
        return list(kept)


class AgePlot(QStyledItemDelegate):
    """Draws the ages of a cell, the newest on the right; a full second fills its height."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw the cell."""
        super().paint(painter, option, index)
        ages = index.data(AGES_ROLE)
        if not ages:
            return
        box = QRectF(option.rect).adjusted(_MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX)
        step = box.width() / (_KEPT - 1)
        right = box.right() - step * (len(ages) - 1)
        points = QPolygonF(
            [
                QPointF(right + step * k, box.bottom() - box.height() * min(a / _FULL_S, 1))
                for k, a in enumerate(ages)
            ]
        )
        late = max(ages[-4:]) >= _FULL_S
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("#b42318" if late else theme.ACCENT), 1))
        painter.drawPolyline(points)
        painter.restore()
