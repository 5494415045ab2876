"""The report page: write the study's report, read it here or in the browser."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QStackedWidget

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import next_free
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Empty, ProgressLine, button, label
from emer_studio.ui.report.view import ReportView
from emer_studio.ui.workspace import Workspace, reports_of

__all__ = ["ReportPage"]


class ReportPage(Page):
    """Reports of the study."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Report")
        self.reports: list[Path] = []
        self._shown: tuple[Path, float] | None = None
        self.write = button("Write report", "report", "primary")
        self.browser = button("Open in browser", "external")
        self.progress = ProgressLine()
        self.progress.setFixedWidth(240)
        for widget in (self.progress, self.browser, self.write):
            self.head.addWidget(widget)
        row = QHBoxLayout()
        row.setSpacing(12)
        left = Card("Reports")
        left.setFixedWidth(212)
        self.list, self.none = QListWidget(), label("None yet.", "muted")
        left.box.addWidget(self.none)
        left.box.addWidget(self.list, 1)
        left.box.addStretch(0)
        self._left = left
        self.view = ReportView()
        paper = Card()
        paper.box.setContentsMargins(6, 6, 6, 6)
        paper.box.addWidget(self.view)
        self.empty = Empty(
            "report",
            "No report yet",
            "A report sums up the sessions, their quality, the labels and the training runs"
            " of this study in one HTML file that can be sent to anyone.",
            "Write report",
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(paper)
        row.addWidget(left)
        row.addWidget(self.stack, 1)
        self.box.addLayout(row, 1)
        self.write.clicked.connect(self.start)
        self.empty.pressed.connect(self.start)
        self.browser.clicked.connect(self._open_browser)
        self.list.currentRowChanged.connect(self._show_row)
        self.job.progressed.connect(self.progress.setValue)
        self.job.ended.connect(self._ended)
        self.refresh()

    @property
    def simulated(self) -> bool:
        """Whether the study has anything simulated to report on."""
        return self.workspace.simulated

    def refresh(self) -> None:
        """Look for reports again."""
        found = reports_of(self.study)
        if found != self.reports:
            chosen = self.chosen()
            self.reports = found
            self.list.blockSignals(True)
            self.list.clear()
            for path in found:
                when = datetime.fromtimestamp(path.stat().st_mtime)
                self.list.addItem(QListWidgetItem(f"{path.stem}\n{when:%Y-%m-%d %H:%M}"))
            self.list.blockSignals(False)
            self.list.setCurrentRow(found.index(chosen) if chosen in found else 0)
        self.none.setVisible(not found)
        self.list.setVisible(bool(found))
        self._left.setVisible(bool(found))
        self.browser.setVisible(bool(found))
        self.write.setVisible(bool(found))
        self.stack.setCurrentIndex(1 if found else 0)
        self._show_row()

    def chosen(self) -> Path | None:
        """Return the report that is chosen in the list."""
        row = self.list.currentRow()
        return self.reports[row] if 0 <= row < len(self.reports) else None

    def _show_row(self, _row: int = 0) -> None:
        path = self.chosen()
        if path is None or not path.is_file():
            return
        state = (path, path.stat().st_mtime)
        if state == self._shown:
            return
        try:
            self.view.open(path)
            self._shown = state
        except BadInputError as problem:
            self.said.emit(str(problem))

    def start(self) -> None:
        """Write a report in a process of its own."""
        if self.job.running:
            return
        out = next_free(self.study.derived / "reports" / "report.html")
        out.parent.mkdir(parents=True, exist_ok=True)
        self._set_running(True)
        self.progress.begin("Writing the report")
        study = str(self.study.folder)
        self.job.start("report", ["report", study, "--out", str(out), "--events"])

    def _ended(self, outcome: Outcome) -> None:
        self.progress.end()
        self._set_running(False)
        if outcome.error:
            self.said.emit(outcome.error)
        self.refresh()
        written = Path(str(outcome.result.get("report", "")))
        if written in self.reports:
            self.list.setCurrentRow(self.reports.index(written))

    def _set_running(self, running: bool) -> None:
        self.write.setEnabled(not running)
        self.empty.button.setEnabled(not running)

    def _open_browser(self) -> None:
        path = self.chosen()
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
