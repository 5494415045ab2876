"""Where the labelling of a study stands: what is frozen, disputed, still to be decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import pstdev
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.consensus import Consensus, consensus
from emer_studio.labels.events import FREEZE, LabelEvent
from emer_studio.labels.fold import fold_stages
from emer_studio.labels.votes import majority
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.schema.labelling import LabellingFile

__all__ = ["BLIND", "Standing", "disputes", "standing_of", "undecided"]

BLIND = ("A", "")
"""Stages of a blind label; the empty one is from before there were stages."""
_LEVELS_APART, _FEELING_SD = 2, 0.35  # annotation.md C: what makes an item disputed

Fields = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """What stands at a moment.

    Attributes
    ----------
    labels : dict
        ``{(item, stage): {annotator: fields}}``; "" is counted as A.
    frozen : frozenset of str
        Items whose blind pass is over.
    quorum : int
        Labels that a consensus needs.
    agreed : dict of str to Consensus
        By item, over all stages.
    """

    labels: dict[tuple[str, str], dict[str, Fields]]
    frozen: frozenset[str]
    quorum: int = ConsensusRules().quorum
    agreed: dict[str, Consensus] = field(default_factory=dict)

    def of(self, item: str, stage: str) -> dict[str, Fields]:
        """Return an item's labels of a stage, by annotator; whole ones only."""
        found = self.labels.get((item, stage), {})
        return {who: said for who, said in found.items() if _whole(said)}

    def done(self, annotator: str, item: str, stage: str) -> bool:
        """Say whether somebody has labelled an item in a stage."""
        return annotator in self.of(item, stage)

    def ready(self, items: Iterable[str]) -> list[str]:
        """Return those of some items that have enough blind labels and are not frozen."""
        return [
            item
            for item in items
            if item not in self.frozen and len(self.of(item, "A")) >= self.quorum
        ]

    def reviewed(self, item: str) -> dict[str, Fields]:
        """Return each rater's last word: that of the review where there is one."""
        return self.of(item, "A") | self.of(item, "B")


def standing_of(
    events: Iterable[LabelEvent], rules: ConsensusRules | None = None
) -> Standing:
    """Return what stands, and what the study's rules make of it."""
    listed = list(events)
    labels: dict[tuple[str, str], dict[str, Fields]] = {}
    for (annotator, item, stage), fields in fold_stages(listed).items():
        key = (item, "A" if stage in BLIND else stage)
        labels.setdefault(key, {}).setdefault(annotator, {}).update(fields)
    frozen = frozenset(
        event.item for event in listed if event.op == FREEZE and event.stage in BLIND
    )
    wanted = rules or ConsensusRules()
    return Standing(labels, frozen, wanted.quorum, consensus(listed, wanted))


def disputes(
    item: str,
    standing: Standing,
    plan: LabellingFile,
    prediction: Mapping[str, float] | None = None,
) -> list[str]:
    """Return why the experts should look at an item again; empty when they need not.

    Parameters
    ----------
    item : str
    standing : Standing
    plan : LabellingFile
    prediction : mapping of str to float, optional
        Calibrated probabilities of a model for the whole item.
    """
    labels = standing.of(item, "A")
    why = []
    votes = Counter(str(s.get("quality") or s.get("category")) for s in labels.values())
    winner = majority(votes)
    if len(labels) < standing.quorum:
        why.append(f"{len(labels)} of {standing.quorum} labels")
    elif winner is None:
        why.append("no majority")
    elif prediction:
        best = max(EMOTIONS, key=lambda emotion: prediction.get(emotion, 0.0))
        if best != winner and prediction[best] >= plan.disputed_p:
            why.append(f"a model is sure of {best}")
    levels = _numbers(labels, "intensity")
    if levels and max(levels) - min(levels) >= _LEVELS_APART:
        why.append("intensities far apart")
    for axis in ("valence", "arousal"):
        values = _numbers(labels, axis)
        if len(values) > 1 and pstdev(values) > _FEELING_SD:
            why.append(f"{axis} far apart")
    if any(said.get("flag") for said in labels.values()):
        why.append("flagged")
    return why


def undecided(item: str, standing: Standing) -> str:
    """Return why an item waits for an adjudicator; empty when it does not."""
    found = standing.agreed.get(item)
    if found is None:
        return "not labelled"
    waits = {"disagreed": "no majority", "flagged": "flagged", "too few": "too few labels"}
    return waits.get(found.state, "")


def _whole(said: Fields) -> bool:
    return bool(said.get("quality") or said.get("category"))


def _numbers(labels: Mapping[str, Fields], field: str) -> list[float]:
    return [float(said[field]) for said in labels.values() if said.get(field) is not None]
