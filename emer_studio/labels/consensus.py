"""From several experts' labels to one: majority, or none."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from emer_studio.labels.events import LabelEvent
from emer_studio.labels.fold import fold

__all__ = ["Consensus", "consensus"]


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
        best, count = votes.most_common(1)[0]
        levels = [float(fields["intensity"]) for fields in labels if "intensity" in fields]
        found[item] = Consensus(
            item=item,
            category=best if 2 * count > votes.total() else None,
            intensity=median(levels) if levels else None,
            votes=dict(votes),
            raters=len(labels),
        )
    return found
