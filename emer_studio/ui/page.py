"""What every page of the operator's window is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner
from emer_studio.ui.parts import ShortLabel
from emer_studio.ui.workspace import Workspace

__all__ = ["Page"]


class Page(QWidget):
    """A page for one open study.

    `wants` asks the window for another page by its key (``key:what`` lets that page
    `visit` something), `said` shows a short message,
    `simulatedChanged` tells that what the page shows is simulated (or no longer),
    `finishing` that the page ends: whatever a part of it started ends too.
    """

    wants = Signal(str)
    said = Signal(str)
    simulatedChanged = Signal()
    finishing = Signal()

    def __init__(self, workspace: Workspace, title: str, subtitle: str = "") -> None:
        super().__init__()
        self.setObjectName("page")
        self.workspace = workspace
        self.job = JobRunner(self)
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(22, 16, 22, 18)
        self.box.setSpacing(12)
        self.title, self.subtitle = (
            ShortLabel(title, "title"),
            ShortLabel(subtitle, "muted"),
        )
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        self.subtitle.setVisible(bool(subtitle))
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        self.head.addLayout(words, 1)
        self.box.addLayout(self.head)
        workspace.changed.connect(self.refresh)

    @property
    def study(self) -> Study:
        """The open study."""
        return self.workspace.study

    @property
    def simulated(self) -> bool:
        """Whether anything shown here comes from simulated devices or a generator."""
        return False

    @property
    def working(self) -> bool:
        """Whether what is shown is about to change by itself."""
        return self.job.running

    @property
    def busy(self) -> str:
        """What would be cut off by closing the window, for the question; else empty."""
        return ""

    def may_leave(self) -> bool:
        """Ask what becomes of unsaved work, if there is any; False to stay."""
        return True

    def visit(self, what: str) -> None:
        """Show something that another page speaks of."""

    def refresh(self) -> None:
        """Show what the study's folder holds now."""

    def finish(self) -> None:
        """End jobs and let go of files; the page is not used any more."""
        self.workspace.changed.disconnect(self.refresh)
        self.finishing.emit()
        self.job.close()
