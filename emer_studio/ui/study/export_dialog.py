"""Exporting the study: what goes out is told before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import ProgressLine, button, label
from emer_studio.ui.study.export_form import ExportForm

__all__ = ["ExportDialog"]

_ABOUT = (
    "Consent decides what goes out. The clips are never in an export; it names their hashes"
    " and times."
)
_LOOK_MS = 300  # chosen by us: after typing, not during it
_GRACE_S = 60.0  # a session that is being written may hold hours of video


class ExportDialog(QDialog):
    """Runs ``emer-studio export``; before that, ``--dry-run`` after every change."""

    shut = Signal()

    def __init__(self, parent: QWidget | None, study: Study) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.resize(680, 640)
        self._study = study
        self.job = JobRunner(self)
        self._looked_at: list[str] = []
        self._out: Path | None = None
        self._looking = False
        self._timer = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(10)
        box.addWidget(label("Export the study", "title"))
        box.addWidget(label(_ABOUT, "muted", wrap=True))
        self.form = ExportForm(study)
        box.addWidget(self.form)
        box.addWidget(label("What goes out, and what does not", "heading"))
        self.told = QPlainTextEdit()
        self.told.setReadOnly(True)
        self.told.setTabChangesFocus(True)
        box.addWidget(self.told, 1)
        self.progress = ProgressLine()
        box.addWidget(self.progress)
        box.addLayout(self._buttons())
        self.form.changed.connect(self._changed)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._ended)
        self.finished.connect(self._close)
        self._changed()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.open_folder = button("&Open folder", "open")
        self.close_button = button("Close")
        self.stop = button("&Stop", "stop", "danger")
        self.export = button("&Export", "save", "primary")
        self.open_folder.hide()
        self.stop.hide()
        self.open_folder.clicked.connect(self._open_folder)
        self.close_button.clicked.connect(self.reject)
        self.stop.clicked.connect(self.job.stop)
        self.export.clicked.connect(self.start)
        row.addWidget(self.open_folder)
        row.addStretch(1)
        for widget in (self.close_button, self.stop, self.export):
            widget.setAutoDefault(False)
            row.addWidget(widget)
        return row

    # -- looking

    def _changed(self) -> None:
        """Look again at what would go out, a moment after the last change."""
        self.export.setEnabled(False)
        self.open_folder.hide()
        self.told.setPlainText("Looking at what consent allows …")
        self._timer.start()

    def _look(self) -> None:
        if self.job.running:
            return  # its end looks again
        self._looked_at, self._looking = self.form.words(), True
        words = [*self._looked_at, "--dry-run", "--events"]
        self.job.start("export", ["export", str(self._study.folder), *words])

    # -- writing

    def start(self) -> None:
        """Write the export that was looked at."""
        if self.job.running or not self.export.isEnabled():
            return
        self._out, self._looking = self.form.out, False
        words = self.form.words()
        self._set_running(True)
        self.progress.begin("Exporting")
        self.job.start(
            "export",
            ["export", str(self._study.folder), *words, "--events"],
            grace_s=_GRACE_S,
        )

    def _ended(self, outcome: Outcome) -> None:
        if self._looking:
            self._show_look(outcome)
            return
        self.progress.end()
        self._set_running(False)
        if outcome.stopped:
            self.told.setPlainText("Stopped; nothing was written.")
        elif outcome.error:
            self.told.setPlainText(outcome.error)
        else:
            self.told.setPlainText(_sentences("Written", outcome.result))
            self.open_folder.show()
            self.open_folder.setFocus()
        self.export.setEnabled(False)  # that folder is taken now, or the form changes

    def _show_look(self, outcome: Outcome) -> None:
        if self.form.words() != self._looked_at:
            self._look()
            return
        fine = not outcome.error and bool(outcome.result)
        told = _sentences("Goes out", outcome.result) if fine else outcome.error
        self.told.setPlainText(told)
        self.export.setEnabled(fine)

    def _set_running(self, running: bool) -> None:
        self.form.setEnabled(not running)
        self.stop.setVisible(running)
        self.export.setVisible(not running)
        self.close_button.setEnabled(not running)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._out)))

    def reject(self) -> None:
        """Close; what is being written is stopped first, by its button."""
        if self._looking or not self.job.running:
            super().reject()

    def _close(self) -> None:
        self._timer.stop()
        self.job.close()
        self.shut.emit()
        self.deleteLater()


def _sentences(first: str, result: dict[str, Any]) -> str:
    """Return what an export holds, what it leaves out and why, one a line."""
    counts = ", ".join(
        f"{result[name]} {name if result[name] != 1 else name[:-1]}"
        for name in ("participants", "sessions", "trials")
    )
    lines = [f"{first}: {counts}, face video of {result['videos']}."]
    for mark in ("simulated", "imported"):
        lines += [f"Some of it is {mark}."] if result[mark] else []
    left_out = result["left_out"]
    lines.append(f"Left out: {len(left_out)}." if left_out else "Nothing is left out.")
    for one in left_out:
        who = " ".join(filter(None, (one["participant"], one["session"])))
        lines.append(f"  {who}, {one['what']}: {one['reason']}")
    return "\n".join(lines)
