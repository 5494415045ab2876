"""What the journal tells of each trial: whether a dataset takes it, and what was odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.fitness import mark_of
from emer_studio.recording.reader import Recording

__all__ = ["Story", "stories"]

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """One trial.

    Attributes
    ----------
    start_s, end_s : float or None
        Of its clip (LSL clock); None where none was shown.
    expected : int
        Frames of its clip.
    marked : str
        Why it was not presented as it is meant to be (`fitness.mark_of`).
    gone : str
        Why no dataset can take the trial; empty when one can.
    odd : tuple of str
        What to look at.
    answered : tuple of str
        Rating pages that were answered.
    asked : tuple of str or None
        Those of the plan; None where it does not tell.
    """

    trial: int
    clip: str
    start_s: float | None
    end_s: float | None
    expected: int
    marked: str
    gone: str
    odd: tuple[str, ...]
    answered: tuple[str, ...]
    asked: tuple[str, ...] | None


def stories(recording: Recording) -> list[Story]:
    """Return the trials of a session that are meant to be analysed, in order.

    Raises
    ------
    BadInputError
        When the journal has entries that are not in our own form.
    """
    try:
        return list(_stories(recording))
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise BadInputError(
            f"An entry of the journal of {recording.folder.name} is not in our own form"
            f" ({problem!r}).",
            fix="emer-studio check SESSION tells which lines were changed.",
        ) from None


def _stories(recording: Recording) -> Iterator[Story]:
    started = {e["trial"]: e for e in recording.events("trial_started")}
    plan = {e["trial"]: e for first in _first(recording) for e in first.get("plan", ())}
    seen = {clip for first in _first(recording) for clip in first.get("seen_before", ())}
    whole = {clip.trial: clip for clip in recording.whole_clips if clip.done}
    used = {trial for trial, clip in whole.items() if not clip.repeated}
    onsets = {e["trial"]: e["t_s"] for e in recording.events("clip_onset")}
    ends = {e["trial"]: e for e in recording.events("clip_end")}
    answers = [(e["trial"], str(e["page"])) for e in recording.ratings]
    for number in (*plan, *(trial for trial in started if trial not in plan)):
        about = {**plan.get(number, {}), **started.get(number, {})}
        if about.get("practice") or about.get("block") == "closing":
            continue
        end = ends.get(number, {})
        original = plan.get(about.get("instead_of", number), {})
        asked = plan.get(number, original).get("ratings")
        yield Story(
            trial=number,
            clip=str(about["clip"]),
            start_s=onsets.get(number),
            end_s=end.get("t_s"),
            expected=int(end.get("summary", {}).get("expected") or 0),
            marked=mark_of(recording, whole[number]) if number in whole else "",
            gone="" if number in whole else _why_gone(recording, number, about, end),
            odd=tuple(_odd(recording, number, end, seen)) if number in used else (),
            answered=tuple(page for trial, page in answers if trial == number),
            asked=None if asked is None else tuple(asked),
        )


def _first(recording: Recording) -> list[Event]:
    return recording.events("session_started")[:1]


def _why_gone(recording: Recording, number: int, about: Event, end: Event) -> str:
    """Return why a trial is not in ``Recording.whole_clips``, or not done."""

    def told(name: str) -> Event | None:
        mine = (e for e in recording.events(name) if e.get("trial") == number)
        return next(mine, None)

    if about.get("repeated"):
        return "shown before: a first reaction happens once"
    if told("trial_skipped") is not None:
        return "skipped by the operator"
    interrupted = told("trial_interrupted")
    if interrupted is not None:
        other = interrupted.get("replaced_by")
        return "its clip was broken off" + (f"; trial {other} follows it" if other else "")
    if number in recording.marks:
        return recording.marks[number]
    if told("trial_started") is None:
        return "never begun"
    if not end.get("complete", True):
        return "its clip was broken off"
    return "not finished" if end else "its clip was not shown to the end"


def _odd(recording: Recording, number: int, end: Event, seen: set[str]) -> Iterator[str]:
    """Yield what was odd about a trial that was finished."""
    if end["clip"] in seen:
        yield "its clip was seen in an earlier session"
    person = "participant" not in recording.manifest.simulated_devices
    if person and end.get("summary", {}).get("audio") == "silent":
        yield "its sound could not be played"
    inside, paused_s, onset = False, 0.0, False
    for event in recording.journal:
        name, mine = event["event"], event.get("trial") == number
        inside = (inside or (mine and name == "trial_started")) and not (
            mine and name == "trial_done"
        )
        if not inside:
            continue
        onset = onset or (mine and name == "clip_onset")
        where = "between its clip and its ratings" if onset else "before its clip"
        if name == "paused":
            paused_s = event["t_s"]
        elif name == "resumed":
            yield f"paused for {event['t_s'] - paused_s:.0f} s {where}"
        elif name == "session_resumed":
            yield f"the session was cut off {where}"
