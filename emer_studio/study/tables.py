"""The tables of a study, tab-separated: people open them in spreadsheets now and then."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from emer_studio.core.errors import BadInputError

__all__ = ["read_table", "unreadable"]

_FIX = "Save it as UTF-8 text with tabs between the columns; a backup may have it whole."


def read_table(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a table; none where there is no file, or an empty one.

    A table that cannot be understood is never taken for an empty one: whoever writes it
    anew would erase it. The mark that spreadsheets put before UTF-8 is no part of it.

    Raises
    ------
    BadInputError
        When it is no UTF-8 text, lacks one of the columns `needed`, or has cells without
        a column.
    """
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            columns, rows = reader.fieldnames or (), list(reader)
    except (UnicodeDecodeError, csv.Error) as problem:
        found = f"{path} cannot be read as text: {problem}."
        raise BadInputError(found, fix=_FIX) from None
    missing = [name for name in needed if name not in columns]
    if missing and columns:
        raise BadInputError(f"{path} has no column {missing[0]!r}.", fix=_FIX)
    if any(None in row for row in rows):
        raise BadInputError(f"{path} has cells without a column.", fix=_FIX)
    return [{key: value or "" for key, value in row.items()} for row in rows]


def unreadable(path: Path, row: dict[str, str]) -> BadInputError:
    """Return the error of a row that has the right columns and no sense."""
    return BadInputError(f"{path}: what does {' '.join(row.values())!r} mean?", fix=_FIX)
