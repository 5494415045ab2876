"""The page Train: a new training on one side of the switch, all runs on the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from emer_studio.core.files import next_free
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Empty, Scrolled
from emer_studio.ui.train.head import HeadCard
from emer_studio.ui.train.plan import PlanCard
from emer_studio.ui.train.run_desk import RunDesk
from emer_studio.ui.train.setup import Setup
from emer_studio.ui.train.switch import Switch
from emer_studio.ui.workspace import Workspace

__all__ = ["TrainPage"]

_LEFT_PX = 332
_TICK_MS = 500  # chosen by us: a curve that moves; reading what is new costs nothing
_SYNTH = ("--participants", "6", "--clips", "8", "--seed", "1")
_NEW, _RUNS = 0, 1


class TrainPage(Page):
    """Train on a dataset of the study, follow what is trained, judge what came out."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            workspace, "Train", "Training and test never share a person, unless you say so."
        )
        self.setup, self.plan = Setup(), PlanCard()
        self.runs = RunDesk(self.study)
        self.views = Switch(("&New training", "&Runs"))
        self.head.addWidget(self.views)
        self.stack = QStackedWidget()
        self.stack.addWidget(self._new())
        self.stack.addWidget(self.runs)
        self.box.addLayout(self._one(self.stack), 1)
        self._began: Path | None = None
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._connect()
        self.refresh()
        if self.runs.list.entries or self.runs.live.trainings:
            self.views.choose(_RUNS)

    def _new(self) -> QWidget:
        view = QWidget()
        row = QHBoxLayout(view)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._form = left = Scrolled()
        left.setFixedWidth(_LEFT_PX)
        self.left = QVBoxLayout(left.inside)
        self.left.setContentsMargins(0, 0, 12, 0)
        self.left.setSpacing(12)
        self.left.addWidget(self.setup)
        self.left.addWidget(HeadCard(self))
        self.left.addStretch(1)
        self.empty = Empty(
            "train",
            "Nothing to train on yet",
            "Build a dataset from this study's recordings and labels, or make a synthetic"
            " set to see the whole chain work.",
        )
        self.right = QStackedWidget()
        self.right.addWidget(self.empty)
        self.right.addWidget(self.plan)
        column = QVBoxLayout()
        column.setSpacing(10)
        column.addWidget(left, 1)
        column.addWidget(self.setup.footer)
        row.addLayout(column)
        row.addWidget(self.right, 1)
        return view

    @staticmethod
    def _one(widget: QWidget) -> QVBoxLayout:
        box = QVBoxLayout()
        box.addWidget(widget)
        return box

    def _connect(self) -> None:
        setup, runs = self.setup, self.runs
        setup.changed.connect(self._chosen)
        setup.build.clicked.connect(self.build_dataset)
        setup.synth.clicked.connect(self.make_synthetic)
        setup.start.clicked.connect(self.train)
        setup.more.toggle.toggled.connect(self._more_opened)
        self.plan.answered.connect(lambda: self._set_running(self.job.running))
        self.views.chosen.connect(self._show_view)
        runs.said.connect(self.said)
        runs.opened.connect(lambda trial: self.wants.emit(f"explore:{trial}"))
        runs.written.connect(lambda path: self.wants.emit(f"report:{path.name}"))
        runs.shown.connect(self.simulatedChanged)
        self.job.progressed.connect(setup.progress.setValue)
        self.job.ended.connect(self._ended)
        self.job.runningChanged.connect(self._set_running)

    # -- what is there

    @property
    def simulated(self) -> bool:
        """Whether the chosen dataset or the shown run is synthetic or simulated."""
        if self.views.place == _RUNS:
            return self.runs.simulated
        chosen = self.setup.chosen()
        return chosen is not None and (chosen.synthetic or chosen.simulated)

    @property
    def working(self) -> bool:
        """Whether what is shown is about to change by itself."""
        looking = self.views.place == _NEW and self.plan.working
        return self.job.running or looking

    def refresh(self) -> None:
        """Look for datasets and runs again."""
        self.setup.show_datasets(self.study)
        self.runs.refresh()
        self.right.setCurrentIndex(0 if self.setup.chosen() is None else 1)
        self._set_running(self.job.running)

    def showEvent(self, event: QShowEvent) -> None:
        """Follow what runs, as long as it can be seen."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no more; what is trained goes on."""
        super().hideEvent(event)
        self._timer.stop()

    def finish(self) -> None:
        """End what the window started for itself; what is trained goes on."""
        self._timer.stop()
        self.plan.finish()
        self.runs.finish()
        super().finish()

    def _tick(self) -> None:
        self.runs.tick()

    def _show_view(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.simulatedChanged.emit()

    def _more_opened(self, on: bool) -> None:
        """Show what has opened, once it has its place."""
        more, inside = self.setup.more, self._form.inside
        bar = self._form.verticalScrollBar()
        if on:
            QTimer.singleShot(
                0, self, lambda: bar.setValue(more.mapTo(inside, QPoint(0, 0)).y())
            )

    def _chosen(self) -> None:
        self.plan.show_choice(self.setup.choice())
        self.right.setCurrentIndex(0 if self.setup.chosen() is None else 1)
        self._set_running(self.job.running)
        self.simulatedChanged.emit()

    # -- jobs

    def build_dataset(self) -> None:
        """Build a dataset from the study's sessions and labels."""
        words = ["build", str(self.study.folder)]
        self._make("dataset", "Building the dataset", words)

    def make_synthetic(self) -> None:
        """Make a synthetic dataset with known limits."""
        self._make("synthetic", "Drawing a synthetic set", ["synth", *_SYNTH])

    def _make(self, name: str, text: str, words: list[str]) -> None:
        out = next_free(self.study.derived / name)
        self.setup.progress.begin(text)
        self.job.start("dataset", ["dataset", *words, "--out", str(out), "--events"])

    def train(self) -> None:
        """Start what is chosen as a process of its own, which this window only follows."""
        choice = self.setup.choice()
        if not self.setup.start.isEnabled() or choice is None:
            return
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        runs = self.study.derived / "runs"
        runs.mkdir(parents=True, exist_ok=True)
        self._began = next_free(runs / f"{choice.protocol}_{stamp}")
        words = ["train", *choice.words(), "--background", "--out", str(self._began)]
        self.setup.progress.begin("Starting")
        self.job.start("train", [*words, "--events"])

    def _ended(self, outcome: Outcome) -> None:
        self.setup.progress.end()
        if outcome.error:
            self.said.emit(outcome.error)
        elif outcome.stopped:
            self.said.emit("Stopped.")
        elif outcome.result.get("dataset"):
            count = outcome.result.get("samples")
            self.said.emit(f"The dataset is ready: {count} samples.")
        self.refresh()
        if "dataset" in outcome.result:
            self.setup.choose_dataset(str(outcome.result["dataset"]))
        if "pid" in outcome.result and self._began is not None:
            self.views.choose(_RUNS)
            self.runs.follow(self._began)

    def _set_running(self, running: bool) -> None:
        setup, choice = self.setup, self.setup.choice()
        setup.synth.setEnabled(not running)
        setup.build.setEnabled(not running and bool(self.study.sessions()))
        ready = choice is not None and not choice.problem and not self.plan.refused
        setup.start.setEnabled(ready and not running)
