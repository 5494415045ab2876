"""The quality of every session of a study, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.ui.parts import button, label
from emer_studio.ui.study.quality_view import QualityView

__all__ = ["QualityDialog"]


class QualityDialog(QDialog):
    """Leafs through sessions, oldest first; arrow keys in the table, Alt+arrows between.

    `watched` asks for a trial in the explorer: ``SESSION/trial-N``.

    Parameters
    ----------
    parent : QWidget
    folders : sequence of Path
        The sessions, oldest first.
    chosen : Path
        The one to begin with.
    """

    watched = Signal(str)

    def __init__(self, parent: QWidget, folders: Sequence[Path], chosen: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Quality of the sessions")
        self.resize(1080, 640)
        self._folders, self._at = list(folders), list(folders).index(chosen)
        self.view = QualityView()
        self.earlier, self.later = button("Earlier session"), button("Later session")
        self.earlier.setShortcut("Alt+Left")
        self.later.setShortcut("Alt+Right")
        self.earlier.setToolTip("Alt+Left")
        self.later.setToolTip("Alt+Right")
        self.earlier.clicked.connect(lambda: self._go(-1))
        self.later.clicked.connect(lambda: self._go(1))
        self.watch = button("Watch this trial   W", "play")
        self.watch.setShortcut("W")
        self.watch.clicked.connect(self._watch)
        self.place = label("", "small")
        shut = button("Close")
        shut.clicked.connect(self.close)
        row = QHBoxLayout()
        for part in (self.earlier, self.later):
            row.addWidget(part)
        row.addWidget(self.place)
        row.addStretch(1)
        row.addWidget(self.watch)
        row.addWidget(shut)
        for part in (self.earlier, self.later, self.watch, shut, self.view.again):
            part.setAutoDefault(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 14, 16, 14)
        box.setSpacing(12)
        box.addWidget(self.view, 1)
        box.addLayout(row)
        self.finished.connect(lambda _result: self.view.finish())
        self.view.shown.connect(lambda _name: self.view.trials.setFocus())
        self._go(0)

    @property
    def folder(self) -> Path:
        """The session that is shown."""
        return self._folders[self._at]

    def _watch(self) -> None:
        number = self.view.chosen_trial
        if number is not None:
            self.watched.emit(f"{self.folder.name}/trial-{number}")
            self.close()

    def _go(self, step: int) -> None:
        last = len(self._folders) - 1
        self._at = min(max(self._at + step, 0), last)
        self.earlier.setEnabled(self._at > 0)
        self.later.setEnabled(self._at < last)
        self.place.setText(f"{self._at + 1} of {last + 1}")
        self.view.show_session(self.folder)
