"""Going on with a session that was cut off: what is there, and what is left to do.

The journal decides. Steps it holds the end of are done; a trial whose clip was shown whole
lacks only the pages that were not answered; a clip that was cut off is over, as after a
pause; one of which nothing was seen is still to come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.recording.reader import read_journal
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.stimulus import ClipManifest
from emer_studio.schema.study import SessionManifest
from emer_studio.session.plan import Trial, trial_of
from emer_studio.session.steps import Ask, GazeCheck, Mark, Run, Step, Text, Wait
from emer_studio.study.folder import Session, Study

__all__ = ["Unfinished", "find_unfinished", "left_to_do", "plan_of", "unchanged"]

_RESUMABLE = ("running", "failed", "aborted")
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A session that was cut off, failed or was aborted."""

    folder: Path
    manifest: SessionManifest
    journal: tuple[Event, ...]

    @property
    def started(self) -> Event:
        """The first entry, with the plan."""
        return next(e for e in self.journal if e["event"] == "session_started")

    @property
    def trials_done(self) -> int:
        """Trials that were finished."""
        return sum(event["event"] == "trial_done" for event in self.journal)


def find_unfinished(study: Study, participant: str) -> Unfinished:
    """Return the latest session of a participant, which has to be unfinished.

    Raises
    ------
    BadInputError
        When there is none, it came to its end, or it cannot be gone on with: its journal
        has no plan, or this computer was started anew and its clock with it.
    """
    mine = [s for s in study.sessions() if s.manifest.participant == participant]
    if not mine:
        raise BadInputError(f"{participant} has no session to go on with.")
    last = mine[-1]
    if last.manifest.state not in _RESUMABLE:
        raise BadInputError(
            f"The last session of {participant} is {last.manifest.state}; there is nothing"
            " to go on with.",
            fix="Leave --resume out for a new session.",
        )
    if last.manifest.video_withdrawn:
        raise BadInputError(
            f"{participant} has withdrawn the face video of {last.folder.name}; no more is"
            " recorded into it.",
            fix="Leave --resume out for a new session.",
        )
    return _readable(last)


def _readable(session: Session) -> Unfinished:
    journal = tuple(read_journal(session.folder))
    if not any(event["event"] == "session_started" for event in journal):
        raise BadInputError(
            f"{session.folder.name} ended before its first trial was planned.",
            fix="Leave --resume out for a new session.",
        )
    if journal[-1]["t_s"] > clock.now_s():
        raise BadInputError(
            f"This computer was started anew since {session.folder.name} was cut off, and"
            " its clock with it: one recording cannot hold both.",
            fix="Leave --resume out for a new session; clips that were seen are not drawn"
            " again where the protocol draws.",
        )
    return Unfinished(session.folder, session.manifest, journal)


def unchanged(study: Study, manifest: SessionManifest) -> tuple[Path, Path]:
    """Return the frozen protocol and clip manifest of a session.

    Raises
    ------
    BadInputError
        When one of them is gone or is not what the session began with.
    """
    found = []
    for name, digest in (
        (manifest.protocol, manifest.protocol_sha256),
        (manifest.manifest, manifest.manifest_sha256),
    ):
        path = study.folder / name
        if not path.is_file() or sha256_file(path) != digest:
            raise BadInputError(
                f"{path} is gone, or is not what the session began with.",
                fix="Put the frozen file back, or begin a new session.",
            )
        found.append(path)
    return found[0], found[1]


def plan_of(
    unfinished: Unfinished, protocol: Protocol, manifest: ClipManifest
) -> tuple[Trial, ...]:
    """Return the trials that the session planned, in their order."""
    clips = {clip.id: clip for clip in manifest.clips}
    return tuple(
        trial_of(protocol, int(entry["trial"]), entry["block"], clips[entry["clip"]])
        for entry in unfinished.started["plan"]
    )


def left_to_do(
    unfinished: Unfinished,
    steps: Sequence[Step],
    manifest: ClipManifest,
) -> Iterator[Step]:
    """Yield the steps that remain, in their order.

    Parameters
    ----------
    unfinished : Unfinished
    steps : sequence of Step
        All steps of the session, from the plan it began with.
    manifest : ClipManifest
        Its frozen clip manifest.
    """
    done = Counter(key for event in unfinished.journal for key in _ends(event))
    clips = {clip.id: clip for clip in manifest.clips}
    runs = [step.trial.number for step in steps if isinstance(step, Run)]
    over = all(_trial_left(unfinished.journal, number) is None for number in runs)
    for step in steps:
        if isinstance(step, Run):
            left = _trial_left(unfinished.journal, step.trial.number)
            if left is not None:
                trial = step.trial
                if left.number != trial.number:
                    trial = replace(
                        trial,
                        number=left.number,
                        clip=clips[left.clip],
                        instead_of=left.instead_of,
                    )
                yield Run(trial, left.begun, left.rated)
        elif done[_key(step)]:
            done[_key(step)] -= 1
        elif not (over and isinstance(step, GazeCheck)):
            yield step


def _key(step: Text | Wait | Ask | Mark | GazeCheck) -> tuple[str, ...]:
    if isinstance(step, Ask):
        return ("answer", step.what, step.page.id)
    if isinstance(step, Mark):
        return ("sync_mark", step.which)
    if isinstance(step, GazeCheck):
        return ("validation", step.when)
    return ("text" if isinstance(step, Text) else "wait", step.what)


def _ends(event: Event) -> Iterator[tuple[str, ...]]:
    """Yield which step an event is the end of."""
    kind = event["event"]
    if kind == "text_done":
        yield ("text", event["what"])
    elif kind == "baseline_done":
        yield ("wait", "baseline")
    elif kind == "answer":
        yield ("answer", event["when"], event["page"])
    elif kind == "sync_mark":
        yield ("sync_mark", event["which"])
    elif kind == "validation" and event["last"] and event["when"] != "start":
        yield ("validation", event["when"])  # who went away sits otherwise: check again


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of a trial, or of the one that took its place."""

    number: int
    clip: str
    instead_of: int | None
    rated: tuple[str, ...] = ()
    begun: str = ""


def _trial_left(journal: Sequence[Event], number: int) -> _Left | None:
    """Return what is left of a planned trial, or of its replacement; None when over."""
    instead_of, clip = None, ""
    while True:
        mine = [event for event in journal if event.get("trial") == number]
        kinds = {event["event"] for event in mine}
        if kinds & {"trial_done", "trial_skipped"}:
            return None
        over = "trial_interrupted" in kinds
        over |= "trial_marked" in kinds and "clip_onset" not in kinds  # never opened
        if not over:
            return _begun(mine, number, clip, instead_of)
        other = _replacement(journal, number)
        if other is None:
            return None
        instead_of, (number, clip) = number, other


def _replacement(journal: Sequence[Event], number: int) -> tuple[int, str] | None:
    """Return number and clip of the trial that takes the place of another."""
    for event in journal:
        if event.get("trial") == number and event.get("replaced_by"):
            return int(event["replaced_by"]), str(event["instead"])
        if event["event"] == "trial_started" and event.get("instead_of") == number:
            return int(event["trial"]), str(event["clip"])
    return None


def _begun(mine: Sequence[Event], number: int, clip: str, instead_of: int | None) -> _Left:
    whole = any(e["event"] == "clip_end" and e.get("complete", True) for e in mine)
    seen = any(e["event"] == "clip_onset" for e in mine)
    rated = tuple(dict.fromkeys(e["page"] for e in mine if e["event"] == "rating"))
    begun = "seen" if whole else "cut off" if seen else ""
    return _Left(number, clip, instead_of, rated, begun)
