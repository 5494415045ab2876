"""``emer-studio labels import``: labels from other programs become events."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.exchange.elan_read import labels_of_elan
from emer_studio.labels.exchange.incoming import (
    Incoming,
    cleaned,
    source_of,
    store_labels,
    text_of,
)
from emer_studio.labels.exchange.label_studio import labels_of_tasks
from emer_studio.labels.exchange.mapped import labels_of_mapped
from emer_studio.labels.exchange.tables import (
    labels_of_event_rows,
    labels_of_wide_rows,
    read_csv,
)
from emer_studio.labels.places import Place, places_of
from emer_studio.schema.base import load_yaml
from emer_studio.schema.label_mapping import LabelMapping
from emer_studio.study.folder import open_study

__all__ = ["arguments", "run"]

_FORMATS = ("csv", "jsonl", "label-studio", "elan")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=_FORMATS, required=True)
    parser.add_argument(
        "--map",
        type=Path,
        metavar="FILE.yaml",
        help="what the columns of a CSV table mean; ours need none",
    )
    parser.epilog = (
        "Imported labels say where they come from. They count for the blind consensus only"
        " where the file says that they were made blind: in the column 'visible' of our own"
        " tables, or by 'blind: true' in a mapping."
    )


def run(args: argparse.Namespace) -> int:
    """Check everything, then store it; what cannot be understood stops all of it."""
    console, study = Console.of(args), open_study(args.study)
    if args.map is not None and args.format != "csv":
        raise BadInputError("--map is for --format csv.")
    text_of(args.file)
    places = places_of(study)
    read, passed = _read(args, places)
    labels = cleaned(read, args.file)
    stored = store_labels(study, labels, source_of(args.file, args.format))
    unknown = [item for item in stored.items if item not in places]
    for what, n in passed.items():
        console.note(f"{n} {what} passed over")
    if unknown:
        console.note(
            f"{len(unknown)} of {len(stored.items)} items are not in this study, such as"
            f" {unknown[0]!r}"
        )
    facts = {
        "labels": stored.labels,
        "known": stored.known,
        "items": len(stored.items),
        "unknown_items": len(unknown),
        "passed_over": passed,
        "not_said_blind": stored.unproven,
    }
    told = f"{stored.labels} labels of {len(stored.items)} items imported"
    again = f"; {stored.known} stood already" if stored.known else ""
    if n := stored.unproven:
        again += (
            f"\n{n} ratings of the blind pass do not say that they were made blind: they"
            " are left out of the blind consensus"
        )
    console.result(facts, told + again)
    return 0


def _read(
    args: argparse.Namespace, places: Mapping[str, Place]
) -> tuple[Iterable[Incoming], dict[str, int]]:
    path: Path = args.file
    if args.format == "elan":
        return labels_of_elan(path.read_bytes(), path, places)
    if args.format == "label-studio":
        return labels_of_tasks(text_of(path), path)
    if args.format == "jsonl":
        return labels_of_event_rows(_lines(path), path, as_text=False), {}
    rows = read_csv(text_of(path), path)
    if args.map is not None:
        return labels_of_mapped(rows, load_yaml(args.map, LabelMapping), path), {}
    names = set(rows[0]) if rows else set()
    if {"annotator", "item", "op", "value"} <= names:
        return labels_of_event_rows(rows, path, as_text=True), {}
    if "item" in names:
        return labels_of_wide_rows(rows, path), {}
    raise BadInputError(
        f"{path} is no table of labels of ours: it has no column 'item'.",
        fix="Say what its columns mean in a mapping (--map FILE.yaml).",
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        try:
            row = json.loads(line)
        except ValueError as problem:
            raise BadInputError(f"{path}, line {number} is not JSON: {problem}.") from None
        if not isinstance(row, dict):
            raise BadInputError(f"{path}, line {number}: expected an object.")
        found.append(row)
    return found
