"""The self-test in the window: what watches the participant's screen, and what it says."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core import settings
from emer_studio.core.settings import KnownLag
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button, label, set_cell, table
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["SelfTestDialog"]

_ABOUT = (
    "The participant's screen flashes and clicks for half a minute. Tape a photodiode to"
    " its upper left corner, or turn the camera to face it. What is kept goes into the"
    " manifest of every session from then on; it is never subtracted from anything."
)
_HEADS = ("What", "Of", "Lag", "Measured", "By")
_REPEATS = 4


class SelfTestDialog(QDialog):
    """Run ``emer-studio selftest`` for the display, camera and microphone of a choice."""

    shut = Signal()

    def __init__(self, parent: QWidget, choice: SessionChoice) -> None:
        super().__init__(parent)
        self.setWindowTitle("Test display and sound")
        self.resize(760, 520)
        self._choice = choice
        self._lags: list[KnownLag] = []
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(12)
        box.addWidget(label("Test display and sound", "title"))
        box.addWidget(label(_ABOUT, "muted", wrap=True))
        box.addLayout(self._watchers())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        box.addWidget(self.bar)
        self.said = label("", "small", wrap=True)
        box.addWidget(self.said)
        box.addWidget(label("Known lags", "heading"))
        self.known = table(_HEADS, stretch=4, rows=30)
        box.addWidget(self.known, 1)
        box.addLayout(self._buttons())
        self._show_known()
        self.finished.connect(self._close)

    def _watchers(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        camera, microphone = self._choice.camera, self._choice.microphone
        self.camera = QCheckBox(f"Camera {camera} faces the screen")
        self.camera.setEnabled(bool(camera))
        shown = f"Microphone {microphone} listens" if microphone else "Microphone listens"
        self.microphone = QCheckBox(shown)
        self.photodiode = QLineEdit()
        self.photodiode.setPlaceholderText("name of its LSL stream; empty for none")
        self.corner = QCheckBox("Flash the upper left corner only")
        grid.addWidget(label("Photodiode", "muted"), 0, 0)
        grid.addWidget(self.photodiode, 0, 1)
        for row, widget in enumerate((self.camera, self.microphone, self.corner), start=1):
            grid.addWidget(widget, row, 1)
        return grid

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.start = button("Start", "play", "primary")
        self.start.clicked.connect(self._press)
        self.keep = button("Keep what was measured", "check")
        self.keep.setEnabled(False)
        self.keep.clicked.connect(self._keep)
        self.done_button = button("Close")
        self.done_button.clicked.connect(self.reject)
        row.addWidget(self.start)
        row.addWidget(self.keep)
        row.addStretch(1)
        row.addWidget(self.done_button)
        return row

    def arguments(self) -> list[str]:
        """Return the command that is run."""
        choice = self._choice
        words = ["selftest", "--repeats", str(_REPEATS), "--events"]
        words += ["--camera", choice.camera] if self.camera.isChecked() else []
        if self.microphone.isChecked():
            words += ["--microphone", choice.microphone or "default"]
        stream = self.photodiode.text().strip()
        words += ["--photodiode", stream] if stream else []
        words += ["--corner"] if self.corner.isChecked() else []
        display = choice.display
        return [
            *words,
            *(["--windowed"] if display is None else ["--display", str(display)]),
        ]

    def _press(self) -> None:
        if self.job.running:
            self.job.stop()
            return
        self.said.setText("Getting the devices ready …")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.start.setText(" Stop")
        self.keep.setEnabled(False)
        self.job.start("selftest", self.arguments())

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "progress":
            done, total = int(event.get("done", 0)), int(event.get("total", 1))
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            self.said.setText(f"Flash and click {done + 1} of {total}")

    def _ended(self, outcome: Outcome) -> None:
        self.bar.hide()
        self.start.setText(" Start")
        if not outcome.result:
            self.said.setText(outcome.error or "Broken off; nothing was measured.")
            return
        self._lags = [KnownLag(**lag) for lag in outcome.result.get("lags", [])]
        missed = [f"not seen or heard: {how}" for how in outcome.result.get("missed", [])]
        found = [f"{lag.what}: {in_ms(lag)} by {lag.how}" for lag in self._lags]
        shown = f"{outcome.result.get('flashes')} flashes were shown; nothing watched them."
        self.said.setText("\n".join([*found, *missed]) or shown)
        self.keep.setEnabled(bool(self._lags))

    def _keep(self) -> None:
        for lag in self._lags:
            settings.remember_lag(lag)
        self.keep.setEnabled(False)
        self._show_known()

    def _show_known(self) -> None:
        lags = settings.load().lags
        self.known.setRowCount(len(lags))
        for row, lag in enumerate(lags):
            cells = (lag.what, lag.device or "–", in_ms(lag), lag.measured[:10], lag.how)
            for column, text in enumerate(cells):
                set_cell(self.known, row, column, text, tip=text if column == 4 else "")

    def _close(self) -> None:
        self.job.close()
        self.shut.emit()
        self.deleteLater()


def in_ms(lag: KnownLag) -> str:
    """Return a lag with its uncertainty, where that is known."""
    return f"{lag.lag_ms:.1f}" + (f" ± {lag.se_ms:.1f}" if lag.se_ms else "") + " ms"
