"""What is written of a finished run: report, model card, figures, the network itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from emer_studio.core.files import next_free
from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button, label

__all__ = ["Papers"]


class _Paper(NamedTuple):
    """What a button writes: its command, its folder and name, what is said meanwhile."""

    command: str
    folder: str
    name: str
    busy: str


_PAPERS = (
    _Paper("report", "reports", "{run}.html", "Writing the report …"),
    _Paper("runs card", "reports", "{run} card.html", "Writing the model card …"),
    _Paper("runs figures", "reports", "{run} figures", "Drawing the figures …"),
    _Paper("export-onnx", "onnx", "{run}.onnx", "Exporting, and trying the file …"),
)


_ONNX = "The network of the first fold, for other programs"
_NO_ONNX = "This model is no network, so there is none to export"


class Papers(QWidget):
    """Buttons that write a run's papers beside the study's other reports.

    `written` carries what was written, a page that the page Report shows; `said` a short
    message.
    """

    written = Signal(object)
    said = Signal(str)

    def __init__(self, study: Study) -> None:
        super().__init__()
        self._study, self._run, self._network = study, Path(), True
        self._out = study.derived
        self._focus: tuple[QWidget | None, QWidget | None] = None, None
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        self.report = button("Re&port")
        self.report.setToolTip("The run as one HTML file that can be sent to anyone")
        self.card = button("Model &card")
        self.card.setToolTip("What the model is for, how good it is, where its limits are")
        self.figures = button("Fi&gures")
        self.figures.setToolTip("Its figures as SVG and PNG, for a paper")
        self.onnx = button("Export &ONNX")
        self.busy = label("", "small")
        self._buttons = (self.report, self.card, self.figures, self.onnx)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for made, paper in zip(self._buttons, _PAPERS, strict=True):
            made.setProperty("small", True)
            made.clicked.connect(lambda _on=False, paper=paper: self._write(paper))
            row.addWidget(made)
        row.addWidget(self.busy, 1)

    def show_run(self, run: Path, *, network: bool) -> None:
        """Write about this run from now on; a network can be exported, too."""
        self._run, self._network = run, network
        self.onnx.setToolTip(_ONNX if network else _NO_ONNX)
        self._rest(self.busy.text())

    def finish(self) -> None:
        """End what is being written; the buttons are not used any more."""
        self.job.close()

    def _write(self, paper: _Paper) -> None:
        if self.job.running:
            return
        folder = self._study.derived / paper.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            self.said.emit(f"{folder} could not be made: {problem.strerror or problem}.")
            return
        run = _stem(self._run, self._study)
        self._out = next_free(folder / paper.name.format(run=run))
        words = [*paper.command.split(), str(self._run), "--out", str(self._out)]
        held = QApplication.focusWidget()
        self._rest(paper.busy)
        self._focus = held, QApplication.focusWidget()
        self.job.start(paper.command, [*words, "--events"])

    def _ended(self, outcome: Outcome) -> None:
        self._rest("")
        held, since = self._focus
        if held in self._buttons and QApplication.focusWidget() is since:
            held.setFocus()  # a button that waits cannot keep the keyboard
        if outcome.error:
            self.said.emit(outcome.error)
        elif "figures" in outcome.result:
            self.said.emit(f"The figures are in {self._out}.")
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._out)))
        elif files := outcome.result.get("files"):
            told, many = files[0]["max_difference"], files[0]["samples"]
            self.said.emit(
                f"{self._out} differs from the network by at most {told:.1e} on {many}"
                " samples."
            )
        elif outcome.result:
            self.written.emit(self._out)

    def _rest(self, busy: str) -> None:
        """Wait with all buttons while one paper is written, and say which."""
        self.busy.setText(busy)
        for made in self._buttons:
            made.setEnabled(not busy)
        self.onnx.setEnabled(self._network and not busy)


def _stem(run: Path, study: Study) -> str:
    """Return a file's name for a run, with its batch's where it has one."""
    if not run.is_relative_to(study.derived):
        return run.name
    parts = run.relative_to(study.derived).parts
    return "_".join(part for part in parts if part != "runs")
