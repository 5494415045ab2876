"""``RUN/events.jsonl``: everything a training tells, whoever listens.

Each line is an event as windows know it, with the time it was told (``at``, UTC). Every
process that trains in the folder begins with a line ``begin``, whose ``resumed`` tells the
first from those that went on, and ends with a line ``ended`` with its exit code; one that
was killed has none.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import EmerError

__all__ = ["EVENTS_FILE", "EventLog", "logged"]

EVENTS_FILE = "events.jsonl"


class EventLog:
    """A listener of a console that appends what it hears to a file.

    What cannot be written is lost and ends nothing: events are no results, and a disk that
    is full is noticed at the next checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._whole = _ends_whole(path)

    def __call__(self, event: dict[str, Any]) -> None:
        """Append one event; what a crash left of a line before it stays apart."""
        line = json.dumps({"at": utc_now(), **event}, ensure_ascii=False) + "\n"
        with contextlib.suppress(OSError), self.path.open("ab") as stream:
            whole, self._whole = self._whole, False
            stream.write((b"" if whole else b"\n") + line.encode())
            stream.flush()
            self._whole = True


@contextlib.contextmanager
def logged(folder: Path, console: Console, *, resumed: bool) -> Iterator[None]:
    """Append everything that is told meanwhile, and how it ended.

    Nothing new happens where the folder's log hears this console already.
    """
    path = folder / EVENTS_FILE
    listening = (one for one in console.listeners if isinstance(one, EventLog))
    if any(one.path == path for one in listening):
        yield
        return
    log = EventLog(path)
    log({"event": "begin", "resumed": resumed, "pid": os.getpid()})
    console.listeners.append(log)
    code = 1
    try:
        yield
        code = 0
    except EmerError as problem:
        code = problem.exit_code
        log({"event": "error", "text": str(problem), "code": code})
        raise
    except KeyboardInterrupt:
        code = 130
        raise
    except Exception as problem:
        log({"event": "error", "text": f"{type(problem).__name__}: {problem}", "code": 1})
        raise
    finally:
        console.listeners.remove(log)
        log({"event": "ended", "code": code})


def _ends_whole(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            if not stream.seek(0, os.SEEK_END):
                return True
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"
    except FileNotFoundError:
        return True
