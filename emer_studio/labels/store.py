"""The label store: append-only chains of signed events, in SQLite or on a server.

Nothing is ever updated or deleted; the database itself refuses. What a label is now is a
fold over the events (`labels.fold`), an undo is an event, and each event carries the hash
of the one before it by the same seat and the seat's signature, so a changed past shows.

The one exception is a participant's withdrawal (`LabelStore.erase`): an erased event keeps
its head, its hash and its signature and loses everything it said, with the salt without
which the hash tells nothing. Which ones were erased is an event of its own.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from emer_studio.core.errors import BadInputError, EmerError
from emer_studio.labels.chain import extend, frozen_as
from emer_studio.labels.database import Database, open_postgres, open_sqlite
from emer_studio.labels.erasing import erase_rows
from emer_studio.labels.events import (
    BOOKKEEPING,
    FREEZE,
    LabelEvent,
    answer_to,
    plain,
)
from emer_studio.labels.fold import fold, fold_stages, in_order, standing, to_redo, to_undo
from emer_studio.labels.memory import forgotten_end, remember
from emer_studio.labels.names import Names, as_the_study_says, known_names
from emer_studio.labels.seat import Seat, open_seat
from emer_studio.labels.tables import ABOUT, EVENTS, event_of
from emer_studio.labels.upgrade import upgrade
from emer_studio.labels.verify import Finding, examine
from emer_studio.study.folder import Study

__all__ = [
    "LabelEvent",
    "LabelStore",
    "find_store",
    "fold",
    "fold_stages",
    "frozen_as",
    "open_store",
]

_FILE = "labels.sqlite"
_WITHDRAWAL = "(withdrawal)"  # who writes down what was erased


class LabelStore:
    """The labels of one study.

    Parameters
    ----------
    place : Path or str
        ``labels.sqlite``, made when absent; or the address of a PostgreSQL database.

    Attributes
    ----------
    database : Database
    """

    def __init__(self, place: Path | str) -> None:
        self._seat: Seat | None = None
        self._last: LabelEvent | None = None  # that was written from here
        self._leads = True if isinstance(place, Path) else None
        if isinstance(place, Path):
            self.database: Database = open_sqlite(place)
            upgrade(self.database, place)
        else:
            self.database = open_postgres(place)
        try:
            self.store_id = self._about("store_id")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the database; this computer remembers how far its chain has come."""
        if self._last is not None:
            with contextlib.suppress(OSError, EmerError):  # a server may be gone by now
                remember(self._called(), self._last)
            self._last = None
        self.database.engine.dispose()

    # -- writing

    def append(
        self,
        annotator: str,
        item: str,
        op: str,
        field: str = "",
        value: Any = None,
        *,
        visible: Mapping[str, Any] | None = None,
        input_by: str = "",
        stage: str = "",
        position: int | None = None,
        elapsed_ms: int | None = None,
    ) -> LabelEvent:
        """Append one event; see `LabelEvent` for what the words mean.

        Raises
        ------
        BadInputError
            Without an annotator, in a frozen stage, or for a value that JSON has not.
        """
        draft = LabelEvent(
            event_id=uuid.uuid4().hex,
            annotator=annotator,
            op=op,
            item=item,
            field=field,
            value=plain(value),
            visible=plain(dict(visible or {})),
            input=input_by,
            stage=stage,
            position=position,
            elapsed_ms=elapsed_ms,
        )
        return self._write([draft])[0]

    def append_many(
        self,
        annotator: str,
        item: str,
        values: Mapping[str, Any],
        *,
        visible: Mapping[str, Any],
        input_by: str,
        stage: str = "",
        position: int | None = None,
        elapsed_ms: int | None = None,
    ) -> list[LabelEvent]:
        """Set several fields of an item at once: all of them are stored, or none.

        They are one commit, which `undo_commit` takes back as one.
        """
        first = LabelEvent(
            event_id="",
            annotator=annotator,
            op="set",
            item=item,
            visible=plain(dict(visible)),
            input=input_by,
            stage=stage,
            position=position,
            elapsed_ms=elapsed_ms,
        )
        drafts = [
            replace(first, event_id=uuid.uuid4().hex, field=field, value=plain(value))
            for field, value in values.items()
        ]
        return self._write(drafts)

    def set(
        self,
        annotator: str,
        item: str,
        field: str,
        value: Any,
        *,
        visible: Mapping[str, Any],
        input_by: str,
        stage: str = "",
        position: int | None = None,
        elapsed_ms: int | None = None,
    ) -> LabelEvent:
        """Append a label; None clears the field."""
        (event,) = self.append_many(
            annotator,
            item,
            {field: value},
            visible=visible,
            input_by=input_by,
            stage=stage,
            position=position,
            elapsed_ms=elapsed_ms,
        )
        return event

    def seen(
        self,
        annotator: str,
        item: str,
        *,
        visible: Mapping[str, Any],
        stage: str = "",
        position: int | None = None,
    ) -> LabelEvent:
        """Append that an annotator was shown something of an item, for ever after."""
        return self.append(
            annotator,
            item,
            "seen",
            "prediction",
            visible=visible,
            stage=stage,
            position=position,
        )

    def undo(
        self,
        annotator: str,
        item: str,
        *,
        visible: Mapping[str, Any],
        input_by: str,
        stage: str | None = None,
    ) -> LabelEvent | None:
        """Take back the annotator's last label of an item that still stands."""
        left = standing(self.events(item, annotator=annotator, stage=stage))
        done = self._take_back("undo", left[-1:], visible, input_by)
        return done[0] if done else None

    def undo_commit(
        self,
        annotator: str,
        item: str | None = None,
        *,
        visible: Mapping[str, Any],
        input_by: str,
        stage: str | None = None,
    ) -> list[LabelEvent]:
        """Take back everything the annotator stored last, of one item or of any."""
        last = to_undo(self.events(item, annotator=annotator, stage=stage))
        return self._take_back("undo", last, visible, input_by)

    def redo_commit(
        self,
        annotator: str,
        item: str | None = None,
        *,
        visible: Mapping[str, Any],
        input_by: str,
        stage: str | None = None,
    ) -> list[LabelEvent]:
        """Let stand again what the last undo took back; nothing once more was set."""
        last = to_redo(self.events(item, annotator=annotator, stage=stage))
        return self._take_back("redo", last, visible, input_by)

    def freeze(self, annotator: str, stage: str, items: Iterable[str]) -> list[LabelEvent]:
        """Close a stage of some items: nothing more is set there.

        It is an event of each item, so that a withdrawal erases it with the item; the
        first one also vouches for every chain.
        """
        chains = sorted(self.stored(), key=lambda event: (event.seat, event.seq))
        heads = {event.seat: [event.seq, event.hash] for event in chains}
        drafts = [
            LabelEvent(
                event_id=uuid.uuid4().hex,
                annotator=annotator,
                op=FREEZE,
                item=item,
                value={} if number else {"heads": heads},
                stage=stage,
            )
            for number, item in enumerate(items)
        ]
        return self._write(drafts)

    # -- reading

    def events(
        self,
        item: str | None = None,
        *,
        annotator: str | None = None,
        stage: str | None = None,
    ) -> list[LabelEvent]:
        """Return all events in order, or those of one item, annotator or stage."""
        wanted: list[sa.ColumnElement[bool]] = [EVENTS.c.op.not_in(BOOKKEEPING)]
        if annotator is not None:
            wanted.append(EVENTS.c.annotator == annotator)
        names = self._names()
        if item is not None:
            known_as = [
                item,
                *(opaque for opaque, known in names.items() if known.item == item),
            ]
            wanted.append(EVENTS.c.item.in_(known_as))
        events = [as_the_study_says(event, names) for event in self._rows(*wanted)]
        return [event for event in events if stage is None or event.stage == stage]

    def stored(self) -> list[LabelEvent]:
        """Return every event as it was signed, the store's own acts too."""
        return self._rows()

    def frozen(self) -> dict[tuple[str, str], str]:
        """Return when a stage of an item was frozen, UTC, by stage and item."""
        rows = self._rows(EVENTS.c.op == FREEZE)
        return {(event.stage, event.item): event.utc for event in reversed(rows)}

    def check(self) -> list[Finding]:
        """Look at every chain and return what is wrong; empty when sound."""
        events = self.stored()
        found = examine(events, partial=not self.sees_everything())
        return [*found, *forgotten_end(self._called(), events)]

    def verify(self) -> list[str]:
        """Return the ids of events that `check` finds something wrong with."""
        return list(dict.fromkeys(finding.event_id for finding in self.check()))

    def sees_everything(self) -> bool:
        """Tell whether this login reads all events; a rater's on a server does not."""
        if self._leads is None:
            with self.database.reading() as connection:
                leads = connection.execute(sa.text("SELECT label_leads()")).scalar_one()
                self._leads = bool(leads)
        return self._leads

    # -- erasing and joining

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
        gone = [e.hash for e in self.events() if not e.erased and is_erased(e.item)]
        if gone:
            self.append(_WITHDRAWAL, "", "erase", value=gone, input_by="command")
        erase_rows(self.database, gone, is_erased)
        return len(gone)

    def seat(self) -> Seat:
        """Return this person's seat at this store."""
        if self._seat is None:
            self._seat = open_seat(self.store_id, self.database.location())
        return self._seat

    def _called(self) -> str:
        return f"{self.store_id} {self.database.location()}"

    def _about(self, key: str) -> str:
        query = sa.select(ABOUT.c.value).where(ABOUT.c.key == key)
        with self.database.reading() as connection:
            return str(connection.execute(query).scalar_one())

    def _rows(self, *wanted: sa.ColumnElement[bool]) -> list[LabelEvent]:
        query = sa.select(EVENTS).where(*wanted)
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return in_order(event_of(row) for row in rows)

    def _names(self) -> Names:
        """Return what opaque names stand for; a rater on a server is not told."""
        return known_names(self.database) if self.sees_everything() else {}

    def _take_back(
        self, op: str, labels: Iterable[LabelEvent], visible: Mapping[str, Any], by: str
    ) -> list[LabelEvent]:
        return self._write([answer_to(label, op, visible, by) for label in labels])

    def _write(self, drafts: Sequence[LabelEvent]) -> list[LabelEvent]:
        """Append drafts as one commit to this seat's chain: all of them, or none."""
        if not drafts:
            return []
        if not all(draft.annotator for draft in drafts):
            raise BadInputError("Who is labelling? An annotator code is needed.")
        seat = self.seat()
        with self.database.writing(seat.seat) as connection:
            written = extend(connection, seat, drafts)
        self._last = written[-1]
        return written


def open_store(study: Study) -> LabelStore:
    """Open the labels of a study, where ``study.yaml`` says they are; made when absent.

    Raises
    ------
    MissingError
        When they are on a server that does not answer.
    """
    return LabelStore(study.file.labels or study.folder / _FILE)


def find_store(study: Study) -> LabelStore | None:
    """Open the labels of a study; None, and nothing is made, where nobody labelled."""
    if not study.file.labels and not (study.folder / _FILE).is_file():
        return None
    return open_store(study)
