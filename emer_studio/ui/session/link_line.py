"""How a second PC joins the session that runs here, and which ones have."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout

from emer_studio.ui.parts import ShortLabel, button, label

__all__ = ["LinkLine"]


class LinkLine(QFrame):
    """The line to type on the other computer; hidden where nobody may join."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "hint")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.setSpacing(10)
        self.said = label("")
        self.line = ShortLabel()
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy = button("Copy")
        self.copy.clicked.connect(self._copy)
        row.addWidget(self.said)
        row.addWidget(self.line, 1)
        row.addWidget(self.copy)
        self._lines: list[str] = []
        self.hide()

    def setValue(self, lines: Sequence[str], here: Sequence[str]) -> None:
        """Show how to join, one line for each address, and who has."""
        self._lines = list(lines)
        joined = f"Joined: {', '.join(sorted(set(here)))}. " if here else ""
        self.said.setText(f"{joined}A second PC joins with:")
        self.line.setText("   or   ".join(self._lines))
        self.setVisible(bool(self._lines))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._lines))
