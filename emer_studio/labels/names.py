"""What the opaque names of offline work stand for; only the study's own store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from emer_studio.labels.database import Database
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.tables import ALIASES

__all__ = ["Names", "as_the_study_says", "enter", "given_names", "known_names"]

Names = Mapping[str, tuple[str, int]]
"""Item and first frame in the source that each opaque name stands for; the item is empty
once it was erased."""


def known_names(database: Database) -> Names:
    """Return what each opaque name stands for."""
    query = sa.select(ALIASES.c.opaque, ALIASES.c.item, ALIASES.c.first_frame)
    with database.reading() as connection:
        return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


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
    item, first_frame = names[event.item]
    if event.field == "peak" and event.op == "set" and isinstance(event.value, int):
        return replace(event, item=item, value=event.value + first_frame)
    return replace(event, item=item)
