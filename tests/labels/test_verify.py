"""Tampering is found, and named: whoever opens the file cannot change what was said."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from emer_studio.labels.events import head_hash, payload_hash
from emer_studio.labels.seat import open_seat
from emer_studio.labels.store import LabelStore
from emer_studio.labels.tables import row_of

SHOWN = {"visible": {"mode": "blind"}, "input_by": "key"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = LabelStore(tmp_path / "labels.sqlite")
    for number in range(4):
        store.set("R1", f"item-{number}", "category", "fear", stage="A", **SHOWN)
    store.close()
    return tmp_path / "labels.sqlite"


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """Whoever opens the file with other means and takes the triggers away."""
    connection = sqlite3.connect(path)
    for trigger in ("no_UPDATE", "no_DELETE", "in_chain"):
        connection.execute(f"DROP TRIGGER {trigger}")
    yield connection
    connection.close()


def found_in(path: Path) -> list[tuple[int, str]]:
    store = LabelStore(path)
    found = [(finding.seq, finding.what) for finding in store.check()]
    store.close()
    return found


@pytest.mark.parametrize(
    ("statement", "seq", "said"),
    [
        ("UPDATE label_event SET value = '\"anger\"' WHERE seq = 2", 2, "content was"),
        ("UPDATE label_event SET visible = '{}' WHERE seq = 2", 2, "content was"),
        ("UPDATE label_event SET elapsed_ms = 5 WHERE seq = 2", 2, "content was"),
        ("UPDATE label_event SET value = 'no JSON' WHERE seq = 2", 2, "content was"),
        ("UPDATE label_event SET annotator = 'R2' WHERE seq = 2", 2, "who, when or what"),
        ("UPDATE label_event SET stage = 'B' WHERE seq = 2", 2, "who, when or what"),
        ("UPDATE label_event SET utc = 'x' WHERE seq = 2", 2, "who, when or what"),
        ("UPDATE label_event SET signature = '00' WHERE seq = 2", 2, "not signed by"),
        ("UPDATE label_event SET salt = NULL WHERE seq = 2", 2, "no erasure tells"),
        ("DELETE FROM label_event WHERE seq = 2", 3, "1 event before it are missing"),
        ("DELETE FROM label_event WHERE seq = 0", 1, "does not begin with the key"),
    ],
)
def test_what_was_done_to_one_event_is_named(
    raw: sqlite3.Connection, path: Path, statement: str, seq: int, said: str
) -> None:
    raw.execute(statement)
    raw.commit()
    assert any(place == seq and said in what for place, what in found_in(path))


def test_moved_doubled_and_forged_events_are_named(
    raw: sqlite3.Connection, path: Path
) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        raw.execute("UPDATE label_event SET seq = ? WHERE seq = ?", (new, old))
    raw.commit()
    assert {2, 3} <= {place for place, _ in found_in(path)}
    for old, new in ((2, 99), (3, 2), (99, 3)):
        raw.execute("UPDATE label_event SET seq = ? WHERE seq = ?", (new, old))
    raw.commit()
    assert found_in(path) == []

    store = LabelStore(path)
    last = store.stored()[-1]
    store.close()
    stranger = open_seat("another", "store")
    forged = replace(last, event_id="f" * 32, seq=last.seq + 1, prev_hash=last.hash)
    forged = replace(forged, value="anger")
    forged = replace(forged, payload_hash=payload_hash(forged))
    forged = replace(forged, hash=head_hash(forged))
    row = row_of(replace(forged, signature=stranger.sign(forged.hash)))
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" * len(row))
    raw.execute(f"INSERT INTO label_event ({names}) VALUES ({marks})", [*row.values()])
    raw.commit()
    assert found_in(path) == [(last.seq + 1, "not signed by its seat")]


def test_a_chain_that_was_cut_off_is_told_by_who_vouched_for_it(
    tmp_path: Path, path: Path
) -> None:
    lead = Path(shutil.copytree(path.parent, tmp_path / "lead")) / path.name
    store = LabelStore(lead)  # another place: another seat
    store.freeze("lead", "A", ["i"])
    assert store.verify() == []
    store.close()
    with sqlite3.connect(lead) as opened:
        opened.execute("DROP TRIGGER no_DELETE")
        opened.execute("DELETE FROM label_event WHERE seq = 4 AND op = 'set'")
    opened.close()
    ((_, what),) = found_in(lead)
    assert "had events up to 4: now only up to 3" in what


def test_the_computer_that_wrote_the_last_events_misses_them(
    raw: sqlite3.Connection, path: Path
) -> None:
    assert found_in(path) == []
    raw.execute("DELETE FROM label_event WHERE seq > 2")
    raw.commit()
    ((seq, what),) = found_in(path)
    assert (seq, "written from this computer and is gone" in what) == (4, True)


def test_the_database_refuses_a_fork(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        again = (
            "INSERT INTO label_event SELECT seat, {seq}, 'new', annotator, utc, op, stage,"
            ' item, field, value, visible, input, position, elapsed_ms, "commit", salt,'
            " prev_hash, payload_hash, 'other', signature FROM label_event WHERE seq = 3"
        )
        for seq in (4, 5):
            with pytest.raises(sqlite3.IntegrityError, match="follow the last one"):
                raw.execute(again.format(seq=seq))
    raw.close()


def test_time_never_runs_backwards_in_a_chain(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import emer_studio.labels.chain as module

    class Behind(module.datetime):  # type: ignore[name-defined,misc]
        @classmethod
        def now(cls, tz: object = None) -> Behind:
            return cls(2001, 1, 1, tzinfo=module.UTC)

    monkeypatch.setattr(module, "datetime", Behind)
    store = LabelStore(path)
    store.set("R1", "item-0", "category", "anger", stage="A", **SHOWN)
    events = store.events("item-0")
    assert [event.value for event in events] == ["fear", "anger"]
    assert events[0].utc < events[1].utc
    store.close()


def test_seats_keep_their_key_out_of_the_study(path: Path) -> None:
    from emer_studio.core.settings import config_dir

    secret = (config_dir() / "seat.key").read_text().strip()
    assert (config_dir() / "seat.key").stat().st_mode & 0o077 == 0
    for file in path.parent.iterdir():
        raw = file.read_bytes()
        assert secret.encode() not in raw
        assert bytes.fromhex(secret) not in raw
