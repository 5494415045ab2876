"""Who has labelled how much, what is ready to be frozen, what waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from emer_studio.labels.passes import Standing, undecided
from emer_studio.labels.queue import Labelled, blind_queue
from emer_studio.schema.labelling import LabellingFile

__all__ = ["Overview", "Share", "overview"]


@dataclass(frozen=True, slots=True)
class Share:
    """One annotator's part: turns done and in all."""

    annotator: str
    blind: int
    blind_of: int
    repeats: int
    repeats_of: int
    review: int
    review_of: int
    adjudicated: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of a study's labels.

    Attributes
    ----------
    items : tuple of str
    ready : tuple of str
        With enough blind labels, not frozen.
    frozen, disputed, undecided : tuple of str
        Of the frozen ones: those to review, and those that wait for an adjudicator.
    people : tuple of Share
    """

    items: tuple[str, ...]
    ready: tuple[str, ...]
    frozen: tuple[str, ...]
    disputed: tuple[str, ...]
    undecided: tuple[str, ...]
    people: tuple[Share, ...]


def overview(
    items: Iterable[Labelled],
    standing: Standing,
    plan: LabellingFile,
    seed: int,
    why_disputed: Callable[[str], list[str]],
) -> Overview:
    """Count.

    Parameters
    ----------
    items : iterable of Labelled
    standing : Standing
    plan : LabellingFile
    seed : int
        Of the study.
    why_disputed : callable
        Tells it of a frozen item; it may know a model's prediction.
    """
    listed = [one for one in items if one.item not in plan.training]
    names = tuple(one.item for one in listed)
    frozen = tuple(item for item in names if item in standing.frozen)
    ready = tuple(standing.ready(names))
    disputed = tuple(item for item in frozen if why_disputed(item))
    found = {who for (_, stage), said in standing.labels.items() for who in said if stage}
    people = (*plan.raters, *sorted(found - set(plan.raters)))
    return Overview(
        items=names,
        ready=ready,
        frozen=frozen,
        disputed=disputed,
        undecided=tuple(i for i in frozen if undecided(i, standing)),
        people=tuple(_share(who, listed, disputed, standing, plan, seed) for who in people),
    )


def _share(
    who: str,
    items: list[Labelled],
    disputed: tuple[str, ...],
    standing: Standing,
    plan: LabellingFile,
    seed: int,
) -> Share:
    turns = blind_queue(items, who, plan, seed, standing.quorum)
    done = {stage: [t for t in turns if t.stage == stage] for stage in ("A", "A-repeat")}
    mine = [item for item in disputed if standing.done(who, item, "A")]
    repeats = done["A-repeat"]
    if plan.raters and who not in plan.raters:
        done["A"], repeats = [], []
    return Share(
        annotator=who,
        blind=sum(standing.done(who, turn.item, "A") for turn in done["A"]),
        blind_of=len(done["A"]),
        repeats=sum(standing.done(who, turn.item, "A-repeat") for turn in repeats),
        repeats_of=len(repeats),
        review=sum(standing.done(who, item, "B") for item in mine),
        review_of=len(mine),
        adjudicated=sum(standing.done(who, one.item, "adjudication") for one in items),
    )
