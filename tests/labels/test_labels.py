"""Label events: append-only, chained, folded; consensus by majority."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.core.errors import BadInputError
from emer_studio.labels.consensus import consensus
from emer_studio.labels.store import LabelStore, fold

BLIND = {"mode": "blind"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    opened = LabelStore(tmp_path / "labels.sqlite")
    yield opened
    opened.close()


def put(store: LabelStore, who: str, item: str, field: str, value: Any) -> None:
    store.set(who, item, field, value, visible=BLIND, input_by="key")


def test_the_last_label_stands_and_undo_is_an_event(store: LabelStore) -> None:
    put(store, "E1", "a", "category", "fear")
    put(store, "E1", "a", "category", "anger")
    assert fold(store.events())["E1", "a"] == {"category": "anger"}
    assert store.undo("E1", "a", visible=BLIND, input_by="key") is not None
    assert fold(store.events())["E1", "a"] == {"category": "fear"}
    store.undo("E1", "a", visible=BLIND, input_by="key")
    assert store.undo("E1", "a", visible=BLIND, input_by="key") is None
    assert fold(store.events()) == {}
    assert len(store.events()) == 4  # nothing went away
    assert store.verify() == []


def test_an_undo_never_touches_another_annotator(store: LabelStore) -> None:
    put(store, "E1", "a", "category", "fear")
    put(store, "E2", "a", "category", "anger")
    store.undo("E1", "a", visible=BLIND, input_by="key")
    assert fold(store.events()) == {("E2", "a"): {"category": "anger"}}


def test_the_database_itself_refuses_changes(store: LabelStore, tmp_path: Path) -> None:
    put(store, "E1", "a", "category", "fear")
    raw = sqlite3.connect(tmp_path / "labels.sqlite")
    for statement in ("UPDATE label_event SET value='1'", "DELETE FROM label_event"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(statement)
    raw.close()


def test_tampering_shows(store: LabelStore, tmp_path: Path) -> None:
    for value in ("fear", "anger", "neutral"):
        put(store, "E1", "a", "category", value)
    raw = sqlite3.connect(tmp_path / "labels.sqlite")
    raw.execute("DROP TRIGGER no_UPDATE")
    raw.execute("UPDATE label_event SET value='\"disgust\"' WHERE seq = 2")
    raw.commit()
    raw.close()
    assert store.verify() == [store.events()[1].event_id]


def test_what_was_visible_is_part_of_the_event(store: LabelStore) -> None:
    seen = {"mode": "assisted", "model": "m", "sha256": "0" * 64}
    store.set("E1", "a", "category", "fear", visible=seen, input_by="mouse")
    (event,) = store.events("a")
    assert event.visible == seen
    assert event.input == "mouse"
    with pytest.raises(BadInputError, match="annotator"):
        put(store, "", "a", "category", "fear")


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.commit()
    raw.close()
    with pytest.raises(BadInputError, match="newer version"):
        LabelStore(path)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["E1", "E2"]),
            st.sampled_from(["a", "b"]),
            st.sampled_from(["set", "undo"]),
            st.integers(0, 6),
        ),
        max_size=30,
    )
)
def test_any_sequence_folds_as_a_plain_stack_does(
    steps: list[tuple[str, str, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = LabelStore(tmp_path_factory.mktemp("labels") / "l.sqlite")
    oracle: dict[tuple[str, str], list[int]] = {}
    for who, item, op, value in steps:
        if op == "set":
            put(store, who, item, "category", value)
            oracle.setdefault((who, item), []).append(value)
        else:
            store.undo(who, item, visible=BLIND, input_by="key")
            if oracle.get((who, item)):
                oracle[who, item].pop()
    expected = {key: {"category": stack[-1]} for key, stack in oracle.items() if stack}
    assert fold(store.events()) == expected
    assert store.verify() == []
    store.close()


def test_consensus_is_a_majority_or_nothing(store: LabelStore) -> None:
    for who, item, value in [
        ("E1", "a", "fear"),
        ("E2", "a", "fear"),
        ("E3", "a", "anger"),
        ("E1", "b", "fear"),
        ("E2", "b", "anger"),
    ]:
        put(store, who, item, "category", value)
    put(store, "E1", "a", "intensity", 1)
    put(store, "E2", "a", "intensity", 3)
    found = consensus(store.events())
    assert found["a"].category == "fear"
    assert found["a"].intensity == 2
    assert found["a"].votes == {"fear": 2, "anger": 1}
    assert found["b"].category is None


def test_what_an_annotator_was_shown_stays_known(store: LabelStore) -> None:
    store.seen("E1", "a", visible={"mode": "assisted", "model": "m"})
    put(store, "E1", "a", "category", "fear")
    store.undo("E1", "a", visible=BLIND, input_by="key")
    assert fold(store.events()) == {}
    assert [e.op for e in store.events("a")] == ["seen", "set", "undo"]
    assert store.verify() == []
