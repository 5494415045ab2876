"""The train page: a dataset, a protocol, a run with live curves, and its results."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.files import data_dir, next_free
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Empty, ProgressLine, Scrolled, button, label
from emer_studio.ui.train.curves import Curves
from emer_studio.ui.train.head import HeadCard
from emer_studio.ui.train.results import make_table, show_results
from emer_studio.ui.workspace import Dataset, Run, Workspace, datasets_of, runs_of

__all__ = ["TrainPage"]

_GRACE_S = 30.0  # chosen by us: one step, also on a busy computer; then it is killed
_APART = {"people": "participant", "clips": "stimulus", "people and clips": "both"}
_FOLDS = {
    "official": ", official sets",
    "stimulus": ", clips kept apart",
    "both": ", people and clips kept apart",
}
_SYNTH = ("--participants", "6", "--clips", "8", "--seed", "1")


class TrainPage(Page):
    """Train on a dataset of the study."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(
            workspace, "Train", "Training and test never share a person, unless you say so."
        )
        self.datasets: list[Dataset] = []
        self.runs: list[Run] = []
        self._run_folder: Path | None = None
        row = QHBoxLayout()
        row.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(self._setup_card())
        left.addWidget(HeadCard(self))
        left.addWidget(self._runs_card(), 1)
        holder = Scrolled()
        holder.setFixedWidth(320)
        left.setContentsMargins(0, 0, 12, 0)
        holder.inside.setLayout(left)
        row.addWidget(holder)
        row.addWidget(self._right(), 1)
        self.box.addLayout(row, 1)
        self.job.heard.connect(self._heard)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._ended)
        self.job.runningChanged.connect(self._set_running)
        self.refresh()

    def _setup_card(self) -> Card:
        card = Card("Dataset")
        self.dataset = QComboBox()
        self.about = label("", "small", wrap=True)
        self.build = button("Build dataset", "plus")
        self.synth = button("Make a synthetic set", "demo")
        self.protocol, self.folds, self.epochs = QComboBox(), QSpinBox(), QSpinBox()
        for path in sorted((data_dir() / "protocols" / "benchmark").glob("*.yaml")):
            self.protocol.addItem(path.stem)
        self.protocol.setCurrentText("er3")
        self.folds.setRange(2, 50)
        self.folds.setValue(5)
        self.epochs.setRange(1, 2000)
        self.epochs.setValue(20)
        self.start = button("Start training", "play", "primary")
        self.stop = button("Stop", "stop", "danger")
        self.progress = ProgressLine()
        for widget in (self.dataset, self.about, self.build, self.synth):
            card.box.addWidget(widget)
        card.box.addSpacing(4)
        card.box.addWidget(label("Training", "heading"))
        card.box.addLayout(_line("Protocol", self.protocol))
        card.box.addLayout(_line("Folds", self.folds))
        self.apart = QComboBox()
        for words, kind in _APART.items():
            self.apart.addItem(words, kind)
        self.apart.setToolTip("What training and test never share")
        card.box.addLayout(_line("Kept apart", self.apart))
        self.official = QCheckBox("The dataset's official sets")
        self.official.toggled.connect(self.folds.setDisabled)
        self.official.toggled.connect(self.apart.setDisabled)
        card.box.addWidget(self.official)
        card.box.addLayout(_line("Epochs", self.epochs))
        for other in (self.start, self.stop, self.progress):
            card.box.addWidget(other)
        self.dataset.currentIndexChanged.connect(self._describe)
        self.build.clicked.connect(self.build_dataset)
        self.synth.clicked.connect(self.make_synthetic)
        self.start.clicked.connect(self.train)
        self.stop.clicked.connect(self.job.stop)
        self.stop.hide()
        return card

    def _runs_card(self) -> Card:
        card = Card("Runs")
        self.list = QListWidget()
        self.no_runs = label("No run yet.", "muted")
        self.list.currentRowChanged.connect(self._show_run)
        card.box.addWidget(self.no_runs)
        card.box.addWidget(self.list, 1)
        return card

    def _right(self) -> QWidget:
        view = QWidget()
        box = QVBoxLayout(view)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        self.curves = Curves()
        card = Card("Results")
        self.results_about = label("", "small")
        card.head.addWidget(self.results_about)
        self.results = make_table()
        card.box.addWidget(self.results)
        box.addWidget(self.curves, 1)
        box.addWidget(card, 1)
        self.stack = QStackedWidget()
        self.empty = Empty(
            "train",
            "Nothing trained yet",
            "Build a dataset from this study's recordings and labels, or make a synthetic"
            " set to see the whole chain work. Then press Start training.",
        )
        self.stack.addWidget(self.empty)
        self.stack.addWidget(view)
        return self.stack

    # -- what is there

    @property
    def simulated(self) -> bool:
        """Whether the chosen dataset or the shown run is synthetic or simulated."""
        chosen, run = self.chosen(), self.shown_run()
        made_up = chosen is not None and (chosen.synthetic or chosen.simulated)
        info = run.info if run is not None else {}
        return made_up or bool(info.get("synthetic") or info.get("simulated"))

    def chosen(self) -> Dataset | None:
        """Return the chosen dataset."""
        row = self.dataset.currentIndex()
        return self.datasets[row] if 0 <= row < len(self.datasets) else None

    def shown_run(self) -> Run | None:
        """Return the run whose results are shown."""
        row = self.list.currentRow()
        return self.runs[row] if 0 <= row < len(self.runs) else None

    def refresh(self) -> None:
        """Look for datasets and runs again."""
        datasets = datasets_of(self.study)
        if datasets != self.datasets:
            known = self.chosen()
            self.datasets = datasets
            self.dataset.blockSignals(True)
            self.dataset.clear()
            for one in datasets:
                self.dataset.addItem(str(one.folder.relative_to(self.study.derived)))
            self.dataset.blockSignals(False)
            folders = [one.folder for one in datasets]
            if known is not None and known.folder in folders:
                self.dataset.setCurrentIndex(folders.index(known.folder))
        self._describe()
        runs = runs_of(self.study)
        if runs != self.runs:
            self._fill_runs(runs)
        self._set_running(self.job.running)

    def _describe(self) -> None:
        chosen = self.chosen()
        if chosen is None:
            self.about.setText("No dataset yet. Build one, or make a synthetic set.")
        else:
            kind = " Synthetic." if chosen.synthetic else ""
            kind += " From simulated devices." if chosen.simulated else ""
            self.about.setText(f"{chosen.name}: {chosen.samples} samples.{kind}")
        has_sets = chosen is not None and (chosen.folder / "sets.csv").is_file()
        self.official.setVisible(has_sets)
        self.official.setChecked(has_sets and self.official.isChecked())
        self.dataset.setEnabled(chosen is not None)
        self.start.setEnabled(chosen is not None and not self.job.running)
        self.simulatedChanged.emit()

    def _fill_runs(self, runs: list[Run]) -> None:
        shown = self.shown_run()
        self.runs = runs
        self.list.blockSignals(True)
        self.list.clear()
        for run in runs:
            started = str(run.info.get("started", ""))[:16].replace("T", " ")
            state = run.info.get("state")
            text = f"{run.info.get('protocol')}   ·   {state}\n{started}"
            item = QListWidgetItem(text)
            item.setToolTip(str(run.folder))
            self.list.addItem(item)
        folders = [run.folder for run in runs]
        if shown is not None and shown.folder in folders:
            self.list.setCurrentRow(folders.index(shown.folder))
        elif self._run_folder is None and runs:
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self.no_runs.setVisible(not runs)
        self.list.setVisible(bool(runs))
        self._show_run()

    def _show_run(self, _row: int = 0) -> None:
        run = self.shown_run()
        if run is None:
            return
        self.stack.setCurrentIndex(1)
        if not self.job.running:
            self.curves.setVisible(self._run_folder == run.folder)
        about = f"{run.info.get('protocol')}, {run.info.get('epochs')} epochs"
        about += _FOLDS.get(str(run.info.get("folds")), "")
        if run.info.get("synthetic"):
            about += ", synthetic data"
        self.results_about.setText(about)
        if run.results is not None:
            show_results(self.results, run.results)
        else:
            self.results.setRowCount(0)
            self.results.setColumnCount(1)
            self.results.setHorizontalHeaderLabels([f"This run is {run.info.get('state')}"])
        self.simulatedChanged.emit()

    # -- jobs

    def build_dataset(self) -> None:
        """Build a dataset from the study's sessions and labels."""
        out = next_free(self.study.derived / "dataset")
        self._begin("dataset", "Building the dataset")
        study = str(self.study.folder)
        self.job.start(
            "dataset", ["dataset", "build", study, "--out", str(out), "--events"]
        )

    def make_synthetic(self) -> None:
        """Make a synthetic dataset with known limits."""
        out = next_free(self.study.derived / "synthetic")
        self._begin("dataset", "Drawing a synthetic set")
        self.job.start(
            "dataset", ["dataset", "synth", "--out", str(out), *_SYNTH, "--events"]
        )

    def train(self) -> None:
        """Train on the chosen dataset."""
        chosen = self.chosen()
        if chosen is None:
            return
        protocol = self.protocol.currentText()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._run_folder = next_free(self.study.derived / "runs" / f"{protocol}_{stamp}")
        self._run_folder.parent.mkdir(parents=True, exist_ok=True)
        self._begin("training", "Loading the network")
        self.curves.clear()
        self.curves.show()
        self.results.setRowCount(0)
        self.stack.setCurrentIndex(1)
        self.list.setCurrentRow(-1)
        self.results_about.setText("comes when every fold is done")
        self.job.start(
            "training",
            [
                *("train", str(chosen.folder), "--protocol", protocol),
                *("--folds", self._folds(), "--folds-by", self._apart()),
                *("--epochs", str(self.epochs.value())),
                *("--out", str(self._run_folder), "--events"),
            ],
            grace_s=_GRACE_S,
        )

    def _folds(self) -> str:
        return "official" if self.official.isChecked() else str(self.folds.value())

    def _apart(self) -> str:
        return "participant" if self.official.isChecked() else self.apart.currentData()

    def _begin(self, what: str, text: str) -> None:
        self._what = what
        self.progress.begin(text)

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "epoch":
            self.curves.add(event)
        elif event.get("event") == "message":
            self.progress.text.setText(str(event.get("text", "")))

    def _ended(self, outcome: Outcome) -> None:
        self.progress.end()
        if outcome.error:
            self.said.emit(outcome.error)
        elif outcome.stopped:
            self.said.emit("Stopped.")
        elif outcome.result.get("dataset"):
            count = outcome.result.get("samples")
            self.said.emit(f"The dataset is ready: {count} samples.")
        self.refresh()
        if self._what == "training" and self._run_folder is not None:
            folders = [run.folder for run in self.runs]
            if self._run_folder in folders:
                self.list.setCurrentRow(folders.index(self._run_folder))
                self._show_run()

    def _set_running(self, running: bool) -> None:
        for widget in (self.build, self.synth, self.protocol, self.official, self.epochs):
            widget.setEnabled(not running)
        for widget in (self.folds, self.apart):
            widget.setEnabled(not running and not self.official.isChecked())
        self.build.setEnabled(not running and bool(self.study.sessions()))
        self.start.setVisible(not running)
        self.stop.setVisible(running)
        self.start.setEnabled(not running and self.chosen() is not None)


def _line(name: str, widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    text = label(name, "muted")
    text.setFixedWidth(80)
    row.addWidget(text)
    row.addWidget(widget, 1)
    return row
