"""``emer-studio labels export``: labels and predictions for other programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, refuse_taken, write_atomic
from emer_studio.labels.consensus import consensus
from emer_studio.labels.exchange.consensus_rows import consensus_rows
from emer_studio.labels.exchange.elan import elan_files
from emer_studio.labels.exchange.fex import FEX_COLUMNS, fex_rows
from emer_studio.labels.exchange.files import (
    csv_text,
    json_lines,
    refuse_existing,
    write_new,
)
from emer_studio.labels.exchange.label_studio import label_studio_tasks
from emer_studio.labels.exchange.tables import LONG_COLUMNS, event_rows, wide_rows
from emer_studio.labels.places import places_of
from emer_studio.labels.predictions import predicted_of
from emer_studio.labels.ratings import events_of, ratings_of
from emer_studio.study.folder import Study, open_study

__all__ = ["arguments", "run"]

_JSON_CELLS = ("value", "visible")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--format", choices=(*_TEXTS, "elan"), required=True)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a new folder for elan"
    )


def run(args: argparse.Namespace) -> int:
    """Write the file, or one for each video; nothing is overwritten."""
    console, study = Console.of(args), open_study(args.study)
    if args.format == "elan":
        files = _elan(study, args.out)
        told = {"format": "elan", "out": str(args.out), "files": files}
        console.result(told, "\n".join(str(args.out / name) for name in files))
        return 0
    refuse_existing(args.out)
    text, rows = _TEXTS[args.format](study)
    if not rows:
        raise BadInputError(
            f"There is nothing to export in {study.folder}.",
            fix="Predict first (emer-studio prelabel STUDY)."
            if args.format == "py-feat"
            else "Label the faces first (page Label of the window).",
        )
    write_new(args.out, text)
    facts = {"format": args.format, "out": str(args.out), "rows": rows}
    console.result(facts, f"{args.out}: {rows} rows")
    return 0


def _elan(study: Study, out: Path) -> list[str]:
    refuse_taken(out)
    files = elan_files(ratings_of(events_of(study)), places_of(study))
    if not files:
        raise BadInputError(
            f"No labelled face video in {study.folder}.",
            fix="Label the faces first (page Label of the window).",
        )
    new_folder(out)
    for name, content in files.items():
        write_atomic(out / name, content)
    return list(files)


def _long(study: Study) -> tuple[str, int]:
    rows = [
        {k: json.dumps(v, ensure_ascii=False) if k in _JSON_CELLS else v
         for k, v in row.items()}
        for row in event_rows(events_of(study))
    ]  # fmt: skip
    return csv_text(rows, LONG_COLUMNS), len(rows)


def _wide(study: Study) -> tuple[str, int]:
    rows = wide_rows(ratings_of(events_of(study)))
    return csv_text(rows), len(rows)


def _consensus(study: Study) -> tuple[str, int]:
    agreed = consensus(events_of(study), study.file.consensus)
    rows = consensus_rows(agreed, places_of(study))
    return csv_text(rows), len(rows)


def _jsonl(study: Study) -> tuple[str, int]:
    rows = list(event_rows(events_of(study)))
    return json_lines(rows), len(rows)


def _label_studio(study: Study) -> tuple[str, int]:
    places = places_of(study)
    ratings = ratings_of(events_of(study))
    tasks = label_studio_tasks(ratings, places, predicted_of(places), study.folder)
    return json.dumps(tasks, indent=1, ensure_ascii=False) + "\n", len(tasks)


def _py_feat(study: Study) -> tuple[str, int]:
    rows = list(fex_rows(study))
    return csv_text(rows, FEX_COLUMNS), len(rows)


_TEXTS: dict[str, Callable[[Study], tuple[str, int]]] = {
    "long": _long,
    "wide": _wide,
    "consensus": _consensus,
    "jsonl": _jsonl,
    "label-studio": _label_studio,
    "py-feat": _py_feat,
}
