"""The day of a lab: who comes, who was here, and what is left to do for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from emer_studio.core.errors import BadInputError
from emer_studio.schema.decisions import counts
from emer_studio.schema.session_quality import kept_quality
from emer_studio.study.appointments import Appointments
from emer_studio.study.backup import backed_up, known_backups
from emer_studio.study.changeover import open_items
from emer_studio.study.decisions import decisions_of
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import Session, Study
from emer_studio.study.lock import cut_off
from emer_studio.study.slots import Slots

__all__ = ["Todo", "Visit", "check_tables", "next_due", "visits_on"]

Todo = Literal["run", "resume", "wait", "read", "changeover", "backup", ""]


@dataclass(frozen=True, slots=True)
class Visit:
    """One participant on one day.

    Attributes
    ----------
    at : str
        Local time of the appointment, else of the session's beginning, ``10:30``.
    session : Session or None
        The last one recorded on that day; None for somebody who is still to come.
    state : str
        Of the session, in a few words; empty when there is none.
    next, todo : str
        What is left to do, for a person, and which of it first; empty when nothing is.
    """

    participant: str
    at: str
    session: Session | None
    state: str
    next: str
    todo: Todo


def visits_on(study: Study, day: date) -> list[Visit]:
    """Return who comes or came on a day (local time), in the order of the clock."""
    recorded: dict[str, Session] = {}
    sessions = [s for s in study.sessions() if not s.manifest.imported]  # nobody came
    latest = sessions[-1].folder if sessions else None  # only its checklist is still open
    for session in sessions:
        if _began(session).date() == day:
            recorded[session.manifest.participant] = session
    times = {one.participant: one.when for one in Appointments(study.folder).on(day)}
    broken = {session.folder for session in cut_off(study)}
    safe = backed_up(study)
    found = []
    for code, at in ({code: _began(s) for code, s in recorded.items()} | times).items():
        clock, one = at.strftime("%H:%M"), recorded.get(code)
        visit = Visit(code, clock, None, "", "run the session", "run")
        if one is not None:
            was_cut = one.folder in broken
            items = len(open_items(study, one)) if one.folder == latest else 0
            said = _next(one, was_cut, items, one.name in safe)
            visit = Visit(code, clock, one, _state(one, was_cut), *said)
        found.append((at, code, visit))
    return [visit for _, _, visit in sorted(found, key=lambda entry: entry[:2])]


def next_due(study: Study, day: date) -> str:
    """Return the code of who is to come next on a day; empty when nobody is."""
    return next((v.participant for v in visits_on(study, day) if v.session is None), "")


def _began(session: Session) -> datetime:
    """Return when a session began, in the lab's local time and without a zone."""
    try:
        began = datetime.fromisoformat(session.manifest.started)
    except ValueError:  # changed by hand: it was on no day
        return datetime.min
    return began.astimezone().replace(tzinfo=None)


def _state(session: Session, broken: bool) -> str:
    about, found = session.manifest, _outcomes(session.folder)
    words: list[str] = ["cut off" if broken else about.state]
    words += [about.verdict] if about.verdict else []
    for name in ("look", "exclude"):
        words += [f"{name} {found[name]}"] if found[name] else []
    return ", ".join(words)


def _outcomes(folder: Path) -> Counter[str]:
    """Return for how many trials what was decided, else suggested."""
    quality = kept_quality(folder)
    if quality is None:
        return Counter()
    try:
        return counts(quality, decisions_of(folder))
    except BadInputError:  # the page that shows the quality says so
        return counts(quality, {})


def _next(session: Session, broken: bool, items: int, copied: bool) -> tuple[str, Todo]:
    """Return what is left to do for a session, and which of it comes first."""
    if broken:
        return "go on with the session, it was cut off", "resume"
    if session.manifest.state == "running":
        return "the session is running", "wait"
    left: list[tuple[str, Todo]] = []
    if items:
        left.append((f"changeover: {items} to tick", "changeover"))
    if session.manifest.verdict == "red":
        left.append(("read what was found", "read"))
    if not copied:
        left.append(("no second copy", "backup"))
    return "; ".join(text for text, _ in left), left[0][1] if left else ""


def check_tables(study: Study) -> None:
    """Read every table that a study is run by.

    Raises
    ------
    BadInputError
        When one cannot be read.
    """
    study.participants()
    Slots(study.folder).all()
    Appointments(study.folder).all()
    Demographics(study.folder).all()
    known_backups(study)
