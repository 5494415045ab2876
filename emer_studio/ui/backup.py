"""The second copy of a study: made by hand, or by itself after each session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QWidget

from emer_studio.core import settings
from emer_studio.study.folder import Study
from emer_studio.study.second_place import not_backed_up
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Pill, ShortLabel, button

__all__ = ["BackupKeeper", "BackupLine"]


class BackupKeeper(QObject):
    """Runs ``emer-studio backup`` for one study; every page shows the same one.

    Attributes
    ----------
    trouble : str
        Why the last copy did not come about; empty when it did.
    progress : str
        How far the copy is that is being made; empty while there is none.
    """

    changed = Signal()
    progressed = Signal(str)

    def __init__(self, study: Study, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.study = study
        self.trouble = self.progress = ""
        self._then: Callable[[], None] | None = None
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)

    @property
    def place(self) -> str:
        """Where the study is copied to after each session; empty for nowhere."""
        return settings.second_place(self.study.folder)

    def set_place(self, place: str) -> None:
        """Copy to `place` after each session from now on, beginning now; empty: no more."""
        settings.remember_second_place(self.study.folder, place)
        self.trouble = ""
        if place:
            self.start()
        self.changed.emit()

    def start(self, place: str = "") -> None:
        """Copy to `place`, else to the one that was set, if one was."""
        if self.job.running or not (place or self.place):
            return
        self.trouble, self.progress = "", "looking for what is new"
        where = ["--to", place] if place else ["--again"]
        self.job.start("backup", ["backup", str(self.study.folder), *where, "--events"])
        self.changed.emit()

    def make_way(self, then: Callable[[], None]) -> None:
        """Call `then` as soon as no copy holds the study; what is copied stays copied."""
        if not self.job.running:
            then()
            return
        self._then = then
        self.job.stop()

    def close(self) -> None:
        """End a copy that still runs: what is whole stays, the rest comes next time."""
        self.job.close()

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "progress":
            self.progress = f"{event.get('done')} of {event.get('total')} files"
            self.progressed.emit(self.progress)

    def _ended(self, outcome: Outcome) -> None:
        self.progress = ""
        self.trouble = "" if outcome.stopped else outcome.error
        then, self._then = self._then, None
        self.changed.emit()
        if then is not None:
            then()


class BackupLine(QWidget):
    """Says whether every session has a second copy, and makes one."""

    def __init__(self, keeper: BackupKeeper) -> None:
        super().__init__()
        self._keeper = keeper
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.pill, self.text = Pill(), ShortLabel("", "small")
        self.always = QCheckBox("Copy after each session")
        self.always.setToolTip("To the same folder, by itself; every copy is read back")
        self.always.clicked.connect(self._switch)
        self.copy = button("Back up…")
        self.copy.setToolTip("Copy the study to another disk; every copy is read back")
        self.copy.clicked.connect(self._press)
        row.addWidget(self.pill)
        row.addWidget(self.text, 1)
        row.addWidget(self.always)
        row.addWidget(self.copy)
        keeper.changed.connect(self.refresh)
        keeper.progressed.connect(self._show_progress)
        self.refresh()

    def refresh(self) -> None:
        """Show how things are now."""
        keeper = self._keeper
        bare, place = len(not_backed_up(keeper.study)), keeper.place
        some = bool(keeper.study.sessions())
        many = f"{bare} session{'s' * (bare != 1)} not backed up"
        said = (
            (many, "red" if keeper.trouble else "amber") if bare else ("backed up", "green")
        )
        self.pill.setValue(*said)
        self.pill.setVisible(some)
        told = keeper.trouble.replace("\n  → ", " ")
        copying = f"Copying: {keeper.progress}" if keeper.progress else ""
        self.text.setText(
            copying or told or (f"to {place}" if place else "no second place")
        )
        self.always.setChecked(bool(place))
        self.copy.setText("Copy now" if place else "Back up…")
        self.copy.setEnabled(some and not keeper.job.running)

    def _show_progress(self, text: str) -> None:
        self.text.setText(f"Copying: {text}")

    def _switch(self, on: bool) -> None:
        place = self._ask() if on else ""
        if on and not place:
            self.refresh()
        else:
            self._keeper.set_place(place)

    def _press(self) -> None:
        place = self._keeper.place or self._ask()
        if place and place == self._keeper.place:
            self._keeper.start()
        elif place:
            settings.remember(last_backup=place)
            self._keeper.start(place)

    def _ask(self) -> str:
        last = settings.load().last_backup
        return QFileDialog.getExistingDirectory(self, "A folder on another disk", last)
