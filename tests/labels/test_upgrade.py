"""Labels of format 1 come over whole; their file stays beside; nothing is half done."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from emer_studio.core.errors import WorkFailedError
from emer_studio.labels import upgrade as module
from emer_studio.labels.chain import put
from emer_studio.labels.events import LabelEvent, sealed
from emer_studio.labels.store import LabelStore, fold, fold_stages

ONE, TWO = "sub-P001_ses-01_x/trial-1", "sub-P002_ses-01_x/trial-1"
COLUMNS = (
    "event_id", "annotator", "item", "op", "field", "value", "utc", "visible", "input",
    "prev_hash",
)  # fmt: skip


class Old:
    """A store as format 1 wrote it."""

    def __init__(self, path: Path) -> None:
        self.raw = sqlite3.connect(path)
        columns = ", ".join(f"{name} TEXT NOT NULL" for name in (*COLUMNS, "hash"))
        self.raw.execute(f"CREATE TABLE label_event (seq INTEGER PRIMARY KEY, {columns})")
        self.raw.execute("CREATE INDEX ix_label_event_item ON label_event (item)")
        for what in ("UPDATE", "DELETE"):
            self.raw.execute(
                f"CREATE TRIGGER no_{what} BEFORE {what} ON label_event"
                " BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END"
            )
        self.raw.execute("PRAGMA user_version = 1")
        self.last: dict[str, str] = {}

    def write(self, who: str, item: str, op: str, field: str, value: Any) -> str:
        number = self.raw.execute("SELECT count(*) FROM label_event").fetchone()[0]
        row = dict(
            zip(COLUMNS, (
                f"{number:032x}", who, item, op, field, json.dumps(value),
                f"2026-01-01T00:00:{number:02d}.000Z", '{"mode": "blind"}', "key",
                self.last.get(who, ""),
            ), strict=True)
        )  # fmt: skip
        text = json.dumps(row, sort_keys=True)
        row["hash"] = hashlib.sha256(text.encode()).hexdigest()
        self.last[who] = row["hash"]
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self.raw.execute(
            f"INSERT INTO label_event ({names}) VALUES ({marks})", [*row.values()]
        )
        self.raw.commit()
        return row["event_id"]

    def hash_of(self, event_id: str) -> str:
        query = "SELECT hash FROM label_event WHERE event_id = ?"
        return str(self.raw.execute(query, (event_id,)).fetchone()[0])

    def erase(self, event_id: str) -> None:
        self.raw.execute("DROP TRIGGER no_UPDATE")
        self.raw.execute(
            "UPDATE label_event SET event_id = 'e', item = '', op = 'erased', field = '',"
            " value = 'null', utc = '', visible = '{}', input = '' WHERE event_id = ?",
            (event_id,),
        )
        self.raw.execute(
            "CREATE TRIGGER no_UPDATE BEFORE UPDATE ON label_event"
            " BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END"
        )
        self.raw.commit()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    old = Old(tmp_path / "labels.sqlite")
    old.write("E1", ONE, "set", "category", "fear")
    second = old.write("E1", ONE, "set", "category", "anger")
    old.write("E2", ONE, "set", "category", "sadness")
    gone = old.write("E2", TWO, "set", "note", "quinquireme")
    hash_ = old.hash_of(gone)
    old.write("E1", ONE, "undo", "category", second)
    old.write("(withdrawal)", "", "erase", "", [hash_])
    old.erase(gone)
    old.raw.close()
    return tmp_path / "labels.sqlite"


def test_everything_comes_over_and_the_old_file_stays(path: Path) -> None:
    store = LabelStore(path)
    stand = {("E1", ONE): {"category": "fear"}, ("E2", ONE): {"category": "sadness"}}
    assert fold(store.events()) == stand
    assert set(fold_stages(store.events())) == {("E1", ONE, ""), ("E2", ONE, "")}
    assert store.check() == []
    old = [event for event in store.events() if not event.signed]
    assert len(old) == 6 == len(store.events())
    assert {event.seat for event in old} == {
        "legacy-E1",
        "legacy-E2",
        "legacy-(withdrawal)",
    }
    with sqlite3.connect(path.with_name("labels.sqlite.v1")) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert kept.execute("SELECT count(*) FROM label_event").fetchone() == (6,)
    kept.close()
    store.set("E1", ONE, "category", "anger", visible={}, input_by="key", stage="B")
    assert store.erase(lambda item: item == ONE) == 5
    assert not path.with_name("labels.sqlite.v1").exists()  # it says what was erased
    assert store.check() == []
    store.close()
    assert b"sadness" not in path.read_bytes()


def test_what_is_done_to_unsigned_events_later_is_told(path: Path) -> None:
    LabelStore(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER no_DELETE")
        raw.execute("DELETE FROM label_event WHERE seat = 'legacy-E1' AND seq = 3")
    raw.close()
    store = LabelStore(path)
    assert ["only up to 2" in finding.what for finding in store.check()] == [True]
    last = store.events()[-1]
    added = LabelEvent(event_id="new", annotator="E2", op="set", item=ONE, value="joy")
    place = {"seat": "legacy-E2", "seq": 3, "utc": last.utc, "prev_hash": ""}
    before = [event.hash for event in store.stored() if event.seat == "legacy-E2"]
    with store.database.writing() as connection:
        put(connection, [sealed(added, {**place, "prev_hash": before[-1]})])
    said = [finding.what for finding in store.check() if finding.event_id == "new"]
    assert said == ["unsigned, and no upgrade vouches for it"]
    store.close()


def test_what_was_broken_stays_known_as_broken(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TRIGGER no_UPDATE")
        raw.execute("UPDATE label_event SET value = '\"joy\"' WHERE seq = 3")
        raw.execute(
            "CREATE TRIGGER no_UPDATE BEFORE UPDATE ON label_event BEGIN SELECT 1; END"
        )
    raw.close()
    store = LabelStore(path)
    (finding,) = store.check()
    assert (finding.seat, finding.what) == (
        "legacy-E2",
        "it was broken already before the upgrade",
    )
    store.close()


def test_an_upgrade_that_does_not_hold_leaves_the_file_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, "fold", lambda _events: {})  # as if labels had got lost
        with pytest.raises(WorkFailedError, match="could not be brought"):
            LabelStore(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
        assert raw.execute("SELECT count(*) FROM label_event").fetchone() == (6,)
    raw.close()
    assert len(before) == path.stat().st_size
    store = LabelStore(path)
    assert len(store.events()) == 6
    store.close()


def test_two_copies_that_are_upgraded_apart_agree(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy" / "labels.sqlite"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    chains = []
    for place in (path, other):
        store = LabelStore(place)
        chains.append([e.hash for e in store.events() if not e.signed])
        store.close()
    assert chains[0] == chains[1]
