"""``study.lock``: one session at a time, and who holds the study."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from emer_studio.core import lockfile
from emer_studio.schema.study import LEFT_ALONE
from emer_studio.study.folder import Session, Study

__all__ = ["cut_off", "holder", "locked"]

_FILE = "study.lock"


def holder(study: Path) -> dict[str, Any] | None:
    """Return who holds a study (pid, host, since, what), None when nobody does.

    A lock left by a process that died on this machine counts as nobody's.
    """
    return lockfile.holder_of(study / _FILE)


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


def locked(study: Path, what: str) -> AbstractContextManager[None]:
    """Hold a study while something runs that must run alone.

    Raises
    ------
    BadInputError
        When another process holds it.
    """
    return lockfile.locked(study / _FILE, what, f"The study {study}")
