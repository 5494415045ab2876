"""Labels of format 1 (hash-chained per annotator, unsigned) become those of format 2.

The file as it was is kept beside as a verified copy (``labels.sqlite.v1``). The upgrade is
one transaction, which is taken back unless the new chains hold and the same labels stand,
so nothing that happens meanwhile leaves half of it. What was unsigned stays so, as chains
of seats called ``legacy-…``; the seat that did the upgrade vouches for them with its
signature. Two copies of a study that are upgraded apart get the same events.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from emer_studio.core.errors import WorkFailedError
from emer_studio.labels.chain import extend, put
from emer_studio.labels.database import Database, create_sqlite
from emer_studio.labels.erasing import kept_aside
from emer_studio.labels.events import LEGACY, LabelEvent, head_hash, sealed
from emer_studio.labels.fold import fold, in_order
from emer_studio.labels.seat import open_seat
from emer_studio.labels.tables import ABOUT, EVENTS, event_of
from emer_studio.labels.verify import BROKEN_BEFORE, examine

__all__ = ["upgrade"]

_OLD = "label_event_v1"
_HASHED = (
    "event_id", "annotator", "item", "op", "field", "value", "utc", "visible", "input",
    "prev_hash",
)  # fmt: skip
_EARLIEST = "1970-01-01T00:00:00.000000Z"  # where a time was erased and nothing precedes it
Row = dict[str, Any]


def upgrade(database: Database, path: Path) -> None:
    """Upgrade a file of format 1; one of format 2 is left alone."""
    with database.reading() as connection:
        if connection.exec_driver_sql("PRAGMA user_version").scalar_one() != 1:
            return
    with database.writing() as connection:
        if connection.exec_driver_sql("PRAGMA user_version").scalar_one() != 1:
            return  # another window was quicker
        rows = _rows(connection, "label_event")
        _keep_aside(path, rows)
        for name in ("no_UPDATE", "no_DELETE"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("DROP INDEX IF EXISTS ix_label_event_item")
        connection.exec_driver_sql(f"ALTER TABLE label_event RENAME TO {_OLD}")
        create_sqlite(connection)
        converted = _converted(rows)
        put(connection, converted)
        _vouch(connection, database.where, converted, _broken(rows))
        _check(connection, rows)
        connection.exec_driver_sql(f"DROP TABLE {_OLD}")


def _rows(connection: sa.Connection, table: str) -> list[Row]:
    query = sa.text(f"SELECT * FROM {table} ORDER BY seq")
    return [dict(row) for row in connection.execute(query).mappings()]


def _keep_aside(path: Path, rows: list[Row]) -> None:
    """Copy the file as it is, and read the copy back."""
    aside = kept_aside(path)
    aside.unlink(missing_ok=True)  # of an upgrade that was taken back
    with (
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(aside)) as copy,
    ):
        old.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.row_factory = sqlite3.Row
        there = [dict(r) for r in copy.execute("SELECT * FROM label_event ORDER BY seq")]
        if copy.execute("PRAGMA integrity_check").fetchone()[0] != "ok" or there != rows:
            raise WorkFailedError(
                f"The copy of {path} does not read back as it was written; nothing was"
                " changed.",
                fix="Check the disk, then open the study again.",
            )


def _converted(rows: list[Row]) -> list[LabelEvent]:
    """Return the old events in new chains, one for each annotator as it was."""
    names = {row["event_id"]: _derived(row["event_id"]) for row in rows}
    last: dict[str, LabelEvent] = {}
    hashes: dict[str, str] = {}
    events = []
    for row in rows:
        before = last.get(row["annotator"])
        event = _event(row, before, names, hashes)
        last[row["annotator"]] = event
        hashes[row["hash"]] = event.hash
        events.append(event)
    return events


def _event(
    row: Row,
    before: LabelEvent | None,
    names: Mapping[str, str],
    hashes: Mapping[str, str],
) -> LabelEvent:
    place = {
        "seat": LEGACY + row["annotator"],
        "seq": before.seq + 1 if before else 1,
        "utc": _moment(row["utc"], before.utc if before else ""),
        "prev_hash": before.hash if before else "",
    }
    new_id = names[row["event_id"]]
    draft = LabelEvent(event_id=new_id, annotator=row["annotator"], op=row["op"])
    if row["op"] == "erased":  # its content is gone, and so is what its hash was made of
        empty = replace(draft, **place, erased=True, payload_hash=row["hash"])
        return replace(empty, hash=head_hash(empty))
    value = _read(row["value"])
    if row["op"] == "undo":
        value = names.get(value, value)
    elif row["op"] == "erase":
        value = [hashes.get(old, old) for old in value]
    whole = replace(
        draft,
        item=row["item"],
        field=row["field"],
        value=value,
        visible=_read(row["visible"]),
        input=row["input"],
    )
    return sealed(whole, {**place, "salt": row["event_id"]})


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:  # tampered with: among the broken ones
        return {"unreadable": text}


def _derived(old_id: str) -> str:
    """Return the new id; from it nobody gets to the old one, which is the salt now."""
    return hashlib.sha256(f"format 2 {old_id}".encode()).hexdigest()[:32]


def _moment(utc: str, before: str) -> str:
    """Return a time in microseconds, after the one before it in the chain."""
    moment = datetime.fromisoformat(utc or before or _EARLIEST)
    if before:
        moment = max(moment, datetime.fromisoformat(before) + timedelta(microseconds=1))
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _broken(rows: list[Row]) -> list[str]:
    """Return the old ids of events that format 1 would have called broken."""
    erased = {h for row in rows if row["op"] == "erase" for h in _read(row["value"])}
    last: dict[str, str] = {}
    found = []
    for row in rows:
        hashed = json.dumps({name: row[name] for name in _HASHED}, sort_keys=True)
        whole = hashlib.sha256(hashed.encode()).hexdigest() == row["hash"]
        if row["op"] == "erased":
            whole = row["hash"] in erased
        if not whole or row["prev_hash"] != last.get(row["annotator"], ""):
            found.append(row["event_id"])
        last[row["annotator"]] = row["hash"]
    return found


def _vouch(
    connection: sa.Connection, where: str, events: Iterable[LabelEvent], broken: list[str]
) -> None:
    """Let this seat sign how the old chains ended, and what was wrong with them."""
    heads = {event.seat: [event.seq, event.hash] for event in events}
    store_id = sa.select(ABOUT.c.value).where(ABOUT.c.key == "store_id")
    seat = open_seat(connection.execute(store_id).scalar_one(), where)
    value = {"heads": heads, "broken": [_derived(old) for old in broken]}
    told = LabelEvent(
        event_id=uuid.uuid4().hex, annotator="(upgrade)", op="upgrade", value=value
    )
    extend(connection, seat, [told])


def _check(connection: sa.Connection, rows: list[Row]) -> None:
    """Refuse the upgrade unless the new chains hold and the same labels stand."""
    query = sa.select(EVENTS)
    events = [event_of(row) for row in connection.execute(query).mappings()]
    known = len(_broken(rows))
    wrong = [finding for finding in examine(events) if finding.what != BROKEN_BEFORE]
    undone = {(r["annotator"], _read(r["value"])) for r in rows if r["op"] == "undo"}
    stood: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["op"] == "set" and (row["annotator"], row["event_id"]) not in undone:
            fields = stood.setdefault((row["annotator"], row["item"]), {})
            fields[row["field"]] = _read(row["value"])
    if wrong or fold(in_order(events)) != stood:
        raise WorkFailedError(
            f"The labels could not be brought into the new format ({len(wrong)} events do"
            f" not hold, {known} did not before); they are as they were.",
            fix="Please report this, with the output of: emer-studio labels verify STUDY",
        )
