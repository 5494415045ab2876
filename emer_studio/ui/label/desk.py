"""An annotator's work, without a window: what is to be done, said, seen and undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.fold import fold_stages, to_redo, to_undo
from emer_studio.labels.judgement import Judgement
from emer_studio.labels.opaque import opaque_id
from emer_studio.labels.passes import BLIND, Standing, standing_of
from emer_studio.labels.queue import Turn, withheld
from emer_studio.labels.store import LabelStore, find_store, open_store
from emer_studio.schema.consensus import ConsensusRules
from emer_studio.schema.labelling import FILE, LabellingFile, Scheme, load_labelling
from emer_studio.study.folder import Study
from emer_studio.ui.label.duties import Duties
from emer_studio.ui.label.items import Item, find_items
from emer_studio.ui.label.predictions import Predictions

__all__ = ["REVIEWED", "STAGES", "Desk"]

MeansOf = Callable[[Sequence[Item]], Mapping[str, Mapping[str, float]]]
STAGES = {
    "training": "TRAINING",
    "A": "BLIND",
    "B": "ASSISTED",
    "adjudication": "ADJUDICATE",
}
"""In the order in which they are worked through, with what the badge says."""
REVIEWED = ("B", "adjudication")
"""Those in which others' labels are seen, and a model's suggestion may be."""


class Desk(Duties):
    """The work of one annotator in one study.

    The store is opened with the first label, so looking at a study changes nothing.

    Parameters
    ----------
    study : Study

    Attributes
    ----------
    plan : LabellingFile
    problem : str
        Why ``labelling.yaml`` cannot be understood; then nobody labels.
    """

    leads = True

    def __init__(self, study: Study) -> None:
        self._study = study
        self._begin(study.folder, study.file.seed, study.file.consensus)

    def _begin(self, folder: Path, seed: int, rules: ConsensusRules) -> None:
        self.folder, self.seed, self._rules, self.problem = folder, seed, rules, ""
        self.plan: LabellingFile = LabellingFile()
        self._scheme: Scheme | None = None
        self._read_plan()
        self._store: LabelStore | None = None
        self._items: dict[str, Item] = {}
        self._means: dict[str, Mapping[str, float]] = {}
        self._seen: dict[str, dict[str, str]] = {}
        self.standing = Standing({}, frozenset(), rules.quorum)
        self.annotator, self.stage = "", "A"

    def _read_plan(self) -> None:
        """Read the plan again: a lead may have changed it."""
        self.problem = ""
        try:
            self.plan = load_labelling(self.folder)
        except BadInputError as why:
            self.problem = str(why)
            return
        if self._scheme not in (None, self.plan.scheme):
            self.problem = "The scheme of labels was changed: open the study again."
        self._scheme = self._scheme or self.plan.scheme
        raters = len(self.plan.raters)
        if 0 < raters < self._rules.quorum:
            self.problem = (
                f"{FILE} names {raters} raters, and a consensus needs"
                f" {self._rules.quorum} labels (consensus: {{quorum: …}} in study.yaml)."
            )

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    # -- what there is to do

    def find_items(self) -> list[Item]:
        """Return what there is to label, by anybody."""
        return find_items(self._study)

    def read(self, items: Sequence[Item], means_of: MeansOf) -> None:
        """Take the study's items, and read its plan and labels.

        `means_of` gives a model's mean probabilities of items; nobody needs them before
        something is reviewed.
        """
        self._items = {item.id: item for item in items}
        self._read_plan()
        strange = sorted(set(self.plan.training) - set(self._items))
        if strange and not self.problem:
            self.problem = f"{FILE}: the study has no item {strange[0]} to train with."
        self._read_labels()
        self._means = dict(means_of(items)) if self.standing.frozen else {}

    def _read_labels(self) -> None:
        store = self._found()
        if store is None:
            return
        events = store.events()
        self.standing = standing_of(events, self._rules)
        self._seen = {
            event.item: {k: v for k, v in event.visible.items() if k.startswith("model")}
            for event in events
            if event.op == "seen" and event.annotator == self.annotator
        }

    def sit_down(self, code: str) -> None:
        """Work as another annotator, with their own undo, at what they have to do next."""
        if code == self.annotator:
            return
        before, self.annotator = self.annotator, code
        try:
            self._read_labels()
        except EmerError:
            self.annotator = before  # nobody works under a code whose labels are unknown
            raise
        self.stage = self.next_stage()

    @property
    def why_not(self) -> str:
        """Why this annotator cannot label here; empty when they can."""
        if self.problem:
            return self.problem
        if not self.annotator:
            return "Type your annotator code first (letters and digits)."
        known = {*self.plan.raters, *self.plan.adjudicators}
        if known and self.annotator not in known:
            return f"{self.annotator} is not among the raters of this study."
        return ""

    @property
    def stages(self) -> list[str]:
        """The stages in which this annotator has something to do, or had."""
        return [stage for stage in STAGES if self.turns(stage)]

    def next_stage(self) -> str:
        """Return the first stage with something left to do; else the last with anything."""
        stages = self.stages
        open_ones = (s for s in stages if any(not self.done(t) for t in self.turns(s)))
        return next(open_ones, stages[-1] if stages else "A")

    def turns(self, stage: str | None = None) -> list[Turn]:
        """Return the annotator's turns of a stage, in the order to take them."""
        wanted = self.stage if stage is None else stage
        if self.why_not and self.annotator:
            return []
        if wanted == "training":
            return self._training_turns()
        if wanted == "A":
            return [] if self._in_training else self._blind_turns()
        return self._review_turns() if wanted == "B" else self._adjudication_turns()

    # -- what may be seen

    def item(self, turn: Turn) -> Item:
        """Return the item of a turn."""
        return self._items[turn.item]

    def name(self, turn: Turn) -> str:
        """Return what the annotator sees instead of session, participant and trial."""
        again = turn.stage == "A-repeat"  # it must not be recognised
        return opaque_id(self.seed, self.annotator, turn.item, again=again)

    def withholds(self, turn: Turn) -> bool:
        """Say whether the suggestion is withheld from this review, to measure anchoring."""
        return turn.stage == "B" and withheld(
            turn.item, self.annotator, self.plan, self.seed
        )

    def assisted(self, turn: Turn) -> bool:
        """Say whether a model may be shown."""
        return turn.stage in REVIEWED and not self.withholds(turn)

    def look(self, turn: Turn, predictions: Predictions | None, *, shown: bool) -> None:
        """Write down that the annotator now sees, or no longer sees, a suggestion."""
        if self.why_not or predictions is None or not self.assisted(turn):
            return
        if shown:
            self._seen[turn.item] = predictions.visible
        visible = {**self.visible(turn), "shown": shown}
        self._open().seen(self.annotator, turn.item, visible=visible, stage=turn.stage)

    def visible(self, turn: Turn) -> dict[str, Any]:
        """Return what the annotator could see of an item, now or earlier."""
        others = turn.stage in REVIEWED
        seen = self._seen.get(turn.item)
        about: dict[str, Any] = {"scheme": self.plan.scheme.version, "others": others}
        if self.withholds(turn):
            about["withheld"] = True
        if seen is not None and not self.withholds(turn):
            return {"mode": "assisted", **about, **seen}
        return {"mode": "assisted" if others else "blind", **about}

    # -- what was said

    def judgement(self, turn: Turn) -> Judgement:
        """Return what stands of a turn."""
        labels = self.standing.labels.get((turn.item, turn.stage), {})
        return Judgement.of(labels.get(self.annotator, {}))

    def commit(
        self,
        turn: Turn,
        value: Judgement,
        input_by: str,
        *,
        position: int | None = None,
        elapsed_ms: int | None = None,
    ) -> int:
        """Store what is new in a judgement, all or nothing; return how many events.

        `position` is the turn's place in the queue, from 1; `elapsed_ms` how long the item
        was looked at.
        """
        before, after = self._stored(turn), value.values()
        changes = {k: v for k, v in after.items() if before.get(k) != v}
        changes |= dict.fromkeys(set(before) - set(after))
        if not changes:
            return 0
        self._open().append_many(
            self.annotator,
            turn.item,
            changes,
            visible=self.visible(turn),
            input_by=input_by,
            stage=turn.stage,
            position=position,
            elapsed_ms=elapsed_ms,
        )
        labels = self.standing.labels.setdefault((turn.item, turn.stage), {})
        labels.setdefault(self.annotator, {}).update(changes)
        return len(changes)

    def _stored(self, turn: Turn) -> dict[str, Any]:
        """Return what is stored of a turn now, perhaps by another window of the rater."""
        store = self._found()
        if store is None:
            return {}
        own = store.events(turn.item, annotator=self.annotator)
        stages = BLIND if turn.stage == "A" else (turn.stage,)
        found: dict[str, Any] = {}
        for (_, _, stage), fields in fold_stages(own).items():
            if stage in stages:
                found |= fields
        return Judgement.of(found).values()

    def undo(self, input_by: str) -> Turn | None:
        """Take back the annotator's last commit, whenever that was.

        Returns
        -------
        Turn or None
            Where something changed.
        """
        store = self._found()
        if self.why_not or store is None:
            return None
        own = to_undo(store.events(annotator=self.annotator))
        seen = self.visible(_turn_of(own[-1])) if own else {}
        return self._changed(
            store.undo_commit(self.annotator, visible=seen, input_by=input_by)
        )

    def redo(self, input_by: str) -> Turn | None:
        """Say again what was undone last, unless something else was said since."""
        store = self._found()
        if self.why_not or store is None:
            return None
        own = to_redo(store.events(annotator=self.annotator))
        seen = self.visible(_turn_of(own[-1])) if own else {}
        return self._changed(
            store.redo_commit(self.annotator, visible=seen, input_by=input_by)
        )

    def _changed(self, events: Sequence[LabelEvent]) -> Turn | None:
        if not events:
            return None
        self._read_labels()
        return _turn_of(events[-1])

    def votes(self, turn: Turn) -> dict[str, Judgement]:
        """Return what was said of an item blind and in review, by annotator."""
        if turn.stage not in REVIEWED:
            return {}
        labels = (
            self.standing.of(turn.item, "A")
            if turn.stage == "B"
            else self.standing.reviewed(turn.item)
        )
        return {who: Judgement.of(said) for who, said in sorted(labels.items())}

    # -- the study lead

    def freeze(self, items: Sequence[str]) -> None:
        """End the blind pass of some items: from now on they are reviewed."""
        if not self.annotator:
            raise BadInputError("Who freezes the pass? Type your code first.")
        self._open().freeze(self.annotator, "A", items)
        self._read_labels()

    def items(self) -> list[Item]:
        """Return all items of the study."""
        return list(self._items.values())

    def find_store(self) -> LabelStore | None:
        """Open the labels if anybody has labelled; looking makes none."""
        return find_store(self._study)

    def make_store(self) -> LabelStore:
        """Open the labels, made when absent."""
        return open_store(self._study)

    def _found(self) -> LabelStore | None:
        if self._store is None:
            self._store = self.find_store()
        return self._store

    def _open(self) -> LabelStore:
        if self._store is None:
            self._store = self.make_store()
        return self._store


def _turn_of(event: LabelEvent) -> Turn:
    return Turn(event.item, event.stage or "A")
