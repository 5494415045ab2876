"""How a command speaks: to a person, to a script (``--json``) or to a window.

* plain: one line per step on standard error, the result as text on standard output;
* ``--json``: the same lines on standard error, one JSON object last on standard output;
* ``--events``: every step as a JSON line on standard output, the last one
  ``{"event": "result", ...}`` (what the operator's window reads).

Listeners hear every event whatever the manner of speaking.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Console", "add_output_arguments"]

_lock = threading.Lock()


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--events`` to a command."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--json", action="store_true", help="print one JSON object last on stdout"
    )
    group.add_argument(
        "--events", action="store_true", help="print JSON lines on stdout as it works"
    )


class Console:
    """Where a command reports progress and its result.

    Parameters
    ----------
    json_result : bool
        Print the result as one JSON object on standard output.
    events : bool
        Print every event as a JSON line on standard output.
    """

    def __init__(self, *, json_result: bool = False, events: bool = False) -> None:
        self.json_result = json_result
        self.events = events
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        """Called with every event, on whatever thread it comes from."""
        self._bar = 0  # characters of a bar that still stands in the terminal

    @classmethod
    def of(cls, args: argparse.Namespace) -> Console:
        """Make the console that the parsed arguments ask for."""
        return cls(
            json_result=getattr(args, "json", False),
            events=getattr(args, "events", False),
        )

    def event(self, name: str, /, **fields: Any) -> None:
        """Report something a window may want to know; silent for a person."""
        event = {"event": name, **fields}
        for listener in tuple(self.listeners):
            listener(event)
        if self.events:
            self._line(sys.stdout, json.dumps(event))

    def say(self, text: str) -> None:
        """Report one line of progress to whoever watches."""
        self.event("message", text=text)
        self.note(text)

    def note(self, text: str) -> None:
        """Print a line for a person; windows know it from an event."""
        if not self.events:
            over, self._bar = self._bar, 0
            self._line(sys.stderr, f"\r{' ' * over}\r{text}" if over else text)

    def progress(self, step: str, done: int, total: int, /, **fields: Any) -> None:
        """Report how far a long step is; a bar in a terminal, an event in a window."""
        self.event("progress", step=step, done=done, total=total, **fields)
        if not self.events and sys.stderr.isatty():
            width = 28
            full = width * done // max(total, 1)
            extra = "  ".join(f"{key} {value}" for key, value in fields.items())
            bar = "█" * full + "·" * (width - full)
            ending = "\n" if done >= total else ""
            line = f"  {step:<22} {bar} {done}/{total}  {extra}"
            self._bar = 0 if ending else len(line)
            with _lock:
                sys.stderr.write(f"\r{line}{ending}")
                sys.stderr.flush()

    def result(self, value: dict[str, Any], text: str = "") -> None:
        """Report the result: as JSON where asked for, else as `text`."""
        self.event("result", **value)
        if self.events:
            return
        if self.json_result:
            self._line(sys.stdout, json.dumps(value))
        elif text:
            self._line(sys.stdout, text)

    @staticmethod
    def _line(stream: Any, text: str) -> None:
        # A parent that was killed reads no more: what we do must still end cleanly.
        with _lock, contextlib.suppress(BrokenPipeError, ValueError):
            stream.write(text + "\n")
            stream.flush()
