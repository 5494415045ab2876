"""Tables of other programs, read by a mapping."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.exchange.incoming import Incoming
from emer_studio.schema.label_mapping import LabelMapping

__all__ = ["labels_of_mapped"]

_OURS = {
    "valence": (-1.0, 1.0),
    "arousal": (-1.0, 1.0),
    "intensity": (0.0, 3.0),
    "confidence": (0.0, 1.0),
}


def labels_of_mapped(
    rows: Sequence[dict[str, str]], mapping: LabelMapping, path: Path
) -> Iterator[Incoming]:
    """Yield what each row says.

    Raises
    ------
    BadInputError
        When a column that the mapping names is not there.
    """
    pattern = mapping.item if "{" in mapping.item else f"{{{mapping.item}}}"
    try:
        parts = {name for _, name, _, _ in string.Formatter().parse(pattern) if name}
    except ValueError as problem:
        raise BadInputError(f"The pattern {mapping.item!r} is none: {problem}.") from None
    wanted = {*parts, *mapping.columns, *filter(None, [mapping.annotator])}
    there = set(rows[0]) if rows else set()
    if lacking := sorted(wanted - there):
        raise BadInputError(
            f"{path}: the mapping names columns that are not there:"
            f" {', '.join(lacking)}. There are: {', '.join(sorted(there)) or 'none'}.",
        )
    for number, row in enumerate(rows, start=2):
        fields = {
            ours: _value(ours, row[theirs], mapping)
            for theirs, ours in mapping.columns.items()
        }
        annotator = mapping.annotator_is or row[mapping.annotator].strip()
        item = "".join(
            text + (row[name].strip() if name else "")
            for text, name, _, _ in string.Formatter().parse(pattern)
        )
        yield Incoming(
            annotator, item, mapping.stage, fields, f"line {number}", blind=mapping.blind
        )


def _value(field: str, cell: str, mapping: LabelMapping) -> Any:
    text = cell.strip()
    if text in mapping.values.get(field, {}):
        return mapping.values[field][text]
    for name, (low, high) in mapping.scales.items():
        if name == field and text:
            try:
                share = (float(text.replace(",", ".")) - low) / (high - low)
            except ValueError:
                return text  # told with the other mistakes
            ours = _OURS[field]
            value = round(ours[0] + share * (ours[1] - ours[0]), 6)
            return round(value) if field == "intensity" else value
    return text
