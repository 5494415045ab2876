"""What is shown after a session: how it ended, its quality, what to do before the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QVBoxLayout, QWidget

from emer_studio.study.folder import Study
from emer_studio.ui.backup import BackupKeeper, BackupLine
from emer_studio.ui.changeover_card import ChangeoverCard
from emer_studio.ui.parts import Card, Pill, button, label
from emer_studio.ui.study.findings import FindingsView
from emer_studio.ui.study.quality_view import QualityView

__all__ = ["AfterView"]

_WORDS = {
    "complete": "Session complete",
    "aborted": "Session aborted",
    "declined": "The participant does not take part",
}


class AfterView(QWidget):
    """The end of a session.

    `nextAsked` asks for the next participant, `labelAsked` for the page that labels.
    """

    nextAsked = Signal()
    labelAsked = Signal()

    def __init__(self, keeper: BackupKeeper) -> None:
        super().__init__()
        self.findings, self.quality = FindingsView(), QualityView()
        self.changeover, self.backup = ChangeoverCard(), BackupLine(keeper)
        self.log = QListWidget()
        self.log.setProperty("kind", "log")
        self.log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.log.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.log.setWordWrap(True)
        happened = Card("What happened")
        happened.box.addWidget(self.log)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        box.addWidget(self._outcome())
        box.addWidget(self.quality, 5)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.findings, 3)
        row.addWidget(happened, 3)
        row.addWidget(self.changeover, 3)
        box.addLayout(row, 4)

    def _outcome(self) -> Card:
        card = Card()
        self.outcome, self.pill = label("", "number"), Pill()
        self.text = label("", "muted", wrap=True)
        self.next = button("Next participant", "arrow", "primary")
        self.next.clicked.connect(self.nextAsked)
        self.to_label = button("Label this session", "label")
        self.to_label.clicked.connect(self.labelAsked)
        words, top, row = QVBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.outcome)
        top.addWidget(self.pill)
        top.addStretch(1)
        words.addLayout(top)
        words.addWidget(self.text)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(self.to_label)
        row.addWidget(self.next)
        card.box.addLayout(row)
        card.box.addWidget(self.backup)
        return card

    def show_result(self, result: dict[str, Any], log: QListWidget) -> None:
        """Show what ``emer-studio run`` reported, and a copy of what happened."""
        state, verdict = str(result.get("state")), str(result.get("verdict", ""))
        self.outcome.setText(_WORDS.get(state, f"Session {state}"))
        colour = {"complete": "green", "failed": "red"}.get(state, "amber")
        self.pill.setValue(state, colour)
        self.text.setText(
            f"{result.get('trials')} trials, {result.get('ratings')} ratings."
            f" {result.get('problem') or ''}"
        )
        self.to_label.setEnabled(bool(result.get("trials")))
        folder = Path(str(result.get("session")))
        nothing = [] if result.get("session") else ["Nothing was recorded."]
        found = list(result.get("findings") or nothing)
        self.findings.setValue(folder, verdict, found)
        recorded = bool(result.get("session")) and folder.is_dir()
        self.quality.setVisible(recorded)
        if recorded:
            self.quality.show_session(folder)
        self.log.clear()
        for row in range(log.count()):
            item = log.item(row)
            if item is not None:
                self.log.addItem(item.clone())

    def show_study(self, study: Study) -> None:
        """Show what of the checklist is done, and whether there is a second copy."""
        self.changeover.show_study(study)
        self.backup.refresh()
