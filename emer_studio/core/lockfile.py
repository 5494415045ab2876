"""A lock file: one process at a time, and who it is."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import rename_exclusively, write_atomic

__all__ = ["hand_over", "holder_of", "is_ours", "locked"]

_SAME_START_S = 1.0  # chosen by us: systems tell a start to 10 ms, pids come back later


def holder_of(path: Path) -> dict[str, Any] | None:
    """Return who holds a lock file (pid, host and what else it says), None for nobody.

    A file left by a process that died on this machine counts as nobody's, also when its
    number has been given to another process since. One that names no host is of this
    machine; one that is no JSON object or bare pid is nobody's.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if isinstance(facts, int):
        facts = {"pid": facts}
    if not isinstance(facts, dict):
        return None
    here = facts.get("host", socket.gethostname()) == socket.gethostname()
    return None if here and not _lives(facts) else facts


@contextmanager
def locked(path: Path, what: str, owner: str, *, ended_by: str = "") -> Iterator[None]:
    """Hold a lock while something runs that must run alone.

    Parameters
    ----------
    path : Path
        The lock file; a lock that this process holds already, because whoever started it
        took it for it, is taken over.
    what : str
        What runs, for whoever is refused meanwhile.
    owner : str
        What is held, e.g. ``The study /data/s``: the beginning of a sentence.
    ended_by : str, optional
        The command that ends what runs.

    Raises
    ------
    BadInputError
        When another process holds it.
    """
    while True:
        try:
            _write(path, os.getpid(), what)
            break
        except FileExistsError:
            other = holder_of(path)
            if other is not None and is_ours(other) and other.pop("given", False):
                write_atomic(path, json.dumps(other))
                break
            if other is not None:
                how = f" with {ended_by}" if ended_by else ""
                raise BadInputError(
                    f"{owner} is in use: {other.get('what')} by process"
                    f" {other.get('pid')} on {other.get('host')},"
                    f" since {other.get('since')}.",
                    fix=f"Wait until it ends, or end it{how}. If that computer is switched"
                    f" off, delete {path}.",
                ) from None
            path.unlink(missing_ok=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def is_ours(facts: dict[str, Any]) -> bool:
    """Tell whether a holder (`holder_of`) is this very process."""
    return facts.get("host") == socket.gethostname() and facts.get("pid") == os.getpid()


def hand_over(path: Path, pid: int, what: str) -> None:
    """Take a lock for a process that was just started, so that it is held from now on.

    A process that has taken it itself meanwhile, or ended, is left alone.
    """
    with suppress(FileExistsError, psutil.Error):
        _write(path, pid, what, given=True)


def _write(path: Path, pid: int, what: str, *, given: bool = False) -> None:
    """Make the file appear with all its content, or raise FileExistsError."""
    facts = {
        "pid": pid,
        "started_s": psutil.Process(pid).create_time(),  # since 1970, on this host
        "host": socket.gethostname(),
        "since": utc_now(),
        "what": what,
        **({"given": True} if given else {}),
    }
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_text(json.dumps(facts), encoding="utf-8")
        rename_exclusively(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _lives(facts: dict[str, Any]) -> bool:
    try:
        process = psutil.Process(int(facts.get("pid", -1)))
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        started = facts.get("started_s")
        known = isinstance(started, int | float)
        return not known or abs(process.create_time() - started) < _SAME_START_S
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError, TypeError):
        return False
