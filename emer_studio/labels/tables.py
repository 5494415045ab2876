"""The tables of a label store, and the triggers by which the database refuses changes."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from emer_studio.labels.events import PAYLOAD, LabelEvent

__all__ = [
    "ABOUT",
    "ALIASES",
    "EMPTIED",
    "EVENTS",
    "FORMAT",
    "METADATA",
    "event_of",
    "row_of",
    "sqlite_triggers",
]

FORMAT = 2
METADATA = sa.MetaData()
EVENTS = sa.Table(
    "label_event",
    METADATA,
    sa.Column("seat", sa.String, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.String, nullable=False, unique=True),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("utc", sa.String, nullable=False),
    sa.Column("op", sa.String, nullable=False, index=True),
    sa.Column("stage", sa.String, nullable=False),
    # What may be erased:
    sa.Column("item", sa.String, index=True),
    sa.Column("field", sa.String),
    sa.Column("value", sa.Text),
    sa.Column("visible", sa.Text),
    sa.Column("input", sa.String),
    sa.Column("position", sa.Integer),
    sa.Column("elapsed_ms", sa.Integer),
    sa.Column("commit", sa.String),
    sa.Column("salt", sa.String),
    sa.Column("prev_hash", sa.String, nullable=False),
    sa.Column("payload_hash", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False, unique=True),
    sa.Column("signature", sa.String, nullable=False),
    sa.Index("label_event_annotator", "annotator", "utc"),
)
ABOUT = sa.Table(
    "label_store",
    METADATA,
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
ALIASES = sa.Table(
    "label_alias",
    METADATA,
    sa.Column("opaque", sa.String, primary_key=True),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False),  # empty once it was erased
    sa.Column("stage", sa.String, nullable=False),  # empty: the one that was signed
    sa.Column("first_frame", sa.Integer, nullable=False),
    sa.Column("pts", sa.Text, nullable=False),
)
EMPTIED: dict[str, None] = dict.fromkeys(PAYLOAD)
"""The payload columns of an erased event."""
_JSON = ("value", "visible")


def row_of(event: LabelEvent) -> dict[str, Any]:
    """Return the row that an event is stored as."""
    row = {column.name: getattr(event, column.name) for column in EVENTS.columns}
    if event.erased:
        return {**row, **EMPTIED}
    return {**row, **{name: json.dumps(row[name], sort_keys=True) for name in _JSON}}


def event_of(row: Any) -> LabelEvent:
    """Return the event of a row."""
    facts = dict(row)
    if facts["salt"] is None:
        kept = {name: value for name, value in facts.items() if name not in PAYLOAD}
        return LabelEvent(**kept, erased=True)
    facts["item"] = facts["item"] or ""
    for name in _JSON:
        try:
            facts[name] = json.loads(facts[name])
        except (TypeError, ValueError):  # tampered with; verifying says so
            facts[name] = {"unreadable": str(facts[name])}
    return LabelEvent(**facts)


def sqlite_triggers() -> dict[str, str]:
    """Return SQLite's triggers by name: nothing is changed, and chains never fork."""
    refuse = (
        "CREATE TRIGGER IF NOT EXISTS no_{what} BEFORE {what} ON label_event"
        " BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END"
    )
    last = "SELECT {what} FROM label_event WHERE seat = NEW.seat ORDER BY seq DESC LIMIT 1"
    in_chain = (
        "CREATE TRIGGER IF NOT EXISTS in_chain BEFORE INSERT ON label_event"
        f" WHEN NEW.prev_hash IS NOT coalesce(({last.format(what='hash')}), '')"
        f" OR NEW.seq IS NOT coalesce(({last.format(what='seq + 1')}),"
        " CASE WHEN NEW.op = 'seat' THEN 0 ELSE 1 END)"
        " BEGIN SELECT RAISE(ABORT, 'an event must follow the last one of its seat'); END"
    )
    changes = {f"no_{what}": refuse.format(what=what) for what in ("UPDATE", "DELETE")}
    return {**changes, "in_chain": in_chain}
