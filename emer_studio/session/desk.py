"""What the operator asks for while a session runs."""

from __future__ import annotations

import threading
from typing import Any

from emer_studio.core.process import Child

__all__ = ["Desk"]


class Desk:
    """Takes the operator's commands: ``pause``, ``resume`` and ``abort``.

    Parameters
    ----------
    stop : Event
        Set by ``abort``.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.window: Child | None = None
        """The participant's window, once it is open: pauses begin and end there."""

    def obey(self, command: dict[str, Any]) -> None:
        """Carry out one command; one that is not known is left alone."""
        name = command.get("cmd")
        if name == "abort":
            self._stop.set()
        elif name in ("pause", "resume") and self.window is not None:
            self.window.send(str(name))
