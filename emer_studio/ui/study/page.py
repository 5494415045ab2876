"""The study page: who took part, what was recorded, whether it is sound, what is next."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, write_json
from emer_studio.recording.reader import final_ratings, read_journal
from emer_studio.schema.protocol import Protocol
from emer_studio.study.backup import Backup, backed_up
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Session
from emer_studio.study.lock import holder
from emer_studio.study.today import Visit
from emer_studio.ui.backup import BackupLine
from emer_studio.ui.demographics_dialog import DemographicsDialog
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import (
    Card,
    Empty,
    PillDelegate,
    Scrolled,
    button,
    label,
    set_cell,
    table,
)
from emer_studio.ui.study.export_dialog import ExportDialog
from emer_studio.ui.study.findings import FindingsView
from emer_studio.ui.study.next_step import next_step
from emer_studio.ui.study.origin import origin
from emer_studio.ui.study.participants import ParticipantsCard, protocol_of
from emer_studio.ui.study.quality_dialog import QualityDialog
from emer_studio.ui.study.today_card import TodayCard
from emer_studio.ui.study.withdraw_dialog import WithdrawDialog
from emer_studio.ui.workspace import Workspace

__all__ = ["StudyPage"]

_LEAST_PX = {"today": 194, "sessions": 208, "findings": 112}  # three rows each
_STATE_COLOURS = {"complete": "green", "running": "", "failed": "red"}


class StudyPage(Page):
    """Participants, sessions with verdicts, findings, and the next step."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, workspace.study.file.name)
        self.findings: dict[str, list[str]] = {}
        self._safe: dict[str, Backup] = {}
        self._queue: deque[Path] = deque()
        self._checking: Path | None = None
        self.check = button("Check again", "refresh")
        self.quality = button("Quality…", "check")
        self.quality.setToolTip("The chosen session trial by trial: keep, look, exclude")
        self.quality_dialog: QualityDialog | None = None
        self.explore = button("Explore…", "play")
        self.explore.setToolTip("Watch the chosen session, trial by trial (Ctrl+E)")
        self.explore.setShortcut("Ctrl+E")
        self.open_folder = button("Open folder", "open")
        self.export = button("E&xport…", "save")
        self.export.setToolTip("BIDS, EMER's layout or tables, as far as consent allows")
        self.export_dialog: ExportDialog | None = None
        self.head.addWidget(self.explore)
        self.head.addWidget(self.quality)
        self.head.addWidget(self.check)
        self.head.addWidget(self.export)
        self.head.addWidget(self.open_folder)
        self.check.clicked.connect(self.check_all)
        self.quality.clicked.connect(self.show_quality)
        self.explore.clicked.connect(self.show_trials)
        self.open_folder.clicked.connect(self._open_folder)
        self.export.clicked.connect(self.show_export)
        self.subtitle.show()
        self.box.addWidget(self._next_card())
        self.view = FindingsView()
        self.view.setMinimumHeight(_LEAST_PX["findings"])
        self.box.addWidget(self._scrolled(), 1)
        self.job.ended.connect(self._checked)
        self.refresh()

    # -- parts

    def _next_card(self) -> QWidget:
        card = Card(kind="hint")
        row = QHBoxLayout()
        self.next_text = label("", wrap=True)
        self.next_button = button("", kind="primary")
        self._next_page = "session"
        self.next_button.clicked.connect(lambda: self.wants.emit(self._next_page))
        row.addWidget(self.next_text, 1)
        row.addWidget(self.next_button)
        card.box.addLayout(row)
        return card

    def _scrolled(self) -> Scrolled:
        """Return the cards, which can be scrolled where the screen is low."""
        area, row = Scrolled(), QHBoxLayout()
        column = QVBoxLayout(area.inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        row.setSpacing(12)
        row.addWidget(self._today(), 5)
        row.addWidget(self._participants(), 3)
        column.addLayout(row, 5)
        column.addWidget(self._sessions(), 5)
        column.addWidget(self.view, 3)
        return area

    def _today(self) -> QWidget:
        self.today = TodayCard()
        self.today.setMinimumHeight(_LEAST_PX["today"])
        self.today.asked.connect(self._do)
        return self.today

    def _participants(self) -> QWidget:
        self.people = ParticipantsCard()
        self.participants, self.no_participants = self.people.grid, self.people.empty
        self.people.withdrawAsked.connect(self._withdraw)
        self.people.aboutAsked.connect(self._ask_about)
        return self.people

    def _sessions(self) -> QWidget:
        card = Card("Sessions")
        card.setMinimumHeight(_LEAST_PX["sessions"])
        heads = (
            "Participant",
            "Session",
            "Started",
            "State",
            "Trials",
            "Ratings",
            "Verdict",
            "Copy",
        )
        self.sessions = table((*heads, "Devices"), stretch=8)
        self.sessions.setItemDelegate(PillDelegate(self.sessions))
        self.sessions.itemSelectionChanged.connect(self._show_selected)
        self.sessions.itemActivated.connect(lambda _item: self.show_quality())
        self.no_sessions = Empty(
            "session",
            "No session yet",
            "A session shows the clips of a protocol, records gaze and face, and asks how"
            " each clip felt. Simulated devices let you try it without hardware.",
            "Run a session",
        )
        self.no_sessions.pressed.connect(lambda: self.wants.emit("session"))
        self._recorded = QStackedWidget()
        self._recorded.addWidget(self.sessions)
        self._recorded.addWidget(self.no_sessions)
        card.box.addWidget(self._recorded)
        self.backup = BackupLine(self.workspace.backup)
        self.backup.setVisible(False)
        card.box.addWidget(self.backup)
        return card

    # -- what is shown

    @property
    def simulated(self) -> bool:
        """Whether any session of the study is simulated."""
        return self.workspace.simulated

    def refresh(self) -> None:
        """Read the folder again."""
        file = self.study.file
        self.subtitle.setText(
            f"{self.study.folder}   ·   seed {file.seed}   ·   since {file.created[:10]}"
        )
        step = next_step(self.study)
        self.next_text.setText(step.text)
        self.next_button.setText(step.action)
        self._next_page = step.page
        self.people.show_study(self.study)
        self.today.show_study(self.study)
        self._fill_sessions()
        self._show_selected()
        self.simulatedChanged.emit()

    def _fill_sessions(self) -> None:
        found = self.study.sessions()
        chosen = self.selected()
        self._recorded.setCurrentIndex(0 if found else 1)
        self.check.setEnabled(bool(found))
        self.quality.setEnabled(bool(found))
        self.export.setEnabled(bool(found))
        self.explore.setEnabled(bool(found))
        self.sessions.blockSignals(True)
        self.sessions.setRowCount(len(found))
        self._safe = backed_up(self.study)
        self.backup.setVisible(bool(found))
        self.backup.refresh()
        for row, session in enumerate(reversed(found)):
            self._fill_session(row, session)
        if found:
            names = [session.folder for session in reversed(found)]
            self.sessions.selectRow(names.index(chosen) if chosen in names else 0)
        self.sessions.blockSignals(False)

    def _fill_session(self, row: int, session: Session) -> None:
        about = session.manifest
        cut_off = about.state == "running" and holder(self.study.folder) is None
        state = "cut off" if cut_off else about.state
        where, told = origin(about)
        cells: list[tuple[str, str | None]] = [
            (about.participant, None),
            (str(about.session), None),
            (about.started[:16].replace("T", " "), None),
            (state, "red" if cut_off else _STATE_COLOURS.get(state, "amber")),
            (f"{about.trials_done} of {about.trials_planned}", None),
            (str(_count_ratings(session.folder)), None),
            (about.verdict or "not checked", about.verdict),
            ("yes", "green") if session.name in self._safe else ("none", "amber"),
            (where, None),
        ]
        for column, (text, pill) in enumerate(cells):
            tip = told if column == len(cells) - 1 else ""
            set_cell(
                self.sessions, row, column, text, pill=pill, data=session.folder, tip=tip
            )

    def selected(self) -> Path | None:
        """Return the folder of the selected session."""
        items = self.sessions.selectedItems()
        folder = items[0].data(256) if items else None
        return folder if isinstance(folder, Path) else None

    def _show_selected(self) -> None:
        folder = self.selected()
        self.view.setVisible(folder is not None)
        if folder is None:
            return
        found = self.findings.get(folder.name)
        verdict = next(
            (s.manifest.verdict for s in self.study.sessions() if s.folder == folder), ""
        )
        self.view.setValue(folder, verdict, found)
        if found is None:
            self._enqueue(folder)

    # -- quality

    def show_quality(self) -> None:
        """Show the chosen session trial by trial; the others are a key away."""
        chosen = self.selected()
        if chosen is None:
            return
        folders = [session.folder for session in self.study.sessions()]
        self.quality_dialog = QualityDialog(self, folders, chosen)
        self.quality_dialog.watched.connect(lambda what: self.wants.emit(f"explore:{what}"))
        self.quality_dialog.open()

    def show_export(self) -> None:
        """Ask what is to be exported, and export it."""
        self.export_dialog = ExportDialog(self, self.study)
        self.export_dialog.shut.connect(lambda: setattr(self, "export_dialog", None))
        self.export_dialog.open()

    def show_trials(self) -> None:
        """Watch the chosen session's trials."""
        chosen = self.selected()
        if chosen is not None:
            self.wants.emit(f"explore:{chosen.name}")

    # -- checking

    def check_all(self) -> None:
        """Check every session again, the selected one first."""
        self.findings.clear()
        chosen = self.selected()
        if chosen is not None:
            self._enqueue(chosen)
        for session in reversed(self.study.sessions()):
            self._enqueue(session.folder)

    def _enqueue(self, folder: Path) -> None:
        if folder not in self._queue and folder != self._checking:
            self._queue.append(folder)
        self._check_next()

    def _check_next(self) -> None:
        if self.job.running or not self._queue:
            return
        self._checking = self._queue.popleft()
        self.check.setEnabled(False)
        self.job.start("check", ["check", str(self._checking), "--events"])

    def _checked(self, outcome: Outcome) -> None:
        folder, self._checking = self._checking, None
        if folder is not None and not outcome.stopped:
            verdict = str(outcome.result.get("verdict", ""))
            found = outcome.result.get("findings", [outcome.error])
            self.findings[folder.name] = [str(text) for text in found if text]
            if verdict:
                _keep_verdict(folder, verdict)
        self.check.setEnabled(True)
        self._fill_sessions()
        self._show_selected()
        self._check_next()

    def _withdraw(self, code: str) -> None:
        self.dialog = WithdrawDialog(self, self.study, code)
        self.dialog.finished.connect(self.workspace.look)
        self.dialog.open()

    def _ask_about(self, code: str) -> None:
        protocol = protocol_of(self.study, code)
        if protocol is None:
            return
        book = Demographics(self.study.folder)
        self.about = DemographicsDialog(
            self, protocol, code, language=protocol.languages[0], known=book.of(code)
        )
        self.about.answered.connect(
            lambda answers: self._keep_about(book, protocol, code, answers)
        )
        self.about.finished.connect(self.workspace.look)
        self.about.open()

    def _keep_about(
        self, book: Demographics, protocol: Protocol, code: str, answers: dict[str, str]
    ) -> None:
        problem = book.put(protocol, code, answers)
        if problem:
            self.said.emit(problem)

    def _do(self, visit: Visit) -> None:
        """Do what is next for somebody on today's list, or go where it is done."""
        if visit.todo == "run":
            self.wants.emit(f"session:{visit.participant}")
        elif visit.todo in ("resume", "wait", "changeover"):
            self.wants.emit("session")
        elif visit.todo == "backup" and self.workspace.backup.place:
            self.workspace.backup.start()
        elif visit.session is not None:
            self.choose(visit.session.folder)
            self.show_quality()

    def choose(self, folder: Path) -> None:
        """Select a session."""
        for row in range(self.sessions.rowCount()):
            item = self.sessions.item(row, 0)
            if item is not None and item.data(256) == folder:
                self.sessions.selectRow(row)

    def finish(self) -> None:
        """End what still looks at a session."""
        super().finish()
        if self.quality_dialog is not None and self.quality_dialog.isVisible():
            self.quality_dialog.close()
        if self.export_dialog is not None:
            self.export_dialog.done(0)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.study.folder)))


def _count_ratings(folder: Path) -> int:
    try:
        return len(final_ratings(read_journal(folder)))
    except (BadInputError, OSError):
        return 0


def _keep_verdict(folder: Path, verdict: str) -> None:
    """Store a verdict that differs from the one in ``session.json``; nothing else."""
    path = folder / "session.json"
    about = read_json(path)
    if about.get("state") != "running" and about.get("verdict") != verdict:
        write_json(path, {**about, "verdict": verdict})
