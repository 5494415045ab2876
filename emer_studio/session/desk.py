"""What the operator asks for while a session runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from emer_studio.core.process import Child

__all__ = ["REQUESTS", "Desk"]

REQUESTS = ("pause", "pause_after", "resume", "skip", "repeat", "check_gaze")
"""What the operator asks of the participant's window or of the runner."""
_OF_TRIAL = ("skip", "repeat")
_ASKS = (*_OF_TRIAL, "note")


class Desk:
    """Takes the operator's commands, from any thread.

    ``pause``, ``pause_after`` (this trial), ``resume``, ``skip``, ``repeat``,
    ``check_gaze`` (before the next trial), ``note`` (``text``), ``moment`` and ``abort``.
    Every one is written down, with ``who`` asked for it where that was a console on
    another computer. A ``trial`` with ``skip`` or ``repeat`` is the one that the operator
    was asked about; when the session has gone on meanwhile, nothing is done.

    Parameters
    ----------
    stop : Event
        Set by ``abort``.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._pause_after = self._check_gaze = False
        self.left_alone = False
        """Whether the session ends because whoever started it is gone."""
        self.trial = 0
        """Number of the trial that is shown, 0 between trials; who announces sets it."""
        self._window: Child | None = None
        self._record: Callable[..., None] | None = None
        self._consoles: list[str] = []

    def open(self, window: Child, record: Callable[..., None]) -> None:
        """Take commands from now on: the window is open and the journal is written."""
        self._window, self._record = window, record
        for who in tuple(self._consoles):
            self._write("remote_console", who=who, here=True)

    def close(self) -> None:
        """Take no more commands: the journal comes to its end."""
        self._window = self._record = None

    def console(self, who: str, here: bool) -> None:
        """Write down that a console on another computer came or went."""
        if here:
            self._consoles.append(who)
        else:
            self._consoles.remove(who)
        self._write("remote_console", who=who, here=here)

    def leave(self) -> None:
        """End the session: the program that started it is gone."""
        self.left_alone = True
        self._stop.set()

    def press(self, name: str) -> bool:
        """Obey a key that was pressed in the participant's window, if it asks nothing.

        What is to be asked first (skip, repeat) or written (a note) is the console's.
        """
        if name in _ASKS:
            return False
        self.obey({"cmd": name, "at": "participant"})
        return True

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command; one that is not known is left alone."""
        name, window = str(command.get("cmd")), self._window
        whence = {key: command[key] for key in ("at", "who") if command.get(key)}
        if name == "abort":
            self._write("operator", asked="abort", **whence)
            self._stop.set()
        if name == "abort" or window is None:
            return
        if name == "note":
            self._write("note", text=str(command.get("text", "")), **whence)
        elif name == "moment":
            self._write("moment", **whence)
        elif name in _OF_TRIAL and command.get("trial", self.trial) != self.trial:
            self._write("operator", asked=name, too_late=True, **whence)
        elif name in REQUESTS:
            self._write("operator", asked=name, **whence)
            self._ask(name, window)
        window.send("focus")  # one keyboard: the participant's answers come first

    def _write(self, name: str, **fields: Any) -> None:
        if self._record is not None:
            self._record(name, **fields)

    def _ask(self, name: str, window: Child) -> None:
        if name == "pause_after":
            self._pause_after = True
        elif name == "check_gaze":
            self._check_gaze = True
        elif name in _OF_TRIAL:
            window.put("trial_request", kind=name, trial=self.trial)
        else:
            self._pause_after = False
            window.send(name)

    def between(self) -> bool:
        """Pause here where that was asked for; tell whether a gaze check was."""
        if self._pause_after and self._window is not None:
            self._pause_after = False
            self._window.send("pause")
        asked, self._check_gaze = self._check_gaze, False
        return asked
