"""The gaze mapping of a stream, to be looked at or to be confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.ui.parts import button, label, set_cell, table
from emer_studio.ui.session.mapping_words import (
    by_weight,
    confirmable,
    line,
    question,
    refusal,
    role_words,
)

__all__ = ["MappingDialog"]

_HEADS = ("What it is", "Channel", "Label", "Unit")


class MappingDialog(QDialog):
    """Show every channel with its role, doubts and refusal above them.

    Parameters
    ----------
    facts : mapping
        As ``streams --stream NAME --json`` gives them.
    asking : bool
        Whether the operator is to confirm the mapping; else the dialog only shows it.
    """

    def __init__(self, parent: QWidget, facts: Mapping[str, Any], *, asking: bool) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Channels of the eye tracker")
        self.resize(860, 620)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(10)
        self.name = label(str(facts.get("name", "")), "title")
        where = label(_where(facts), "muted", wrap=True)
        self.summary = label(line(facts), wrap=True)
        for part in (self.name, where, self.summary):
            box.addWidget(part)
        self.doubts: list[str] = [] if refusal(facts) else confirmable(facts)
        if refusal(facts):
            box.addWidget(_note("refused", [refusal(facts)]))
        elif self.doubts:
            box.addWidget(_note("doubts", self.doubts))
        self.table = table(_HEADS, stretch=2, rows=28)
        self._fill(list(facts.get("channels") or ()))
        frame = QFrame()
        frame.setProperty("kind", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(6, 6, 6, 6)
        inside.addWidget(self.table)
        box.addWidget(frame, 1)
        box.addLayout(self._buttons(facts, asking and not refusal(facts)))

    def _fill(self, channels: list[dict[str, Any]]) -> None:
        # What is to be confirmed comes first: thirty more channels are for the curious.
        rows = sorted(channels, key=by_weight)
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            cells = (
                role_words(str(row["role"])) if row["role"] else "recorded, not used",
                str(row["number"]),
                str(row["label"]) or "–",
                str(row["unit"]) or "–",
            )
            for column, text in enumerate(cells):
                set_cell(self.table, number, column, text, tip=text if column == 2 else "")
                item = self.table.item(number, column)
                if item is not None and not row["role"]:
                    item.setForeground(Qt.GlobalColor.gray)

    def _buttons(self, facts: Mapping[str, Any], asking: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.question = label(question(facts) if asking else "", "heading", wrap=True)
        row.addWidget(self.question, 1)
        self.cancel = button("Cancel" if asking else "Close")
        self.cancel.clicked.connect(self.reject)
        row.addWidget(self.cancel)
        self.yes = button("Yes, this is right", kind="primary")
        self.yes.clicked.connect(self.accept)
        self.yes.setVisible(asking)
        row.addWidget(self.yes)
        # Enter must not confirm what nobody has read: the answer is given on purpose.
        for one in (self.cancel, self.yes):
            one.setAutoDefault(False)
        self.cancel.setDefault(not asking)
        return row


def _where(facts: Mapping[str, Any]) -> str:
    parts = [f"from {facts['host']}"] if facts.get("host") else []
    parts += [f"source {facts['source_id']}"] if facts.get("source_id") else []
    return "   ·   ".join(parts)


def _note(kind: str, lines: list[str]) -> QFrame:
    frame = QFrame()
    frame.setProperty("kind", kind)
    box = QVBoxLayout(frame)
    box.setContentsMargins(12, 8, 12, 8)
    box.setSpacing(4)
    many = len(lines) > 1
    for text in lines:
        box.addWidget(label(f"•  {text}" if many else text, wrap=True))
    return frame
