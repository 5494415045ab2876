"""The card that writes a report: its kind, a dataset where it needs one, progress."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLabel

from emer_studio.core.files import next_free
from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, ProgressLine, button, label
from emer_studio.ui.report.kinds import KINDS, Kind
from emer_studio.ui.workspace import Dataset, datasets_of

__all__ = ["WriterCard"]

_BUILD = "Build a new one first"


class WriterCard(Card):
    """Writes reports as jobs of `job`; `written` tells the file.

    A report of a dataset can have the dataset built first, in a job of its own.
    """

    written = Signal(object)

    def __init__(self, study: Study, job: JobRunner) -> None:
        super().__init__("New report")
        self._study, self._job = study, job
        self._datasets: list[Dataset | None] = []
        self._out: Path | None = None
        self._built: Path | None = None
        self.kind, self.dataset = QComboBox(), QComboBox()
        for kind in KINDS:
            self.kind.addItem(kind.title)
        self.about = label("", "small", wrap=True)
        self.write = button("&Write report", "report", "primary")
        self.stop = button("&Stop", "stop", "danger")
        self.progress = ProgressLine()
        self.problem = label("", "error", wrap=True)
        self._of = _named("&Dataset", self.dataset)
        for widget in (_named("&Kind", self.kind), self.kind, self.about, self._of):
            self.box.addWidget(widget)
        for other in (self.dataset, self.write, self.stop, self.progress, self.problem):
            self.box.addWidget(other)
        self.problem.hide()
        self.kind.currentIndexChanged.connect(self.refresh)
        self.kind.currentIndexChanged.connect(self.problem.hide)
        self.write.clicked.connect(self.start)
        self.stop.clicked.connect(job.stop)
        job.progressed.connect(self.progress.setValue)
        job.runningChanged.connect(self._show_running)
        job.ended.connect(self._ended)
        self._show_running(running=False)
        self.refresh()

    @property
    def chosen(self) -> Kind:
        """The kind that is chosen."""
        return KINDS[self.kind.currentIndex()]

    def refresh(self) -> None:
        """Show what the chosen kind needs, and the datasets that are there."""
        self.about.setText(self.chosen.about)
        for widget in (self._of, self.dataset):
            widget.setVisible(self.chosen.of_dataset)
        found = _choices(self._study)
        if found != self._datasets:
            row = self.dataset.currentIndex()
            kept = self._datasets[row] if row >= 0 else None
            self._datasets = found
            self.dataset.clear()
            for one in found:
                self.dataset.addItem(_name(self._study, one))
            self.dataset.setCurrentIndex(found.index(kept) if kept in found else 0)
        possible = bool(found) or not self.chosen.of_dataset
        self.write.setEnabled(possible and not self._job.running)
        if not possible:
            self.about.setText(f"{self.chosen.about} Record a session first.")

    def start(self) -> None:
        """Write the chosen report, after building its dataset where that is asked for."""
        if self._job.running or not self.write.isEnabled():
            return
        self.problem.hide()
        self._built = None
        if not self.chosen.of_dataset:
            self._write(self.chosen, self._study.folder)
            return
        dataset = self._datasets[self.dataset.currentIndex()]
        if dataset is not None:
            self._write(self.chosen, dataset.folder)
            return
        self._built, self._out = next_free(self._study.derived / "dataset"), None
        self.progress.begin("Building the dataset")
        words = ("dataset", "build", str(self._study.folder), "--out", str(self._built))
        self._job.start("dataset", [*words, "--events"])

    def _write(self, kind: Kind, source: Path) -> None:
        folder = self._study.derived / "reports"
        stem = "report" if kind.key == "study" else kind.key
        name = f"{stem}_{source.name}.html" if kind.of_dataset else f"{stem}.html"
        self._out = _free(folder / name)
        folder.mkdir(parents=True, exist_ok=True)
        self.progress.begin("Writing the report")
        words = (kind.command, str(source), *kind.more)
        self._job.start("report", [*words, "--out", str(self._out), "--events"])

    def _ended(self, outcome: Outcome) -> None:
        built, self._built = self._built, None
        if not outcome.error and not outcome.stopped and built is not None:
            gap = next(kind for kind in KINDS if kind.of_dataset)
            self._write(gap, built)
            return
        self.progress.end()
        self.problem.setText("Stopped." if outcome.stopped else outcome.error)
        self.problem.setVisible(bool(self.problem.text()))
        self.refresh()
        if self._out is not None and self._out.is_file():
            self.written.emit(self._out)

    def _show_running(self, running: bool) -> None:
        self.write.setVisible(not running)
        self.stop.setVisible(running)
        self.kind.setEnabled(not running)
        self.dataset.setEnabled(not running)


def _choices(study: Study) -> list[Dataset | None]:
    """Return the datasets, those of people first; None stands for building one."""
    found = datasets_of(study)
    real: list[Dataset | None] = [one for one in found if not one.synthetic]
    build: list[Dataset | None] = [None] if study.sessions() else []
    return [*real, *build, *(one for one in found if one.synthetic)]


def _name(study: Study, dataset: Dataset | None) -> str:
    if dataset is None:
        return _BUILD
    return f"{dataset.folder.relative_to(study.derived)}, {dataset.samples} samples"


def _free(path: Path) -> Path:
    """Return a name at which neither a page nor a table beside it stands."""
    found, number = path, 1
    while found.exists() or found.with_suffix(".csv").exists():
        number += 1
        found = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return found


def _named(text: str, widget: QComboBox) -> QLabel:
    made = label(text, "muted")
    made.setBuddy(widget)
    return made
