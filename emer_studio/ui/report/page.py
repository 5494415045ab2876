"""The report page: write a report of any kind, read it here or in the browser."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import BadInputError
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Empty, button
from emer_studio.ui.report.kinds import read_about
from emer_studio.ui.report.view import ReportView
from emer_studio.ui.report.writer_card import WriterCard
from emer_studio.ui.workspace import Workspace, reports_of

__all__ = ["ReportPage"]

_LEFT_PX = 264


class ReportPage(Page):
    """Reports of the study, its datasets and its clips."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Report")
        self.reports: list[Path] = []
        self._shown: tuple[Path, float] | None = None
        self.browser = button("Open in &browser", "external")
        self.head.addWidget(self.browser)
        self.writer = WriterCard(self.study, self.job)
        self.write, self.progress = self.writer.write, self.writer.progress
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._left())
        row.addWidget(self._right(), 1)
        self.box.addLayout(row, 1)
        self.setTabOrder(self.list, self.view)
        self.setTabOrder(self.view, self.browser)
        self.empty.pressed.connect(self.writer.start)
        self.writer.written.connect(self._show_written)
        self.browser.clicked.connect(self._open_browser)
        self.list.currentRowChanged.connect(self._show_row)
        self.job.runningChanged.connect(self._show_running)
        self.refresh()

    def _left(self) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(_LEFT_PX)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.writer)
        self.listed = Card("Reports")
        self.list = QListWidget()
        self.listed.box.addWidget(self.list)
        self._to_list = QShortcut(QKeySequence("Alt+R"), self)
        self._to_list.activated.connect(self.list.setFocus)
        column.addWidget(self.listed, 1)
        column.addStretch(0)
        return holder

    def _right(self) -> QWidget:
        self.view = ReportView()
        paper = Card()
        paper.box.setContentsMargins(6, 6, 6, 6)
        paper.box.addWidget(self.view)
        self.empty = Empty(
            "report",
            "No report yet",
            "A report sums up the study, the gap between what was felt and what faces"
            " showed, or what the clips bring about, in one HTML file that can be sent to"
            " anyone.",
            "Write report",
        )
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(paper)
        return self.stack

    @property
    def simulated(self) -> bool:
        """Whether the shown report is of anything simulated or synthetic."""
        path = self.chosen()
        about = read_about(path) if path is not None else None
        if about is None or not about.known:
            return self.workspace.simulated
        return bool({"simulated", "synthetic"} & set(about.marks))

    def visit(self, what: str) -> None:
        """Show a report by its file's name."""
        self._show_written(self.study.derived / "reports" / what)

    def refresh(self) -> None:
        """Look for datasets and reports again."""
        self.writer.refresh()
        found = reports_of(self.study)
        if found != self.reports:
            chosen = self.chosen()
            self.reports = found
            self.list.blockSignals(True)
            self.list.clear()
            for path in found:
                self.list.addItem(_item(path))
            self.list.setCurrentRow(found.index(chosen) if chosen in found else 0)
            self.list.blockSignals(False)
        self.listed.setVisible(bool(found))
        self.browser.setVisible(bool(found))
        self.stack.setCurrentIndex(1 if found else 0)
        self._show_running(self.job.running)
        self._show_row()

    def chosen(self) -> Path | None:
        """Return the report that is chosen in the list."""
        row = self.list.currentRow()
        return self.reports[row] if 0 <= row < len(self.reports) else None

    def _show_row(self, _row: int = 0) -> None:
        path = self.chosen()
        self.simulatedChanged.emit()
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

    def _show_written(self, path: Path) -> None:
        self.refresh()
        if path in self.reports:
            self.list.setCurrentRow(self.reports.index(path))

    def _show_running(self, running: bool) -> None:
        self.empty.button.setEnabled(not running and self.write.isEnabled())

    def _open_browser(self) -> None:
        path = self.chosen()
        if path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _item(path: Path) -> QListWidgetItem:
    about = read_about(path)
    when = datetime.fromtimestamp(path.stat().st_mtime)
    first = " · ".join((about.title, *about.marks))
    item = QListWidgetItem(f"{first}\n{when:%Y-%m-%d %H:%M}   {path.stem}")
    item.setToolTip(str(path))
    return item
