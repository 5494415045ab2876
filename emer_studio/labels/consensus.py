"""From several experts' labels to one: majority, or none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from emer_studio.labels.events import LabelEvent
from emer_studio.labels.fold import fold

__all__ = ["Consensus", "against_the_others", "consensus", "majority"]


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the experts agree on for one item.

    Attributes
    ----------
    category : str or None
        More than half of the votes; None on a tie, which waits for adjudication.
    votes : dict of str to int
        Kept as soft label.
    """

    item: str
    category: str | None
    intensity: float | None
    votes: dict[str, int]
    raters: int


def majority(votes: Mapping[str, int]) -> str | None:
    """Return what more than half of the votes say; None when nothing has as many."""
    best = max(votes, key=lambda name: votes[name], default=None)
    if best is None or 2 * votes[best] <= sum(votes.values()):
        return None
    return best


def against_the_others(votes: Mapping[str, int]) -> tuple[float, int]:
    """Return how many votes differ from the others' majority, and how many there are.

    Where the others are tied, each of the tied names counts by its part.
    """
    apart = 0.0
    for name, count in votes.items():
        others = {**votes, name: count - 1}
        most = max(others.values())
        leading = [other for other, n in others.items() if n == most and n > 0]
        apart += count * (1 - (name in leading) / max(len(leading), 1))
    return apart, sum(votes.values())


def consensus(events: Iterable[LabelEvent]) -> dict[str, Consensus]:
    """Return the consensus of every labelled item. Only human labels count."""
    by_item: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (_annotator, item), fields in fold(events).items():
        by_item[item].append(fields)
    found = {}
    for item, labels in by_item.items():
        votes = Counter(fields["category"] for fields in labels if "category" in fields)
        if not votes:
            continue
        levels = [float(fields["intensity"]) for fields in labels if "intensity" in fields]
        found[item] = Consensus(
            item=item,
            category=majority(votes),
            intensity=median(levels) if levels else None,
            votes=dict(votes),
            raters=len(labels),
        )
    return found
