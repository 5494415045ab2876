"""Writing tables and lines; nothing that exists is ever overwritten."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic

__all__ = ["csv_text", "json_lines", "refuse_existing", "write_new"]


def refuse_existing(path: Path) -> None:
    """Refuse a file that is there, before any work is done.

    Raises
    ------
    BadInputError
        When it is.
    """
    if path.exists():
        raise BadInputError(
            f"{path} already exists; nothing was written.", fix="Choose another name."
        )


def write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet, whole or not at all."""
    refuse_existing(path)
    write_atomic(path, text)


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Return a table with a head; None is an empty cell."""
    text = io.StringIO()
    names = list(columns) or (list(rows[0]) if rows else [])
    table = csv.DictWriter(text, names, lineterminator="\n", extrasaction="raise")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return one JSON object in each line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
