"""The window of a console on a second PC: the live view, fed by the link."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from emer_studio.session.remote.client import LinkClient
from emer_studio.session.remote.identity import Pairing
from emer_studio.session.remote.local_rings import LocalRings
from emer_studio.session.remote.wire import Message
from emer_studio.ui.app import catch_exceptions, interruptible
from emer_studio.ui.application import make_application
from emer_studio.ui.main_window import BANNER
from emer_studio.ui.parts import Pill, label
from emer_studio.ui.session.alarms import Alarms
from emer_studio.ui.session.choice import SessionChoice
from emer_studio.ui.session.live import LiveView
from emer_studio.ui.session.sure import ABORT, SURE, ask
from emer_studio.ui.theme import apply_style

__all__ = ["ConsoleWindow", "show_console"]

_LOST = "The connection is lost. The session goes on; trying to reach it again …"


class ConsoleWindow(QWidget):
    """Shows one session; `asked` carries what the operator wants of it.

    Parameters
    ----------
    host : str
        Where the session runs.
    confirm : callable, optional
        Asks a yes-or-no question; replaced in tests.
    """

    asked = Signal(str, object)  # a command of `session.desk`, and its fields
    closed = Signal()
    arrived = Signal(object)
    """Messages of the link, from any thread."""

    def __init__(self, host: str, *, confirm: Callable[[QWidget, str], bool] = ask) -> None:
        super().__init__()
        self.setWindowTitle(f"EMER Studio — console of {host}")
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.resize(1120, 780)
        self._confirm, self._rings = confirm, LocalRings()
        self._over = False
        self.banner = QLabel(BANNER)
        self.banner.setObjectName("banner")
        self.banner.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.banner.hide()
        self.title, self.state = label("", "title"), Pill()
        self.said = label("", "muted", wrap=True)
        self.said.hide()
        # Time stands still while nothing arrives: silence of the link is no silence of
        # the session's processes.
        self._heard_s = time.monotonic()
        self.live = LiveView(Alarms(lambda: self._heard_s), remote=True)
        self._lay_out()
        self.live.abortAsked.connect(self._abort)
        self.live.asked.connect(self._ask)
        self.live.noteAsked.connect(lambda text: self.asked.emit("note", {"text": text}))
        self.arrived.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def _lay_out(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.banner)
        inside = QVBoxLayout()
        inside.setContentsMargins(20, 16, 20, 16)
        inside.setSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.title)
        row.addWidget(self.state)
        row.addStretch(1)
        inside.addLayout(row)
        inside.addWidget(self.said)
        inside.addWidget(self.live, 1)
        outer.addLayout(inside, 1)

    # -- from the session

    def _take(self, message: Message) -> None:
        self._heard_s = time.monotonic()
        for event in self._rings.events(message):
            kind = event.get("event")
            if kind == "welcome":
                self._welcomed(event)
            elif kind == "link_lost":
                self._lost()
            elif kind == "link_ended":
                self._ended(str(event.get("text")))
            elif kind != "tick":
                self._show(event)

    def _welcomed(self, event: dict[str, Any]) -> None:
        """Begin, or begin again: the session tells everything anew."""
        participant = str(event.get("participant"))
        choice = SessionChoice(
            participant=participant,
            protocol=str(event.get("protocol")),
            microphone=str(event.get("microphone") or ""),
        )
        self.title.setText(f"Session of {participant}")
        self.state.setValue("connected", "green")
        self.said.hide()
        self.live.setEnabled(True)
        self.live.begin(choice, before_s=float(event.get("seconds") or 0))

    def _show(self, event: dict[str, Any]) -> None:
        entry = event.get("entry") or {}
        if entry.get("event") == "session_started" and entry.get("simulated"):
            self.banner.show()
        if event.get("event") == "result":
            self._show_result(event)
        else:
            self.live.take(event)

    def _show_result(self, result: dict[str, Any]) -> None:
        state, verdict = str(result.get("state")), str(result.get("verdict") or "")
        count = len(result.get("findings") or ())
        findings = f"{count} finding{'s' * (count != 1)}"
        done = f"{result.get('trials')} trials, {result.get('ratings')} ratings"
        found = f"; verdict {verdict}, {findings}" if verdict else ""
        where = Path(str(result.get("session") or "")).name
        self.said.setText(f"The session ended: {state}. {done}{found}. {where}".rstrip())
        self.said.show()

    def _lost(self) -> None:
        self.state.setValue("connection lost", "red")
        self.said.setText(_LOST)
        self.said.show()
        self.live.setEnabled(False)
        self.live.alarms.end()  # nothing is known, which is no trouble of the session
        self.live.alarm.setValue([])

    def _ended(self, problem: str) -> None:
        self._over = True
        self.state.setValue("over", "")
        if problem:
            self.said.setText(problem)
        elif not self.said.text() or self.said.text() == _LOST:
            self.said.setText("The session is over.")
        self.said.show()
        self.live.end()
        self.live.state.setText("Over")
        for part in (self.live.pause, self.live.desk, self.live.abort):
            part.setEnabled(False)

    # -- to the session

    def _ask(self, command: str) -> None:
        if command == "focus":  # no participant waits for this keyboard
            return
        sure = SURE.get(command)
        about = {"trial": self.live.trial_shown} if sure else {}
        if sure is None or self._confirm(self, sure):
            self.asked.emit(command, about)

    def _abort(self) -> None:
        if self._confirm(self, ABORT):
            self.asked.emit("abort", {})

    # -- the window

    def say(self, text: str) -> None:
        """Show a sentence about the window itself."""
        self.said.setText(text)
        self.said.show()

    def finish(self) -> None:
        """Let go of everything live."""
        self.arrived.disconnect(self._take)
        self.live.end()
        self._rings.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave; the session goes on without this console."""
        self.closed.emit()
        super().closeEvent(event)


def show_console(host: str, port: int, pairing: Pairing) -> int:
    """Open the window and stay until it is closed; return the exit code.

    Raises
    ------
    BadInputError, MissingError
        When the session cannot be joined; then nothing is shown.
    """
    application = make_application()
    apply_style(application)
    window = ConsoleWindow(host)
    client = LinkClient(host, port, pairing, window.arrived.emit)
    window.asked.connect(lambda command, fields: client.send(command, **fields))
    window.closed.connect(application.quit)
    try:
        client.start()
        window.show()
        with catch_exceptions(window.say), interruptible(window):
            application.exec()
        client.close()
    finally:
        window.finish()
    return 0
