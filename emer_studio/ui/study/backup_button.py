"""The button that copies a study to a second place and says how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QPushButton

from emer_studio.core import settings
from emer_studio.ui.jobs import JobRunner, Outcome

__all__ = ["BackupButton"]


class BackupButton(QPushButton):
    """Runs ``emer-studio backup`` to the place of the last time, or asks for one."""

    done = Signal(str)  # what came of it, for a person

    def __init__(self, study: Path) -> None:
        super().__init__("Back up…")
        self.setToolTip("Copy the study to another disk; every copy is read back")
        self._study = study
        self._job = JobRunner(self)
        self._job.heard.connect(self._heard)
        self._job.ended.connect(self._ended)
        self.clicked.connect(self._press)

    @property
    def running(self) -> bool:
        """Whether a copy is being made."""
        return self._job.running

    def start(self, place: str) -> None:
        """Copy to `place`."""
        settings.remember(last_backup=place)
        self.setEnabled(False)
        words = ["backup", str(self._study), "--to", place, "--events"]
        self._job.start("backup", words)

    def finish(self) -> None:
        """End a copy that still runs."""
        self._job.close()

    def _press(self) -> None:
        last = settings.load().last_backup
        place = QFileDialog.getExistingDirectory(self, "A folder on another disk", last)
        if place and not self._job.running:
            self.start(place)

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "progress":
            self.setText(f"{event.get('done')} of {event.get('total')} files")

    def _ended(self, outcome: Outcome) -> None:
        self.setText("Back up…")
        self.setEnabled(True)
        found = outcome.result
        text = f"{len(found.get('sessions', []))} sessions are in {found.get('target')}"
        self.done.emit(text if found else outcome.error or "The backup was broken off.")
