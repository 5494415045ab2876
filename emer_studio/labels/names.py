"""What the opaque names of offline work stand for; only the study's own store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from emer_studio.labels.database import Database
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.tables import ALIASES

__all__ = ["Known", "Names", "as_the_study_says", "enter", "given_names", "known_names"]


class Known(NamedTuple):
    """What an opaque name stands for.

    Attributes
    ----------
    item : str
        Empty once it was erased.
    stage : str
        Of what is said under this name; empty: the one that was signed.
    first_frame : int
        Of the cut, in the study's own video.
    """

    item: str
    stage: str
    first_frame: int


Names = Mapping[str, Known]


def known_names(database: Database) -> Names:
    """Return what each opaque name stands for."""
    columns = (ALIASES.c[name] for name in ("opaque", *Known._fields))
    with database.reading() as connection:
        rows = connection.execute(sa.select(*columns)).all()
    return {opaque: Known(*known) for opaque, *known in rows}


def given_names(database: Database) -> dict[str, str]:
    """Return the annotator that each opaque name was given to."""
    query = sa.select(ALIASES.c.opaque, ALIASES.c.annotator)
    with database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def enter(database: Database, aliases: Sequence[dict[str, Any]]) -> None:
    """Enter names that are new; the same item has the same name in every bundle."""
    with database.writing("bundle") as connection:
        known = {row[0] for row in connection.execute(sa.select(ALIASES.c.opaque))}
        new = [alias for alias in aliases if alias["opaque"] not in known]
        if new:
            connection.execute(sa.insert(ALIASES), new)


def as_the_study_says(event: LabelEvent, names: Names) -> LabelEvent:
    """Return an event from an offline seat with the study's name of item and frame."""
    if event.item not in names:
        return event
    known, value = names[event.item], event.value
    if event.field == "peak" and event.op == "set" and isinstance(value, int):
        value += known.first_frame
    return replace(event, item=known.item, stage=known.stage or event.stage, value=value)
