"""Labels as tables: long, a row per event, and wide, an item per row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.exchange.incoming import Incoming
from emer_studio.labels.ratings import Rating, ratings_of

__all__ = [
    "LONG_COLUMNS",
    "event_rows",
    "labels_of_event_rows",
    "labels_of_wide_rows",
    "read_csv",
    "wide_rows",
]

LONG_COLUMNS = (
    "event_id", "seat", "annotator", "stage", "item", "op", "field", "value", "utc",
    "visible", "input", "position", "elapsed_ms", "hash",
)  # fmt: skip
"""Of the long table and of JSON lines; in CSV ``value`` and ``visible`` are JSON."""


def event_rows(events: Iterable[LabelEvent]) -> Iterator[dict[str, Any]]:
    """Yield each event as a row; an erased one says nothing any more."""
    for event in events:
        yield {name: getattr(event, name) for name in LONG_COLUMNS}


def wide_rows(ratings: Sequence[Rating]) -> list[dict[str, Any]]:
    """Return one row per item and a column per field, stage and rater: ``category:A:E1``.

    Fields that nobody used have no column.
    """
    columns = sorted(
        {f"{name}:{r.stage}:{r.annotator}" for r in ratings for name in r.fields}
    )
    rows: dict[str, dict[str, Any]] = {}
    for r in ratings:
        row = rows.setdefault(r.item, {"item": r.item, **dict.fromkeys(columns)})
        row |= {f"{name}:{r.stage}:{r.annotator}": v for name, v in r.fields.items()}
    return list(rows.values())


def labels_of_event_rows(
    rows: Iterable[dict[str, Any]], path: Path, *, as_text: bool
) -> list[Incoming]:
    """Return what stands after the events of a long table.

    Parameters
    ----------
    rows : iterable of dict
    path : Path
        For messages.
    as_text : bool
        Whether ``value`` and ``visible`` are JSON in a cell.
    """
    events = []
    for number, row in enumerate(rows, start=1):
        lacking = [n for n in ("annotator", "item", "op", "field", "value") if n not in row]
        if lacking:
            raise BadInputError(f"{path}, row {number}: lacks {', '.join(lacking)}.")
        if not row["item"]:
            continue  # erased, or about no item
        given = dict(row)
        if as_text:
            given["value"] = _json(given, "value", number, path)
            given["visible"] = _json(given, "visible", number, path)
        events.append(_event(given, number))
    return [
        Incoming(r.annotator, r.item, r.stage, r.fields, r.visible["row"], r.position,
                 r.elapsed_ms, blind=r.said_blind and not r.shown)
        for r in ratings_of(events)
    ]  # fmt: skip


def _json(row: dict[str, Any], name: str, number: int, path: Path) -> Any:
    cell = row.get(name) or "null"
    try:
        return json.loads(cell)
    except ValueError:
        raise BadInputError(
            f"{path}, row {number}: the {name} {cell!r} is not JSON.",
            fix='Texts stand in double quotes there: "happiness".',
        ) from None


def _event(row: dict[str, Any], number: int) -> LabelEvent:
    seen = row.get("visible")
    seen = seen if isinstance(seen, dict) else {}
    return LabelEvent(
        event_id=row.get("event_id") or f"row {number}",
        annotator=row["annotator"] or "",
        item=row["item"] or "",
        op=row["op"],
        field=row["field"] or "",
        value=row["value"],
        stage=row.get("stage") or "",
        utc=row.get("utc") or "",
        visible={**seen, "row": f"row {number}"},
        position=_whole(row.get("position")),
        elapsed_ms=_whole(row.get("elapsed_ms")),
    )


def _whole(cell: Any) -> int | None:
    try:
        return int(cell)
    except (TypeError, ValueError):
        return None


def labels_of_wide_rows(rows: Iterable[dict[str, str]], path: Path) -> Iterator[Incoming]:
    """Yield what each rater said, from a table such as `wide_rows` makes."""
    for number, row in enumerate(rows, start=2):
        said: dict[tuple[str, str], dict[str, Any]] = {}
        for name, cell in row.items():
            if name == "item" or not cell:
                continue
            field, stage, rater = _parts(name, path)
            said.setdefault((rater, stage), {})[field] = cell
        for (rater, stage), fields in said.items():
            yield Incoming(rater, row["item"], stage, fields, f"line {number}")


def _parts(name: str, path: Path) -> tuple[str, str, str]:
    head, _, rater = name.rpartition(":")
    field, _, stage = head.rpartition(":")
    if not (field and stage and rater):
        raise BadInputError(
            f"{path}: expected columns such as 'category:A:E1', found {name!r}.",
            fix="Tables of another shape need a mapping (--map FILE.yaml).",
        )
    return field, stage, rater


def read_csv(text: str, path: Path) -> list[dict[str, str]]:
    """Return the rows of a table with a head; comma, semicolon or tab between cells.

    Raises
    ------
    BadInputError
        When it has no head, or a row has more cells than that.
    """
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
    except csv.Error as problem:
        raise BadInputError(f"{path}, line {reader.line_num}: {problem}.") from None
    if not reader.fieldnames:
        raise BadInputError(f"{path} is empty: expected a table with a head.")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise BadInputError(
                f"{path}, row {number}: expected {len(reader.fieldnames)} cells."
            )
    return rows
