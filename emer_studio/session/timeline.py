"""A session as stretches of time, to be looked at before anyone sits down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from emer_studio.schema.rating import RatingPage
from emer_studio.session.gaze_check import check_s
from emer_studio.session.plan import CLOSING, Trial
from emer_studio.session.steps import Ask, GazeCheck, Mark, Run, Step, Text, Wait
from emer_studio.synthetic.sync_code import length_s

__all__ = ["KINDS", "Stretch", "duration_s", "timeline"]

KINDS = ("text", "baseline", "fixation", "clip", "rating", "washout", "break")
"""What a stretch can be."""

# How long people usually take, for a preview only (chosen by us).
_READING_S, _RATING_S, _ITEM_S = 20.0, 8.0, 4.0
_NOTICE_S = 2.0  # before a flash
_BY_ITSELF_S = 3.0  # a text without a button, see `session.presenter`

_TEXT_KEYS = {"warning": "content_warning"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Something that takes a while.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    seconds : float
        How long it takes, or people usually take for it.
    what : str
        In words.
    place : tuple of str
        Where the protocol says so: keys, and ids of blocks and pages.
    block : str
        The block it belongs to; empty outside of blocks.
    trial : int or None
        Number of the trial it belongs to.
    """

    kind: str
    seconds: float
    what: str
    place: tuple[str, ...]
    block: str = ""
    trial: int | None = None


def timeline(steps: Sequence[Step], clip_s: dict[str, float]) -> Iterator[Stretch]:
    """Yield what happens, in order.

    Parameters
    ----------
    steps : sequence of Step
        From `session.steps.steps_of`.
    clip_s : dict of str to float
        Length of each clip by id; what is missing counts as nothing.
    """
    trials = [step.trial for step in steps if isinstance(step, Run)]
    block, left = "", list(trials)
    for step in steps:
        if isinstance(step, Text):
            coming = left[0].block if left and step.what == "block" else block
            yield _text(step, coming if step.what in ("block", "break") else "")
        elif isinstance(step, Wait):
            yield Stretch("baseline", step.seconds, "resting baseline", ("baseline_s",))
        elif isinstance(step, Ask):
            place = ("rating_pages", step.page.id)
            yield Stretch("rating", _rating_s(step.page), _asked(step.page), place)
        elif isinstance(step, Mark):
            seconds = _NOTICE_S + length_s(step.which)
            yield Stretch("text", seconds, "flash and click", ("sync_marks",))
        elif isinstance(step, GazeCheck):
            seconds = check_s(step.wanted.points)
            inside = block if step.when == "break" else ""
            yield Stretch("text", seconds, "gaze check", ("validation",), inside)
        else:
            block = left.pop(0).block
            yield from _trial(step.trial, clip_s)


def duration_s(steps: Sequence[Step], clip_s: dict[str, float]) -> float:
    """Return about how long the steps take; see `timeline`."""
    return sum(stretch.seconds for stretch in timeline(steps, clip_s))


def _text(step: Text, block: str) -> Stretch:
    seconds = max(_READING_S if step.go_on else _BY_ITSELF_S, step.least_s)
    if step.what == "break":
        return Stretch("break", seconds, "break", ("blocks", block, "breaks"), block)
    if step.what == "block":
        return Stretch(
            "text", seconds, "text of the block", ("blocks", block, "text"), block
        )
    name = _TEXT_KEYS.get(step.what, step.what)
    return Stretch("text", seconds, name.replace("_", " "), (name,))


def _trial(trial: Trial, clip_s: dict[str, float]) -> Iterator[Stretch]:
    home: tuple[str, ...] = ("blocks", trial.block)
    clip_place: tuple[str, ...] = (*home, "select")
    if trial.block == CLOSING and not trial.ratings:
        home, clip_place = ("closing_clip",), ("closing_clip",)

    def part(kind: str, seconds: float, what: str, *place: str) -> Stretch:
        return Stretch(kind, seconds, what, place, trial.block, trial.number)

    baseline = trial.baseline
    if baseline.seconds:
        kind = {"luminance": "grey as bright as the clip"}.get(baseline.kind, baseline.kind)
        what = f"baseline: {kind}"
        yield part("baseline", baseline.seconds, what, *home, "trial", "baseline")
    yield part("fixation", trial.fixation_s, "fixation cross", *home, "trial", "fixation_s")
    clip = trial.clip
    seconds = clip_s.get(clip.id, 0.0)
    yield part("clip", seconds, f"{clip.id} ({clip.emotion})", *clip_place)
    for page in trial.ratings:
        yield part("rating", _rating_s(page), _asked(page), "rating_pages", page.id)
    yield part("washout", trial.washout_s, "washout", *home, "trial", "washout_s")


def _rating_s(page: RatingPage) -> float:
    return max(_RATING_S, _ITEM_S * len(page.items))


def _asked(page: RatingPage) -> str:
    return f"page {page.id}"
