"""Which items a rater gets, in which order, and which of them twice.

Everything is drawn by the study's seed for each rater and item alone
(`labels.opaque.place_of`): new sessions join without reshuffling what was there, and
neither a prediction nor a label nor a stimulus has any say in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emer_studio.labels.opaque import place_of
from emer_studio.schema.labelling import LabellingFile

__all__ = ["Labelled", "Turn", "blind_queue", "raters_of", "review_queue", "withheld"]

_LATER = (0.35, 0.6)
"""How much later an item comes again, in shares of the queue; chosen by us: far enough to
be forgotten. Only items of the first four tenths can, so all of it fits."""
_EARLY = 0.4


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item as a queue sees it.

    Attributes
    ----------
    item : str
    participant : str
        Whose face it is: two of one person do not follow one another if it can be helped.
    """

    item: str
    participant: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One look at one item.

    Attributes
    ----------
    item : str
    stage : str
        ``training``, ``A``, ``A-repeat``, ``B`` or ``adjudication``.
    """

    item: str
    stage: str


def raters_of(item: str, plan: LabellingFile, seed: int, quorum: int) -> tuple[str, ...]:
    """Return who labels an item; empty when the plan names nobody, so everyone does.

    `quorum` is how many labels a consensus needs.
    """
    if not plan.raters or place_of(seed, "", item, "overlap") < plan.overlap:
        return plan.raters
    order = sorted(plan.raters, key=lambda rater: place_of(seed, rater, item, "share"))
    return tuple(order[:quorum])


def blind_queue(
    items: Iterable[Labelled], rater: str, plan: LabellingFile, seed: int, quorum: int
) -> list[Turn]:
    """Return a rater's turns of the blind pass, silent repeats among them.

    Parameters
    ----------
    items : iterable of Labelled
        Of the study, in any order.
    rater : str
    plan : LabellingFile
    seed : int
        Of the study.
    quorum : int
        Labels that a consensus needs.
    """
    mine = [one for one in items if _takes_part(rater, one.item, plan, seed, quorum)]
    placed = [(place_of(seed, rater, one.item), one, "A") for one in mine]
    for place, one, _ in list(placed):
        drawn = place_of(seed, rater, one.item, "repeat")
        if place < _EARLY and drawn < plan.repeats / _EARLY:
            low, high = _LATER
            later = low + (high - low) * place_of(seed, rater, one.item, "later")
            placed.append((place + later, one, "A-repeat"))
    placed.sort(key=lambda entry: entry[0])
    return [Turn(one.item, stage) for _, one, stage in _apart(placed)]


def _takes_part(rater: str, item: str, plan: LabellingFile, seed: int, quorum: int) -> bool:
    if item in plan.training:
        return False  # its answer was told
    chosen = raters_of(item, plan, seed, quorum)
    return not chosen or rater in chosen


def _apart(
    placed: Sequence[tuple[float, Labelled, str]],
) -> list[tuple[float, Labelled, str]]:
    """Take the first in line whose face was not the last one's, where there is one."""
    waiting, ordered = list(placed), []
    last = ""
    while waiting:
        found = next(
            (k for k, (_, one, _stage) in enumerate(waiting) if one.participant != last), 0
        )
        ordered.append(waiting.pop(found))
        last = ordered[-1][1].participant
    return ordered


def review_queue(doubts: Iterable[tuple[str, float]]) -> list[Turn]:
    """Return the turns of a review, the items a model is least sure of first.

    Parameters
    ----------
    doubts : iterable of (str, float)
        Disputed items, each with one minus the highest calibrated probability; 1 where
        there is no prediction.
    """
    order = sorted(doubts, key=lambda one: (-one[1], one[0]))
    return [Turn(item, "B") for item, _ in order]


def withheld(item: str, rater: str, plan: LabellingFile, seed: int) -> bool:
    """Say whether a rater reviews an item without the suggestion, to measure anchoring."""
    return place_of(seed, rater, item, "withheld") < plan.withheld
