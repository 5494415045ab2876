"""Putting events at the end of a seat's chain, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from emer_studio import __version__
from emer_studio.core.errors import BadInputError
from emer_studio.labels.events import FREEZE, LabelEvent, sealed
from emer_studio.labels.seat import Seat
from emer_studio.labels.tables import EVENTS, row_of

__all__ = ["extend", "frozen_as", "next_moment", "put"]

_JUDGEMENTS = ("set", "undo", "redo")  # what a frozen stage does not take any more
_STEP = timedelta(microseconds=1)


def extend(
    connection: sa.Connection, seat: Seat, drafts: Sequence[LabelEvent]
) -> list[LabelEvent]:
    """Seal, sign and store drafts as one commit; a new seat introduces itself first.

    Raises
    ------
    BadInputError
        When a draft judges in a stage of an item that is frozen.
    """
    _refuse_frozen(connection, drafts)
    annotators = sorted({draft.annotator for draft in drafts})
    mine = sa.select(EVENTS.c.seq, EVENTS.c.hash, EVENTS.c.utc)
    mine = mine.where(EVENTS.c.seat == seat.seat).order_by(EVENTS.c.seq.desc()).limit(1)
    last = connection.execute(mine).one_or_none()
    theirs = sa.select(sa.func.max(EVENTS.c.utc)).where(EVENTS.c.annotator.in_(annotators))
    latest = connection.execute(theirs).scalar_one() or ""
    seq, hash_ = (last.seq + 1, last.hash) if last else (0, "")
    moment = max(latest, last.utc if last else "")
    commit = drafts[0].event_id
    placed = [replace(draft, commit=commit) for draft in drafts]
    written = []
    for draft in placed if last else [_introduction(seat, annotators[0]), *placed]:
        moment = next_moment(moment)
        facts = {"seat": seat.seat, "seq": seq, "utc": moment, "prev_hash": hash_}
        event = sealed(draft, facts)
        written.append(replace(event, signature=seat.sign(event.hash)))
        seq, hash_ = seq + 1, event.hash
    put(connection, written)
    return written[-len(drafts) :]


def put(connection: sa.Connection, events: Sequence[LabelEvent]) -> None:
    """Store finished events as they are."""
    if events:
        connection.execute(sa.insert(EVENTS), [row_of(event) for event in events])


def next_moment(before: str) -> str:
    """Return the present time in UTC, or just after `before` where a clock is behind it."""
    now = datetime.now(UTC)
    if before:
        now = max(now, datetime.fromisoformat(before) + _STEP)
    return now.isoformat(timespec="microseconds").replace("+00:00", "Z")


def frozen_as(stage: str) -> str:
    """Return the stage whose freezing closes `stage`: a repeat is of the blind pass."""
    return "A" if stage in ("", "A", "A-repeat") else stage


def _introduction(seat: Seat, annotator: str) -> LabelEvent:
    about = {"name": seat.name, "public_key": seat.public_key, "app_version": __version__}
    return LabelEvent(
        event_id=uuid.uuid4().hex, annotator=annotator, op="seat", value=about
    )


def _refuse_frozen(connection: sa.Connection, drafts: Sequence[LabelEvent]) -> None:
    wanted = {(frozen_as(d.stage), d.item) for d in drafts if d.op in _JUDGEMENTS}
    if not wanted:
        return
    query = sa.select(EVENTS.c.stage, EVENTS.c.utc).where(EVENTS.c.op == FREEZE)
    query = query.where(sa.tuple_(EVENTS.c.stage, EVENTS.c.item).in_(wanted)).limit(1)
    row = connection.execute(query).one_or_none()
    if row is not None:
        raise BadInputError(
            f"Pass {row.stage} of this item was frozen on {row.utc[:10]}; nothing is"
            " added to it.",
            fix="Go on in the next pass.",
        )
