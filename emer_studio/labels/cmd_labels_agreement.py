"""``emer-studio labels agreement``: how far the raters of a study agree, blind."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from emer_studio import __version__
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.resampling import DRAWS
from emer_studio.labels.agreement.rows import SECTIONS, Row
from emer_studio.labels.agreement.summary import Agreement, agreement_of
from emer_studio.labels.exchange.files import csv_text, refuse_existing, write_new
from emer_studio.labels.places import places_of
from emer_studio.labels.ratings import events_of, fingerprint, ratings_of
from emer_studio.study.folder import open_study

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the table")
    parser.add_argument(
        "--draws", type=int, default=DRAWS, metavar="N", help="of the bootstrap"
    )
    parser.epilog = (
        "The report with pictures: emer-studio report STUDY --labels --out FILE.html"
    )


def run(args: argparse.Namespace) -> int:
    """Work out the coefficients and print their table."""
    console = Console.of(args)
    if args.draws < 1:
        raise BadInputError(f"--draws expects 1 or more, found {args.draws}.")
    if args.out is not None:
        refuse_existing(args.out)
    study = open_study(args.study)
    events = events_of(study)
    found = agreement_of(ratings_of(events), places_of(study), draws=args.draws)
    if not found.items:
        raise BadInputError(
            f"Nobody has labelled anything blind in {study.folder}.",
            fix="Label the faces (page Label of the window), or import labels.",
        )
    facts = {"code_version": __version__, "study_hash": fingerprint(study, events)}
    if args.out is not None:
        write_new(args.out, csv_text([_cells(row, facts) for row in found.rows]))
    console.result({**found.as_json(), **facts}, _told(found, facts))
    return 0


def _cells(row: Row, facts: dict[str, str]) -> dict[str, object]:
    return {**row.as_json(), **facts}


def _told(found: Agreement, facts: dict[str, str]) -> str:
    lines = [
        f"{found.items} items of {found.participants} participants,"
        f" {len(found.raters)} raters, blind"
    ]
    if found.imported:
        lines.append(
            f"{found.imported} ratings are imported: what the raters could see is unknown"
        )
    if found.shown:
        lines.append(f"{found.shown} ratings were made with a prediction in view: left out")
    for section, title in SECTIONS.items():
        rows = [row for row in found.rows if row.section == section]
        if rows:
            lines += ["", title, *(_line(row) for row in rows)]
    version, digest = facts["code_version"], facts["study_hash"][:16]
    return "\n".join([*lines, "", f"EMER Studio {version}, study {digest}"])


def _line(row: Row) -> str:
    if row.reason:
        return f"  {row.name:<44} undefined: {row.reason}"
    known = dataclasses.astuple(row)[2:5]
    value, low, high = (f"{v:.3f}" for v in known)
    share = f"  prevalence {row.prevalence:.2f}" if row.prevalence == row.prevalence else ""
    unit = f" {row.unit}" if row.unit else ""
    ends = f"[{low}, {high}]{unit}" if row.low == row.low else ""
    told = f"  {row.name:<44} {value:>7} {ends:<18} n {row.items:<5}{share}  {row.word}"
    return told.rstrip()
