"""What an annotator has to do in each pass."""

from __future__ import annotations

from collections.abc import Mapping

from emer_studio.labels.opaque import opaque_id
from emer_studio.labels.passes import Standing, disputes, undecided
from emer_studio.labels.queue import Labelled, Turn, blind_queue, review_queue
from emer_studio.labels.training import TrainingResult, training_result
from emer_studio.schema.labelling import LabellingFile
from emer_studio.ui.label.items import Item

__all__ = ["Duties"]


class Duties:
    """The turns of one annotator; a `Desk` is them with a store."""

    plan: LabellingFile
    seed: int
    annotator: str
    standing: Standing
    _items: dict[str, Item]
    _means: dict[str, Mapping[str, float]]

    def done(self, turn: Turn) -> bool:
        """Say whether a turn is labelled."""
        return self.standing.done(self.annotator, turn.item, turn.stage)

    def why_disputed(self, item: str, *, by_model: bool = True) -> list[str]:
        """Return why an item is looked at again; `by_model`: also what a model thinks."""
        means = self._means.get(item) if by_model else None
        return disputes(item, self.standing, self.plan, means)

    def _training_turns(self) -> list[Turn]:
        if not self._rates:
            return []
        known = sorted(set(self.plan.training) & set(self._items))
        order = sorted(known, key=lambda item: opaque_id(self.seed, self.annotator, item))
        return [Turn(item, "training") for item in order]

    @property
    def _rates(self) -> bool:
        return not self.plan.raters or self.annotator in self.plan.raters

    @property
    def training(self) -> TrainingResult:
        """How the annotator did in the training."""
        said = {
            item: labels[self.annotator].get("category")
            for item in self.plan.training
            if self.annotator in (labels := self.standing.of(item, "training"))
        }
        return training_result(said, self.plan, len(self._training_turns()))

    @property
    def _in_training(self) -> bool:
        return bool(self._training_turns()) and not self.training.passed

    def _blind_turns(self) -> list[Turn]:
        if not self._rates:
            return []
        frozen = self.standing.frozen
        open_ones = [
            Labelled(item.id, item.participant)
            for item in self._items.values()
            if item.id not in frozen
        ]
        return blind_queue(
            open_ones, self.annotator, self.plan, self.seed, self.standing.quorum
        )

    def _review_turns(self) -> list[Turn]:
        mine = (
            item
            for item in self.standing.frozen & set(self._items)
            if self.standing.done(self.annotator, item, "A")
        )
        doubts = [(item, self._doubt(item)) for item in mine if self.why_disputed(item)]
        return review_queue(doubts)

    def _adjudication_turns(self) -> list[Turn]:
        if not self._adjudicates:
            return []
        waiting = [
            item
            for item in sorted(self.standing.frozen & set(self._items))
            if not self.standing.done(self.annotator, item, "A")
            and (
                undecided(item, self.standing)
                or self.standing.done(self.annotator, item, "adjudication")
            )
        ]
        turns = review_queue([(item, self._doubt(item)) for item in waiting])
        return [Turn(turn.item, "adjudication") for turn in turns]

    @property
    def _adjudicates(self) -> bool:
        """Whether the annotator may see everybody's labels: named for it, or no rater."""
        if self.plan.adjudicators:
            return self.annotator in self.plan.adjudicators
        if not self.annotator or self.annotator in self.plan.raters:
            return False
        open_ones = [t for t in self._blind_turns() if not self.done(t)]
        return not open_ones and not self._in_training

    def _doubt(self, item: str) -> float:
        return 1.0 - max(self._means.get(item, {}).values(), default=0.0)
