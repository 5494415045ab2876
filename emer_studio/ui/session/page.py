"""The session page: the form, then the running session, then its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from PySide6.QtWidgets import QInputDialog, QStackedWidget, QWidget

from emer_studio.core import settings
from emer_studio.study.today import next_due
from emer_studio.ui.changeover_card import ChangeoverCard
from emer_studio.ui.desk_keys import hand_over
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.session.after import AfterView
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm, next_code
from emer_studio.ui.session.gaze_gate import GazeGate
from emer_studio.ui.session.live import LiveView
from emer_studio.ui.session.more import NAMES
from emer_studio.ui.session.person_gate import PersonGate
from emer_studio.ui.session.sure import ABORT, SURE, ask_by_mouse
from emer_studio.ui.session.try_model import TryModelCard
from emer_studio.ui.session.unfinished import UnfinishedLine
from emer_studio.ui.session.waiting_line import WaitingLine
from emer_studio.ui.workspace import Workspace

__all__ = ["SessionPage"]

_GRACE_S = 30.0  # a session closes its files and is checked in this time


def _ask_reason(parent: QWidget, stops: list[str]) -> str:
    """Ask why a session begins all the same; empty when it does not."""
    text = "In the way:\n• " + "\n• ".join(stops) + "\n\nBegin all the same, because:"
    reason, given = QInputDialog.getText(parent, "EMER Studio", text)
    return reason.strip() if given else ""


class SessionPage(Page):
    """Run one session after another."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace, "Session")
        self.confirm: Callable[[QWidget, str], bool] = ask_by_mouse
        self.ask_reason: Callable[[QWidget, list[str]], str] = _ask_reason
        known = settings.load()
        self.form = SessionForm(
            workspace.study,
            SessionChoice(
                protocol=known.last_protocol,
                camera=known.last_camera or "0",
                gaze=known.last_gaze,
                **{name: getattr(known, f"last_{name}") for name in NAMES},
            ),
        )
        self.form.choose_rig(known.last_rig)
        self.gate, self.person = GazeGate(self.form), PersonGate(self, workspace.study)
        self.live = LiveView()
        self._choice = SessionChoice()
        self._events_simulated = False
        self.stack = QStackedWidget()
        self.after = AfterView(workspace.backup)
        self.outcome, self.findings = self.after.outcome, self.after.findings
        self.next, self.to_label = self.after.next, self.after.to_label
        for view in (self.form, self.live, self.after):
            self.stack.addWidget(view)
        self.changeover = ChangeoverCard()
        self.form.beside.insertWidget(0, self.changeover)
        self.try_model = TryModelCard(self.study, self.form.camera_card, self.form.value)
        below = self.form.beside.indexOf(self.form.camera_card) + 1
        self.form.beside.insertWidget(below, self.try_model)
        self.unfinished = UnfinishedLine()
        self.unfinished.look(self.study)
        self.unfinished.resumeAsked.connect(self.resume)
        self.box.addWidget(self.unfinished)
        self.waiting = WaitingLine()
        self.waiting.againAsked.connect(self._settle)
        self.box.addWidget(self.waiting)
        self.box.addWidget(self.stack, 1)
        self.form.startAsked.connect(self.person.ask)
        self.person.passed.connect(self.gate.ask)
        self.form.editAsked.connect(lambda path: self.wants.emit(f"protocol:{path}"))
        self.gate.passed.connect(self.start_unless_in_the_way)
        self.after.nextAsked.connect(self.next_participant)
        self.after.labelAsked.connect(lambda: self.wants.emit("label"))
        self.form.valueChanged.connect(lambda _choice: self.simulatedChanged.emit())
        self.live.abortAsked.connect(self._abort)
        self.live.asked.connect(self._ask_session)
        self.live.noteAsked.connect(lambda text: self.job.send("note", text=text))
        self.live.alarm.raised.connect(self._alarm_raised)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        self._show_checklists()
        self._settle()

    # -- what the window asks

    @property
    def simulated(self) -> bool:
        """Whether the running session, or the one chosen in the form, is simulated."""
        if self.stack.currentWidget() is not self.form:
            return self._events_simulated
        return self.form.value().simulated

    @property
    def working(self) -> bool:
        """Whether a session runs, or its quality is being looked at."""
        return super().working or self.after.quality.job.running

    @property
    def busy(self) -> str:
        """The question's first half while a session runs."""
        who = self._choice.participant
        return f"The session of {who} is running." if self.job.running else ""

    def may_leave(self) -> bool:
        """Ask first where answers about a person lie nowhere but here."""
        self._settle()
        who = ", ".join(self.person.unkept)
        text = f"The answers of {who} could not be kept. Leave all the same?"
        return not who or self.confirm(self, text)

    def refresh(self) -> None:
        """Offer protocols that were written meanwhile; show what is ticked and copied."""
        self.form.list_protocols()
        self.try_model.refresh()
        self._show_checklists()

    def visit(self, what: str) -> None:
        """Offer a session with this participant."""
        if not self.job.running:
            self.next_participant(what)

    def _show_checklists(self) -> None:
        self.after.show_study(self.study)
        self.changeover.show_study(self.study)
        self.changeover.setVisible(self.changeover.open > 0)

    # -- a session

    def start_unless_in_the_way(self, choice: SessionChoice) -> None:
        """Start, or ask for a reason first where a check has said no-go."""
        stops = self.form.ready.no_go(choice)
        if stops:
            reason = self.ask_reason(self, stops)
            if not reason:
                return
            choice = replace(choice, override=f"{reason} ({'; '.join(stops)})")
        self.start(choice)

    def start(self, choice: SessionChoice) -> None:
        """Run a session as chosen; what the Start button does when nothing is to ask."""
        self.after.quality.rest()
        self.workspace.backup.make_way(lambda: self._start(choice))

    def _start(self, choice: SessionChoice) -> None:
        self.try_model.setRecording(True)
        self._choice = choice
        self._events_simulated = choice.simulated
        self.unfinished.hide()
        if not choice.resume:
            names = ("protocol", "camera", "gaze", "rig", *NAMES)
            settings.remember(**{f"last_{name}": getattr(choice, name) for name in names})
        self.live.begin(choice)
        self.title.setText(f"Session of {choice.participant}")
        self.stack.setCurrentWidget(self.live)
        command = choice.arguments(self.study.folder)
        self.job.start("session", command, grace_s=_GRACE_S)
        self.simulatedChanged.emit()

    def resume(self, participant: str) -> None:
        """Go on with the session of a participant that was cut off."""
        shown = self.form.value()
        self.start(
            SessionChoice(
                participant=participant,
                display=shown.display,
                console=shown.console,
                resume=True,
            )
        )

    def next_participant(self, code: str = "") -> None:
        """Show the form again, with a code, else whoever is due next, else a free one."""
        self.unfinished.look(self.study)
        self._settle()
        self.title.setText("Session")
        code = code or next_due(self.study, date.today()) or next_code(self.study)
        self.form.setValue(replace(self.form.value(), participant=code))
        self._show_checklists()
        self.stack.setCurrentWidget(self.form)
        self.simulatedChanged.emit()

    def _abort(self) -> None:
        if self.job.running and self.confirm(self, ABORT):
            self.live.abort.setEnabled(False)
            self.live.state.setText("Ending")
            self.live.alarms.end()
            self.job.send("abort")
            return
        self.job.send("focus")

    def _ask_session(self, command: str) -> None:
        sure = SURE.get(command)
        hand_over()
        # The session goes on while the question stands: it is about this trial alone.
        about = {"trial": self.live.trial_shown} if sure else {}
        if sure is None or self.confirm(self, sure):
            self.job.send(command, **about)
        else:
            self.job.send("focus")

    def _alarm_raised(self, text: str) -> None:
        """Reach an operator who looks at another page, too."""
        if not self.live.isVisible():
            self.said.emit(text)

    def _heard(self, event: dict[str, Any]) -> None:
        entry = event.get("entry") or {}
        if entry.get("event") == "session_started" and entry.get("simulated"):
            self._events_simulated = True
            self.simulatedChanged.emit()
        self.live.take(event)
        if entry.get("event") == "session_started":
            problem = self.person.begun(str(entry.get("participant")))
            self.waiting.tell(problem)
            if problem:
                self.said.emit(problem)

    def _settle(self) -> None:
        """Enter answers that wait, and show what is in the way."""
        self.waiting.tell(self.person.settle())

    def _ended(self, outcome: Outcome) -> None:
        self.live.end()
        self.try_model.setRecording(False)
        self.person.forget()
        self._settle()
        if outcome.result:
            self._show_result(outcome.result)
            self.workspace.backup.start()
        else:
            self.title.setText("Session")
            self.stack.setCurrentWidget(self.form)
            self.unfinished.look(self.study)
            self.form.complain(outcome.error or "The session ended before it began.")
        self.simulatedChanged.emit()
        self.workspace.look()

    def _show_result(self, result: dict[str, Any]) -> None:
        self.after.show_result(result, self.live.log)
        self._show_checklists()
        self.stack.setCurrentWidget(self.after)

    def finish(self) -> None:
        """End the session if one runs, and let go of rings and searches."""
        super().finish()
        self.after.quality.finish()
        self.live.end()
        self.try_model.finish()
        self.form.finish()
