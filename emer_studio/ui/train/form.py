"""Boxes and lines of the training form."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QWidget

from emer_studio.ui.parts import label

__all__ = ["combo", "line", "number"]


def combo(name: str) -> QComboBox:
    """Return a box that is as wide as its place, not as its longest line."""
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    made.setMinimumContentsLength(8)
    return made


def number(name: str, least: int, most: int) -> QSpinBox:
    """Return a box for a whole number."""
    made = QSpinBox()
    made.setAccessibleName(name)
    made.setRange(least, most)
    made.lineEdit().setTextMargins(8, 0, 0, 0)
    return made


def line(name: str, widget: QWidget) -> QHBoxLayout:
    """Return a line of a form; the letter behind & leads to it."""
    row = QHBoxLayout()
    text = label(name, "muted")
    text.setFixedWidth(80)
    text.setBuddy(widget)
    row.addWidget(text)
    row.addWidget(widget, 1)
    return row
