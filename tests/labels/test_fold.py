"""Ten thousand acts of several annotators, with undo and redo, against a plain oracle."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.fold import fold_stages, to_redo, to_undo
from emer_studio.labels.store import LabelStore

PEOPLE, ITEMS, STAGES = ("R1", "R2", "R3"), ("a", "b", "c", "d"), ("A", "B")
FIELDS = ("category", "intensity", "note")
SHOWN: dict[str, Any] = {"visible": {"mode": "blind"}, "input_by": "key"}


class Paper:
    """The same acts and the same fold without a database, which 10,000 would wait for."""

    def __init__(self) -> None:
        self._events: dict[str, list[LabelEvent]] = {who: [] for who in PEOPLE}
        self._ids = itertools.count()

    def append_many(
        self, who: str, item: str, values: Any, *, stage: str, **_: Any
    ) -> None:
        self._write(who, [("set", item, stage, key, v) for key, v in values.items()])

    def undo_commit(self, who: str, item: str | None, **_: Any) -> None:
        self._write(who, self._acts("undo", to_undo(self._of(who, item))))

    def redo_commit(self, who: str, item: str | None, **_: Any) -> None:
        self._write(who, self._acts("redo", to_redo(self._of(who, item))))

    def events(self) -> list[LabelEvent]:
        return [event for events in self._events.values() for event in events]

    def _of(self, who: str, item: str | None) -> list[LabelEvent]:
        return [e for e in self._events[who] if item in (None, e.item)]

    @staticmethod
    def _acts(op: str, labels: Iterable[LabelEvent]) -> list[tuple[Any, ...]]:
        return [(op, x.item, x.stage, x.field, x.event_id) for x in labels]

    def _write(self, who: str, acts: list[tuple[Any, ...]]) -> None:
        commit = str(next(self._ids))
        for op, item, stage, field, value in acts:
            event = LabelEvent(
                event_id=str(next(self._ids)), annotator=who, op=op, item=item,
                stage=stage, field=field, value=value, commit=commit,
            )  # fmt: skip
            self._events[who].append(event)


class Oracle:
    """What a person would expect: a pile of commits, of which some are crossed out."""

    def __init__(self) -> None:
        self.now = 0
        self.pile: list[dict[str, Any]] = []

    def set(self, who: str, item: str, stage: str, values: dict[str, Any]) -> None:
        self.now += 1
        for old in self.pile:  # nothing that was undone before can come back over this
            if old["who"] == who:
                old["buried_for"] |= {None, item} if old["item"] == item else {None}
        self.pile.append({
            "who": who, "item": item, "stage": stage, "values": values, "crossed": 0,
            "buried_for": set(),
        })  # fmt: skip

    def undo(self, who: str, item: str | None) -> None:
        self.now += 1
        mine = [c for c in self.pile if c["who"] == who and item in (None, c["item"])]
        up = [commit for commit in mine if not commit["crossed"]]
        if up:
            up[-1]["crossed"] = self.now
            up[-1]["buried_for"] = set()

    def redo(self, who: str, item: str | None) -> None:
        self.now += 1
        mine = [c for c in self.pile if c["who"] == who and item in (None, c["item"])]
        down = [c for c in mine if c["crossed"] and item not in c["buried_for"]]
        if down:
            max(down, key=lambda commit: commit["crossed"])["crossed"] = 0

    def state(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for commit in self.pile:
            if not commit["crossed"]:
                key = (commit["who"], commit["item"], commit["stage"])
                found.setdefault(key, {}).update(commit["values"])
        stripped = {
            key: {field: value for field, value in values.items() if value is not None}
            for key, values in found.items()
        }
        return {key: values for key, values in stripped.items() if values}


def act(rng: random.Random, labels: Paper | LabelStore, oracle: Oracle) -> None:
    who, item = rng.choice(PEOPLE), rng.choice(ITEMS)
    scope = rng.choice((item, None))
    kind = rng.choices(("set", "undo", "redo"), (4, 4, 3))[0]
    if kind == "set":
        fields = rng.sample(FIELDS, rng.randint(1, len(FIELDS)))
        values = {field: rng.choice((*range(7), None)) for field in fields}
        stage = rng.choice(STAGES)
        labels.append_many(who, item, values, stage=stage, **SHOWN)
        oracle.set(who, item, stage, values)
    elif kind == "undo":
        labels.undo_commit(who, scope, **SHOWN)
        oracle.undo(who, scope)
    else:
        labels.redo_commit(who, scope, **SHOWN)
        oracle.redo(who, scope)


def test_ten_thousand_acts_fold_as_the_oracle_says() -> None:
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    for _ in range(10):
        labels, oracle = Paper(), Oracle()
        for number in range(1000):
            act(rng, labels, oracle)
            if number % 20 == 19:
                assert fold_stages(labels.events()) == oracle.state(), f"seed {seed}"


def test_a_store_folds_as_the_oracle_says(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    rng, oracle = random.Random(seed), Oracle()
    store = LabelStore(tmp_path / "labels.sqlite")
    for _ in range(250):
        act(rng, store, oracle)
    assert fold_stages(store.events()) == oracle.state(), f"seed {seed}"
    again = LabelStore(tmp_path / "labels.sqlite")
    assert fold_stages(again.events()) == oracle.state()
    assert again.verify() == []
    for opened in (store, again):
        opened.close()


def test_a_frozen_pass_takes_no_more_labels(tmp_path: Path) -> None:
    store = LabelStore(tmp_path / "labels.sqlite")
    store.append_many("R1", "a", {"category": "fear"}, stage="A", **SHOWN)
    store.freeze("lead", "A", ["a"])
    for stage in ("A", "A-repeat", ""):
        with pytest.raises(BadInputError, match="Pass A of this item was frozen"):
            store.append_many("R1", "a", {"category": "anger"}, stage=stage, **SHOWN)
    with pytest.raises(BadInputError, match="Pass A of this item was frozen"):
        store.undo_commit("R1", **SHOWN)
    store.append_many("R1", "a", {"category": "anger"}, stage="B", **SHOWN)
    store.append_many("R1", "b", {"category": "anger"}, stage="A", **SHOWN)
    assert list(store.frozen()) == [("A", "a")]
    assert fold_stages(store.events())["R1", "a", "A"] == {"category": "fear"}
    store.close()
