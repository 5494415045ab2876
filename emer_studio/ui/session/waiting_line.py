"""The line above the form that tells of answers which could not be entered yet."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from emer_studio.ui.parts import Card, button, label

__all__ = ["WaitingLine"]


class WaitingLine(Card):
    """Shown while answers about a person wait to be entered; `againAsked` to try now."""

    againAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout()
        row.setSpacing(14)
        self.text = label("", wrap=True)
        self.again = button("Enter them now")
        self.again.clicked.connect(self.againAsked)
        row.addWidget(self.text, 1)
        row.addWidget(self.again)
        self.box.addLayout(row)
        self.hide()

    def tell(self, problem: str) -> None:
        """Show why answers wait; empty: none does."""
        self.text.setText(problem)
        self.setVisible(bool(problem))
