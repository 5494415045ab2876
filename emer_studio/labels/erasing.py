"""Emptying the payloads of events for good: the only change a label store ever sees."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from pathlib import Path

import sqlalchemy as sa

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.labels.database import Database
from emer_studio.labels.tables import ALIASES, EMPTIED, EVENTS, sqlite_triggers

__all__ = ["erase_rows", "kept_aside"]


def kept_aside(path: Path) -> Path:
    """Return where the file from before the upgrade stays."""
    return path.with_name(path.name + ".v1")


def erase_rows(
    database: Database, hashes: Collection[str], is_erased: Callable[[str], bool]
) -> None:
    """Empty the payloads of events, and forget what opaque ids of such items stood for.

    Parameters
    ----------
    hashes : collection of str
        Of the events; an event of the store already tells that they are erased.
    is_erased : callable
        Tells by an item.
    """
    if database.server:
        _on_server(database, hashes, is_erased)
    else:
        _in_file(database, hashes, is_erased)


def _in_file(
    database: Database, hashes: Collection[str], is_erased: Callable[[str], bool]
) -> None:
    triggers = sqlite_triggers()
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER no_UPDATE")
        for hash_ in hashes:
            its = EVENTS.c.hash == hash_
            connection.execute(sa.update(EVENTS).where(its).values(**EMPTIED))
        connection.exec_driver_sql(triggers["no_UPDATE"])
        _forget(connection, is_erased)
    with database.reading() as connection:
        connection.exec_driver_sql("VACUUM")  # also what an earlier change left behind
        if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar():
            raise WorkFailedError(
                "The labels are erased, but another program reads the file, so its log"
                " still holds them.",
                fix="Close the other windows of this study and withdraw once more.",
            )
    if hashes:
        kept_aside(Path(database.where)).unlink(missing_ok=True)


def _on_server(
    database: Database, hashes: Collection[str], is_erased: Callable[[str], bool]
) -> None:
    with database.writing("erase") as connection:
        call = sa.text("SELECT label_erase(CAST(:hashes AS text[]))")
        connection.execute(call, {"hashes": list(hashes)})
        _forget(connection, is_erased)
    with (  # the old rows; without the right to do so the server does it by itself, later
        contextlib.suppress(BadInputError),
        database.reading() as connection,
    ):
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql("VACUUM FULL label_event")


def _forget(connection: sa.Connection, is_erased: Callable[[str], bool]) -> None:
    rows = connection.execute(sa.select(ALIASES.c.opaque, ALIASES.c.item)).all()
    for opaque, item in rows:
        if is_erased(item):
            its = sa.update(ALIASES).where(ALIASES.c.opaque == opaque)
            connection.execute(its.values(item="", first_frame=0, pts="[]"))
