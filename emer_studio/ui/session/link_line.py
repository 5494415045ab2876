"""How a second PC joins the session that runs here, and which ones have."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from emer_studio.ui.parts import button, label

__all__ = ["LinkLine"]


class LinkLine(QFrame):
    """The line to type on the other computer; hidden where nobody may join.

    As soon as somebody has, it is one line that says who, and the rest is copied only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "hint")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.setSpacing(10)
        words = QVBoxLayout()
        words.setSpacing(2)
        self.said = label("")
        self.line = label("", wrap=True)
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = button("Copy")
        self.copy.setToolTip("Copy the line to type on the second PC")
        self.copy.clicked.connect(self._copy)
        words.addWidget(self.said)
        words.addWidget(self.line)
        row.addLayout(words, 1)
        row.addWidget(self.copy)
        self._lines: list[str] = []
        self.hide()

    def setValue(self, lines: Sequence[str], here: Sequence[str]) -> None:
        """Show how to join, one line for each address, and who has."""
        self._lines = list(lines)
        joined = ", ".join(sorted(set(here)))
        asked = "A second PC joins as the operator's console with:"
        self.said.setText(f"Also watched from {joined}" if here else asked)
        self.line.setText("\n".join(self._lines))
        self.line.setVisible(not here)
        self.setVisible(bool(self._lines))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._lines))
