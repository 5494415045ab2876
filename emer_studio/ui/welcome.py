"""What the window shows without a study: make one, open one, or try the demo."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from emer_studio.core.files import next_free
from emer_studio.ui import theme
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, ProgressLine, button, label
from emer_studio.ui.recent import recent_studies

__all__ = ["Welcome"]

_DEMO = (
    "The demo makes a study with simulated devices: a session, a dataset, a short training"
    " and a report. Nothing in it says anything about people."
)


class Welcome(QWidget):
    """The first thing a person sees.

    Parameters
    ----------
    demo_folder : Path
        Where a demo study is put; numbered when it is taken.
    """

    newAsked = Signal()
    openAsked = Signal()
    chosen = Signal(Path)
    said = Signal(str)

    def __init__(self, demo_folder: Path) -> None:
        super().__init__()
        self.setObjectName("welcome")
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.progressed.connect(self._progressed)
        self.job.ended.connect(self._ended)
        self._demo_folder, self._out = demo_folder, demo_folder
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._card())
        row.addStretch(1)
        outer.addLayout(row)
        outer.addStretch(3)

    def _card(self) -> Card:
        card = Card()
        card.setFixedWidth(560)
        card.box.setContentsMargins(34, 30, 34, 30)
        card.box.setSpacing(12)
        picture = QLabel()
        picture.setPixmap(theme.pixmap("app", theme.ACCENT, 46))
        card.box.addWidget(picture)
        card.box.addWidget(label("EMER Studio", "title"))
        card.box.addWidget(
            label(
                "From the first participant to the results table: induction sessions,"
                " synchronised recording, expert labels, training and a report, all in one"
                " study folder.",
                "muted",
                wrap=True,
            )
        )
        card.box.addSpacing(6)
        self.new = button("New study…", "plus", "primary")
        self.open = button("Open study…", "open")
        self.new.clicked.connect(self.newAsked)
        self.open.clicked.connect(self.openAsked)
        pair = QHBoxLayout()
        pair.setSpacing(10)
        pair.addWidget(self.new, 1)
        pair.addWidget(self.open, 1)
        card.box.addLayout(pair)
        self.demo = button("Try the demo study", "demo")
        self.demo.clicked.connect(self.start_demo)
        card.box.addWidget(self.demo)
        card.box.addWidget(label(_DEMO, "small", wrap=True))
        self.progress = ProgressLine()
        card.box.addWidget(self.progress)
        for path in recent_studies()[:4]:
            card.box.addWidget(self._recent(path))
        return card

    def _recent(self, path: Path) -> QPushButton:
        made = QPushButton(f"{path.name}   —   {path.parent}")
        made.setProperty("kind", "choice")
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.clicked.connect(lambda: self.chosen.emit(path))
        return made

    def start_demo(self) -> None:
        """Make the demo study in a process of its own; the same button stops it."""
        if self.job.running:
            self.job.stop()
            return
        self._out = next_free(self._demo_folder)
        self._out.parent.mkdir(parents=True, exist_ok=True)
        self.demo.setText("Stop the demo")
        self.progress.begin(f"Making {self._out}")
        self.job.start("demo", ["demo", "--out", str(self._out), "--events"])

    def _heard(self, event: dict[str, object]) -> None:
        if event.get("event") == "message":
            self.progress.begin(str(event.get("text", "")))

    def _progressed(self, step: str, done: int, total: int) -> None:
        self.progress.setValue(step, done, total)

    def _ended(self, outcome: Outcome) -> None:
        self.demo.setText("Try the demo study")
        self.progress.end()
        if outcome.error:
            self.said.emit(f"The demo did not finish: {outcome.error}")
        if (self._out / "study.yaml").is_file() and not outcome.stopped:
            self.chosen.emit(self._out)

    def finish(self) -> None:
        """End the demo if it runs."""
        self.job.close()
