"""The session page: the form, then the running session, then its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emer_studio.core import settings
from emer_studio.ui.desk_keys import hand_over
from emer_studio.ui.jobs import Outcome
from emer_studio.ui.page import Page
from emer_studio.ui.parts import Card, Pill, button, label
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.form import SessionForm, next_code
from emer_studio.ui.session.gaze_gate import GazeGate
from emer_studio.ui.session.live import LiveView
from emer_studio.ui.session.more import NAMES
from emer_studio.ui.session.sure import ABORT, SURE, ask_by_mouse
from emer_studio.ui.session.unfinished import UnfinishedLine
from emer_studio.ui.study.findings import FindingsView
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
        self.gate = GazeGate(self.form)
        self.live = LiveView()
        self._choice = SessionChoice()
        self._events_simulated = False
        self.stack = QStackedWidget()
        for view in (self.form, self.live, self._after()):
            self.stack.addWidget(view)
        self.unfinished = UnfinishedLine()
        self.unfinished.look(self.study)
        self.unfinished.resumeAsked.connect(self.resume)
        self.box.addWidget(self.unfinished)
        self.box.addWidget(self.stack, 1)
        self.form.startAsked.connect(self.gate.ask)
        self.form.editAsked.connect(lambda path: self.wants.emit(f"protocol:{path}"))
        self.gate.passed.connect(self.start_unless_in_the_way)
        self.form.valueChanged.connect(lambda _choice: self.simulatedChanged.emit())
        self.live.abortAsked.connect(self._abort)
        self.live.asked.connect(self._ask_session)
        self.live.noteAsked.connect(lambda text: self.job.send("note", text=text))
        self.live.alarm.raised.connect(self._alarm_raised)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)

    def _after(self) -> QWidget:
        view = QWidget()
        box = QVBoxLayout(view)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(12)
        card = Card()
        row = QHBoxLayout()
        row.setSpacing(12)
        self.outcome, self.outcome_pill = label("", "number"), Pill()
        self.outcome_text = label("", "muted", wrap=True)
        self.next = button("Next participant", "arrow", "primary")
        self.next.clicked.connect(self.next_participant)
        self.to_label = button("Label this session", "label")
        self.to_label.clicked.connect(lambda: self.wants.emit("label"))
        words = QVBoxLayout()
        top = QHBoxLayout()
        top.addWidget(self.outcome)
        top.addWidget(self.outcome_pill)
        top.addStretch(1)
        words.addLayout(top)
        words.addWidget(self.outcome_text)
        row.addLayout(words, 1)
        row.addWidget(self.to_label)
        row.addWidget(self.next)
        card.box.addLayout(row)
        self.findings = FindingsView()
        self.log = QListWidget()
        self.log.setProperty("kind", "log")
        self.log.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.log.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.log.setWordWrap(True)
        happened = Card("What happened")
        happened.box.addWidget(self.log)
        box.addWidget(card)
        box.addWidget(self.findings, 2)
        box.addWidget(happened, 3)
        return view

    # -- what the window asks

    @property
    def simulated(self) -> bool:
        """Whether the running session, or the one chosen in the form, is simulated."""
        if self.stack.currentWidget() is not self.form:
            return self._events_simulated
        return self.form.value().simulated

    @property
    def busy(self) -> str:
        """The question's first half while a session runs."""
        who = self._choice.participant
        return f"The session of {who} is running." if self.job.running else ""

    def refresh(self) -> None:
        """Offer protocols that were written meanwhile."""
        self.form.list_protocols()

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

    def next_participant(self) -> None:
        """Show the form again, with the next free code."""
        self.unfinished.look(self.study)
        self.title.setText("Session")
        self.form.setValue(replace(self.form.value(), participant=next_code(self.study)))
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
        agreed = sure is None or self.confirm(self, sure)
        self.job.send(command if agreed else "focus")

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

    def _ended(self, outcome: Outcome) -> None:
        self.live.end()
        if outcome.result:
            self._show_result(outcome.result)
        else:
            self.title.setText("Session")
            self.stack.setCurrentWidget(self.form)
            self.unfinished.look(self.study)
            self.form.complain(outcome.error or "The session ended before it began.")
        self.simulatedChanged.emit()
        self.workspace.look()

    def _show_result(self, result: dict[str, Any]) -> None:
        state, verdict = str(result.get("state")), str(result.get("verdict", ""))
        words = {
            "complete": "Session complete",
            "aborted": "Session aborted",
            "declined": "The participant does not take part",
        }
        self.outcome.setText(words.get(state, f"Session {state}"))
        colour = {"complete": "green", "failed": "red"}.get(state, "amber")
        self.outcome_pill.setValue(state, colour)
        self.outcome_text.setText(
            f"{result.get('trials')} trials, {result.get('ratings')} ratings."
            f" {result.get('problem') or ''}"
        )
        self.to_label.setEnabled(bool(result.get("trials")))
        nothing = [] if result.get("session") else ["Nothing was recorded."]
        self.findings.setValue(
            Path(str(result.get("session"))),
            verdict,
            list(result.get("findings") or nothing),
        )
        self.log.clear()
        for row in range(self.live.log.count()):
            item = self.live.log.item(row)
            if item is not None:
                self.log.addItem(item.clone())
        self.stack.setCurrentIndex(2)

    def finish(self) -> None:
        """End the session if one runs, and let go of rings and searches."""
        super().finish()
        self.live.end()
        self.form.finish()
