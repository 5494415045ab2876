"""What is written of a finished run: report, model card, figures, the network itself."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QWidget

from emer_studio.core.files import next_free
from emer_studio.study.folder import Study
from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import button

__all__ = ["Papers"]


class Papers(QWidget):
    """Buttons that write a run's papers beside the study's other reports.

    `written` carries what was written, a page that the page Report shows; `said` a short
    message.
    """

    written = Signal(object)
    said = Signal(str)

    def __init__(self, study: Study) -> None:
        super().__init__()
        self._reports, self._networks = study.derived / "reports", study.derived / "onnx"
        self._run: Path | None = None
        self._out = self._reports
        self.job = JobRunner(self)
        self.job.ended.connect(self._ended)
        self.job.runningChanged.connect(self._rest)
        self.report = button("Re&port", "report")
        self.report.setToolTip("The run as one HTML file that can be sent to anyone")
        self.card = button("Model &card")
        self.card.setToolTip("What the model is for, how good it is, where its limits are")
        self.figures = button("Fi&gures")
        self.figures.setToolTip("Its figures as SVG and PNG, for a paper")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.onnx = button("Export &ONNX")
        self.onnx.setToolTip("The network of the first fold, for other programs")
        self._buttons = (self.report, self.card, self.figures, self.onnx)
        for made in self._buttons:
            made.setProperty("small", True)
            row.addWidget(made)
        row.addStretch(1)
        self.report.clicked.connect(lambda: self._write("report", "{run}.html", "report"))
        self.card.clicked.connect(
            lambda: self._write("runs card", "{run} card.html", "card")
        )
        self.figures.clicked.connect(
            lambda: self._write("runs figures", "{run} figures", "figures")
        )

        self.onnx.clicked.connect(
            lambda: self._write("export-onnx", "{run}.onnx", "export")
        )

    def show_run(self, run: Path) -> None:
        """Write about this run from now on."""
        self._run = run

    def finish(self) -> None:
        """End what is being written; the buttons are not used any more."""
        self.job.close()

    def _write(self, command: str, name: str, what: str) -> None:
        if self._run is None or self.job.running:
            return
        folder = self._networks if what == "export" else self._reports
        folder.mkdir(parents=True, exist_ok=True)
        self._out = next_free(folder / name.format(run=self._run.name))
        words = [*command.split(), str(self._run), "--out", str(self._out), "--events"]
        self.job.start(what, words)

    def _ended(self, outcome: Outcome) -> None:
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

    def _rest(self, running: bool) -> None:
        for made in self._buttons:
            made.setEnabled(not running)
