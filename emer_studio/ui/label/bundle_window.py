"""The window of a rater who has a bundle: the labelling room, and handing over."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow

from emer_studio.labels.bundle import Bundle
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.label.bundle_desk import BundleDesk
from emer_studio.ui.label.page import LabelPage
from emer_studio.ui.parts import button
from emer_studio.ui.toast import Toast
from emer_studio.ui.workspace import Workspace

__all__ = ["BundleWindow"]


class _NoStudy(Workspace):
    """What a page needs of a workspace where there is no study: that nothing changes."""

    def __init__(self, parent: QObject) -> None:
        QObject.__init__(self, parent)


class BundleWindow(QMainWindow):
    """Labels a bundle.

    Parameters
    ----------
    bundle : Bundle
        Unpacked.
    """

    closed = Signal()

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.setWindowTitle(f"Faces for {bundle.annotator} — EMER Studio")
        self.resize(1200, 780)
        self.setMinimumSize(1000, 660)
        self._bundle = bundle
        self.page = LabelPage(_NoStudy(self), BundleDesk(bundle))
        self.page.room.annotator.setText(bundle.annotator)
        self.page.room.annotator.setReadOnly(True)
        self.page.lead.setVisible(False)
        self.hand_over = button("Hand over…", "save")
        self.hand_over.clicked.connect(self._ask)
        self.page.head.insertWidget(self.page.head.count() - 1, self.hand_over)
        self.setCentralWidget(self.page)
        self.toast = Toast(self)
        self.page.said.connect(self.toast.say)
        self.page.job.ended.connect(self._handed_over)
        self.page.setFocus()

    def _ask(self) -> None:
        proposed = str(self._bundle.folder.with_suffix(".labels"))
        name, _ = QFileDialog.getSaveFileName(self, "Labels to hand over", proposed)
        if name:
            self.write(Path(name))

    def write(self, file: Path) -> None:
        """Write what was labelled to a file for the study lead."""
        if not self.page.job.running:
            words = ["labels", "bundle-out", str(self._bundle.folder), "--out", str(file)]
            self.page.job.start("bundle-out", [*words, "--events"])

    def _handed_over(self, outcome: Outcome) -> None:
        file = outcome.result.get("file")
        if file:
            count = outcome.result.get("events")
            self.toast.say(f"{file}: {count} events. Send it to whoever leads the study.")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let go of the videos and the labels."""
        self.page.finish()
        event.accept()
        self.closed.emit()
