"""The label store: an append-only chain of events in SQLite.

Nothing is ever updated or deleted; the database itself refuses. What a label is now is a
fold over the events, an undo is an event, and each event carries the hash of the one
before it by the same annotator, so a changed past shows.

The one exception is a participant's withdrawal (`LabelStore.erase`). An erased event keeps
its place, its annotator and its hash, so the chain still holds; which ones were erased is
an event of its own. What they said cannot be guessed from the hash: their random ids, which
it covers, are gone too.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError

__all__ = ["LabelEvent", "LabelStore", "fold"]

_METADATA = sa.MetaData()
_EVENTS = sa.Table(
    "label_event",
    _METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(32), nullable=False, unique=True),
    sa.Column("annotator", sa.String, nullable=False),
    sa.Column("item", sa.String, nullable=False, index=True),
    sa.Column("op", sa.String, nullable=False),
    sa.Column("field", sa.String, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("utc", sa.String, nullable=False),
    sa.Column("visible", sa.Text, nullable=False),
    sa.Column("input", sa.String, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
_USER_VERSION = 1
_WITHDRAWAL = "(withdrawal)"  # who writes down what was erased
_REFUSE = (
    "CREATE TRIGGER IF NOT EXISTS no_{what} BEFORE {what} ON label_event"
    " BEGIN SELECT RAISE(ABORT, 'label events are append-only'); END"
)


@dataclass(frozen=True, slots=True)
class LabelEvent:
    """One thing an annotator did.

    Attributes
    ----------
    item : str
        What was labelled, see `labels.units.Span`.
    op : str
        ``set``, ``undo`` (its value is the id of the event that is undone), ``seen``
        (the annotator was shown a prediction), ``erased`` (nothing of it is left), or
        ``erase`` (its value are the hashes of the events that were erased).
    field : str
        ``category``, ``intensity``, ``peak`` …
    visible : dict
        What the annotator could see: the mode, and which prediction if any.
    """

    event_id: str
    annotator: str
    item: str
    op: str
    field: str
    value: Any
    utc: str
    visible: dict[str, Any]
    input: str
    prev_hash: str
    hash: str


class LabelStore:
    """The labels of one study.

    Parameters
    ----------
    path : Path
        ``labels.sqlite``; made when absent.
    """

    def __init__(self, path: Path) -> None:
        self._engine = sa.create_engine(f"sqlite:///{path}")
        with self._engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version > _USER_VERSION:
                self._engine.dispose()
                raise BadInputError(
                    f"{path} was written by a newer version of the program"
                    f" (format {version}).",
                    fix="Update EMER Studio.",
                )
            _METADATA.create_all(connection)
            _refuse_changes(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {_USER_VERSION}")

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def set(
        self,
        annotator: str,
        item: str,
        field: str,
        value: Any,
        *,
        visible: dict[str, Any],
        input_by: str,
    ) -> LabelEvent:
        """Append a label."""
        return self._append(annotator, item, "set", field, value, visible, input_by)

    def seen(self, annotator: str, item: str, *, visible: dict[str, Any]) -> LabelEvent:
        """Append that an annotator was shown something of an item, for ever after."""
        return self._append(annotator, item, "seen", "prediction", None, visible, "")

    def undo(
        self, annotator: str, item: str, *, visible: dict[str, Any], input_by: str
    ) -> LabelEvent | None:
        """Take back the annotator's last label of an item that still stands."""
        standing = _standing(e for e in self.events(item) if e.annotator == annotator)
        if not standing:
            return None
        last = standing[-1]
        return self._append(
            annotator, item, "undo", last.field, last.event_id, visible, input_by
        )

    def events(self, item: str | None = None) -> list[LabelEvent]:
        """Return all events in order, or those of one item."""
        query = sa.select(_EVENTS).order_by(_EVENTS.c.seq)
        if item is not None:
            query = query.where(_EVENTS.c.item == item)
        with self._engine.connect() as connection:
            return [_event(row) for row in connection.execute(query).mappings()]

    def verify(self) -> list[str]:
        """Return the ids of events whose hash or chain is broken; empty when sound."""
        last: dict[str, str] = {}
        broken = []
        events = self.events()
        erased = {h for e in events if e.op == "erase" for h in e.value}
        for event in events:
            whole = event.hash in erased if event.op == "erased" else _whole(event)
            if event.prev_hash != last.get(event.annotator, "") or not whole:
                broken.append(event.event_id)
            last[event.annotator] = event.hash
        return broken

    def erase(self, is_erased: Callable[[str], bool]) -> int:
        """Erase the events of some items for good; only a withdrawal does this.

        Parameters
        ----------
        is_erased : callable
            Tells by an event's ``item``.

        Returns
        -------
        count : int
            How many events were erased.
        """
        gone = [e for e in self.events() if e.op != "erased" and is_erased(e.item)]
        if gone:
            hashes = [event.hash for event in gone]
            self._append(_WITHDRAWAL, "", "erase", "", hashes, {}, "command")
        with self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
            connection.commit()
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            connection.exec_driver_sql("DROP TRIGGER no_UPDATE")
            for event in gone:
                its = _EVENTS.c.event_id == event.event_id
                connection.execute(sa.update(_EVENTS).where(its).values(**_nothing()))
            _refuse_changes(connection)
            connection.commit()
            connection.exec_driver_sql("VACUUM")  # also what an earlier change left behind
        return len(gone)

    def _append(
        self,
        annotator: str,
        item: str,
        op: str,
        field: str,
        value: Any,
        visible: dict[str, Any],
        input_by: str,
    ) -> LabelEvent:
        if not annotator:
            raise BadInputError("Who is labelling? An annotator code is needed.")
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            before = sa.select(_EVENTS.c.hash).where(_EVENTS.c.annotator == annotator)
            previous = connection.execute(
                before.order_by(_EVENTS.c.seq.desc()).limit(1)
            ).scalar_one_or_none()
            event = LabelEvent(
                event_id=uuid.uuid4().hex,
                annotator=annotator,
                item=item,
                op=op,
                field=field,
                value=value,
                utc=utc_now(),
                visible=visible,
                input=input_by,
                prev_hash=previous or "",
                hash="",
            )
            row = _row(event)
            row["hash"] = _hash(event)
            connection.execute(sa.insert(_EVENTS).values(**row))
            connection.commit()
        return _event(row)


def fold(events: Iterable[LabelEvent]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what stands: ``{(annotator, item): {field: value}}``."""
    state: dict[tuple[str, str], dict[str, Any]] = {}
    for event in _standing(events):
        state.setdefault((event.annotator, event.item), {})[event.field] = event.value
    return state


def _standing(events: Iterable[LabelEvent]) -> list[LabelEvent]:
    listed = list(events)
    undone = {event.value for event in listed if event.op == "undo"}
    return [e for e in listed if e.op == "set" and e.event_id not in undone]


def _refuse_changes(connection: sa.Connection) -> None:
    for what in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(_REFUSE.format(what=what))


def _nothing() -> dict[str, str]:
    """Return the row of an erased event; its annotator and hashes stay."""
    left = dict.fromkeys(("item", "field", "utc", "input"), "")
    return {
        "event_id": uuid.uuid4().hex,
        "op": "erased",
        "value": "null",
        "visible": "{}",
        **left,
    }


def _whole(event: LabelEvent) -> bool:
    return event.hash == _hash(event)


def _row(event: LabelEvent) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "annotator": event.annotator,
        "item": event.item,
        "op": event.op,
        "field": event.field,
        "value": json.dumps(event.value, sort_keys=True),
        "utc": event.utc,
        "visible": json.dumps(event.visible, sort_keys=True),
        "input": event.input,
        "prev_hash": event.prev_hash,
    }


def _event(row: Any) -> LabelEvent:
    facts = {
        key: row[key] for key in LabelEvent.__slots__ if key not in ("value", "visible")
    }
    return LabelEvent(
        **facts, value=json.loads(row["value"]), visible=json.loads(row["visible"])
    )


def _hash(event: LabelEvent) -> str:
    return hashlib.sha256(json.dumps(_row(event), sort_keys=True).encode()).hexdigest()
