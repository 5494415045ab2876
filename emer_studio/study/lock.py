"""``study.lock``: one session at a time, and who holds the study."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.lockfile import holder_of
from emer_studio.schema.study import LEFT_ALONE
from emer_studio.study.folder import Session, Study

__all__ = ["cut_off", "holder", "locked"]


def holder(study: Path) -> dict[str, Any] | None:
    """Return who holds a study (pid, host, since, what), None when nobody does.

    A lock left by a process that died on this machine counts as nobody's.
    """
    return holder_of(study / "study.lock")


def cut_off(study: Study) -> list[Session]:
    """Return the sessions that were cut off and are the last of their participants.

    None while a session runs: then nobody can tell it from one that was cut off.
    """
    if holder(study.folder) is not None:
        return []
    last = {session.manifest.participant: session for session in study.sessions()}
    return [session for session in last.values() if _was_cut_off(session)]


def _was_cut_off(session: Session) -> bool:
    state, problem = session.manifest.state, session.manifest.problem
    return state == "running" or (state == "aborted" and problem == LEFT_ALONE)


@contextmanager
def locked(study: Path, what: str) -> Iterator[None]:
    """Hold a study while something runs that must run alone.

    Raises
    ------
    BadInputError
        When another process holds it.
    """
    path = study / "study.lock"
    facts = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": utc_now(),
        "what": what,
    }
    while True:
        try:
            with path.open("x", encoding="utf-8") as stream:
                json.dump(facts, stream)
            break
        except FileExistsError:
            other = holder(study)
            if other is not None:
                raise BadInputError(
                    f"The study {study} is in use: {other.get('what')} by process"
                    f" {other.get('pid')} on {other.get('host')},"
                    f" since {other.get('since')}.",
                    fix="Wait until it ends, or end it. If that computer is switched off,"
                    f" delete {path}.",
                ) from None
            path.unlink(missing_ok=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
