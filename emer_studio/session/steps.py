"""A protocol as the flat list of steps of one participant; the runner sees nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from emer_studio.schema.base import LocalText
from emer_studio.schema.protocol import Protocol, Validation
from emer_studio.schema.rating import RatingPage
from emer_studio.session.plan import Trial

__all__ = ["Ask", "GazeCheck", "Mark", "Run", "Step", "Text", "Wait", "steps_of"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text; with `go_on` the participant ends it, otherwise it goes by itself."""

    what: str
    body: LocalText
    go_on: bool = True
    least_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """A cross to look at, for the resting baseline."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """A rating page that belongs to no trial: a questionnaire."""

    what: str
    page: RatingPage


@dataclass(frozen=True, slots=True)
class Mark:
    """The coded flash and click; see `synthetic.sync_code`."""

    which: str


@dataclass(frozen=True, slots=True)
class GazeCheck:
    """Points to look at, to measure the tracker; `when` is start, break or asked."""

    when: str
    wanted: Validation


@dataclass(frozen=True, slots=True)
class Run:
    """One trial, or what is left of it after a session was cut off.

    Attributes
    ----------
    trial : Trial
    begun : {"", "seen", "cut off"}
        Whether its clip was seen before: to the end, or not.
    rated : tuple of str
        The pages that were answered before.
    """

    trial: Trial
    begun: str = ""
    rated: tuple[str, ...] = ()


Step = Text | Wait | Ask | Mark | GazeCheck | Run


def steps_of(protocol: Protocol, plan: Sequence[Trial]) -> Iterator[Step]:
    """Yield what happens to a participant, in order.

    Parameters
    ----------
    protocol : Protocol
    plan : sequence of Trial
        From `session.plan.build_plan`.
    """
    for what, body in (
        ("warning", protocol.content_warning),
        ("instructions", protocol.instructions),
    ):
        if body:
            yield Text(what, body)
    if protocol.sync_marks:
        yield Mark("start")
    yield from (Ask("before", protocol.page(name)) for name in protocol.before)
    if protocol.validation:
        yield GazeCheck("start", protocol.validation)
    if protocol.baseline_s:
        yield Wait("baseline", protocol.baseline_s)
    for block_id, group in groupby(plan, key=lambda trial: trial.block):
        yield from _block(protocol, block_id, list(group))
    yield from (Ask("after", protocol.page(name)) for name in protocol.after)
    if protocol.sync_marks:
        yield Mark("end")
    for what, body, go_on in (
        ("debrief", protocol.debrief, True),
        ("closing", protocol.closing, False),
    ):
        if body:
            yield Text(what, body, go_on)


def _block(protocol: Protocol, block_id: str, trials: Sequence[Trial]) -> Iterator[Step]:
    block = protocol.block(block_id)
    if block.text:
        yield Text("block", block.text)
    every = block.breaks.every if block.breaks else 0
    for done, trial in enumerate(trials, start=1):
        yield Run(trial)
        if block.breaks and done % every == 0 and done < len(trials):
            yield Text("break", block.breaks.text, least_s=block.breaks.least_s)
            if protocol.validation and protocol.validation.after_breaks:
                yield GazeCheck("break", protocol.validation)
