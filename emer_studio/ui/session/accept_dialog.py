"""Accepting a rig in the window: ten minutes of everything, then a line for each part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from emer_studio.session.accept.kept import acceptances
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button, label
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.ready_card import device_words, display_word, item_row

__all__ = ["AcceptDialog"]

_ABOUT = (
    "Camera, tracker, recorders and the participant's display run as in a session, without"
    " anybody, and the computer's settings are looked at. What is found is kept with its"
    " date and hardware. Leave the computer alone meanwhile."
)
_GRACE_S = 30.0  # everything is closed as at a session's end


class AcceptDialog(QDialog):
    """Run ``emer-studio accept-rig`` for the devices of a choice."""

    shut = Signal()

    def __init__(self, parent: QWidget | None, choice: SessionChoice, disk: Path) -> None:
        super().__init__(parent)
        self.setWindowTitle("Accept this rig")
        self.resize(680, 620)
        self._choice, self._disk = choice, disk
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.setSpacing(12)
        box.addWidget(label("Accept this rig", "title"))
        box.addWidget(label(_ABOUT, "muted", wrap=True))
        self.minutes = QSpinBox()
        self.minutes.setRange(1, 120)
        self.minutes.setValue(10)
        self.minutes.setSuffix(" min")
        self.minutes.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.start = button("Start", "play", "primary")
        self.start.clicked.connect(self._press)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.minutes)
        row.addWidget(self.start)
        row.addStretch(1)
        box.addLayout(row)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.said = label("", "small", wrap=True)
        box.addWidget(self.bar)
        box.addWidget(self.said)
        box.addWidget(self._lines(), 1)
        self.done_button = button("Close")
        self.done_button.clicked.connect(self.reject)
        box.addWidget(self.done_button, 0, Qt.AlignmentFlag.AlignRight)
        self._show_last()
        self.finished.connect(self._close)

    def _lines(self) -> QScrollArea:
        area, inside = QScrollArea(), QWidget()
        area.setObjectName("scroll")
        inside.setObjectName("scrolled")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inside)
        outer = QVBoxLayout(inside)
        outer.setContentsMargins(0, 0, 8, 0)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        outer.addLayout(self._list)
        outer.addStretch(1)
        return area

    @property
    def rows(self) -> int:
        """How many lines are shown."""
        return self._list.count()

    def arguments(self) -> list[str]:
        """Return the command that is run."""
        words = ["accept-rig", "--minutes", str(self.minutes.value())]
        words += ["--folder", str(self._disk), *device_words(self._choice)]
        return [*words, display_word(self._choice), "--events"]

    def _press(self) -> None:
        if self.job.running:
            self.job.stop()
            return
        self._clear()
        self.said.setText("Getting the devices ready …")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.start.setText(" Stop")
        self.minutes.setEnabled(False)
        self.job.start("accept-rig", self.arguments(), grace_s=_GRACE_S)

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "progress":
            done, total = int(event.get("done", 0)), int(event.get("total", 1))
            self.bar.setRange(0, total)
            self.bar.setValue(done)
            left = total - done
            self.said.setText(f"{left // 60}:{left % 60:02d} left")

    def _ended(self, outcome: Outcome) -> None:
        self.bar.hide()
        self.start.setText(" Start")
        self.minutes.setEnabled(True)
        if outcome.result:
            self._show(outcome.result)
        else:
            self.said.setText(outcome.error or "Broken off; nothing was kept.")

    def _show_last(self) -> None:
        known = acceptances()
        if known:
            self._show(known[-1].model_dump(mode="json"))
        else:
            self.said.setText("No rig has been accepted on this computer yet.")

    def _show(self, acceptance: dict[str, Any]) -> None:
        parts = "; ".join(acceptance["hardware"].values())
        when, verdict = acceptance["made"][:10], acceptance["verdict"]
        simulated = ", simulated" if acceptance["simulated"] else ""
        self.said.setText(f"{when}{simulated}: {verdict}. {parts}")
        for line in acceptance["lines"]:
            self._list.addWidget(item_row(line))

    def _clear(self) -> None:
        while self._list.count():
            item = self._list.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()

    def _close(self) -> None:
        self.job.close()
        self.shut.emit()
        self.deleteLater()
