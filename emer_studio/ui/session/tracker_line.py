"""Help with the eye tracker's sender: which one to start, and a Tobii of this computer."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QTextBrowser, QVBoxLayout, QWidget

from emer_studio.core.files import data_dir
from emer_studio.devices.tobii_titta import installed
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button, label, restyle

__all__ = ["SenderGuide", "TrackerLine"]

_START, _STOP = "Send the Tobii from here", "Stop sending the Tobii"


class SenderGuide(QDialog):
    """The page on which sender to start for which tracker."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Which sender to start for which eye tracker")
        self.resize(960, 700)
        self.page = QTextBrowser()
        self.page.setOpenExternalLinks(True)
        self.page.setMarkdown((data_dir() / "docs" / "trackers.md").read_text("utf-8"))
        box = QVBoxLayout(self)
        box.setContentsMargins(20, 16, 20, 16)
        box.addWidget(self.page)
        shut = button("Close")
        shut.clicked.connect(self.accept)
        box.addWidget(shut, 0, Qt.AlignmentFlag.AlignRight)


class TrackerLine(QWidget):
    """The buttons under the eye tracker box; `sending` carries the name of a stream.

    The Tobii is offered only where the extra that it needs is installed. While it is
    sent, the line says where the person sits.
    """

    sending = Signal(str)
    listAsked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.guide: SenderGuide | None = None
        self._job = JobRunner(self)
        self._job.heard.connect(self._heard)
        self._job.ended.connect(self._ended)
        self._job.runningChanged.connect(self._show_running)
        self.text = label("", "small", wrap=True)
        self.tobii, self.which = button(_START), button("Which sender?")
        self.tobii.setToolTip(
            "Sends a Tobii Pro tracker that is connected to this computer"
        )
        self.tobii.clicked.connect(self._press)
        self.every = button("All streams…")
        self.every.setToolTip("Every LSL stream on the network, as it comes and goes")
        self.every.clicked.connect(self.listAsked)
        self.which.setToolTip(
            "What to start for which eye tracker, and what to press there"
        )
        self.which.clicked.connect(self.open_guide)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.text, 1)
        for one in (self.tobii, self.every, self.which):
            one.setProperty("small", True)
            row.addWidget(one)
        self.tobii.setVisible(bool(installed()))

    def open_guide(self) -> None:
        """Show the page."""
        self.guide = SenderGuide(self.window())
        self.guide.finished.connect(self._guide_closed)
        self.guide.open()

    def _guide_closed(self) -> None:
        self.guide = None

    def finish(self) -> None:
        """End what is sent."""
        self._job.close()

    def _press(self) -> None:
        if self._job.running:
            self._job.stop()
        else:
            self._say("Looking for the Tobii …")
            self._job.start("tobii", ["tobii", "--events"])

    def _show_running(self, running: bool) -> None:
        self.tobii.setText(_STOP if running else _START)

    def _heard(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "sending":
            self.sending.emit(str(event["name"]))
        elif kind == "message":
            self._say(str(event["text"]))
        elif kind == "status":
            at = event.get("distance_mm")
            seat = "nobody is seen" if at is None else f"{at / 10:.0f} cm away"
            eyes = f"left eye {event['left_pct']} %, right eye {event['right_pct']} %"
            advice = str(event.get("advice") or "")
            said = f"Tobii: {seat}, {eyes}. {advice[:1].upper()}{advice[1:]}".strip()
            self._say(said, "small-amber" if advice else "small")

    def _ended(self, outcome: Outcome) -> None:
        why = outcome.error.replace("\n  → ", " ")
        self._say(why or "The Tobii is no longer sent.", "small-red" if why else "small")

    def _say(self, text: str, kind: str = "small") -> None:
        self.text.setText(text)
        restyle(self.text, "kind", kind)
