"""``emer-studio norms``: what a study's clips bring about, for choosing among them."""

from __future__ import annotations

import argparse
import csv
import io
import math
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Over the participants who saw a clip: how often it brought about its emotion, how"
        " strongly, valence and arousal, each with a 95 % interval, and which clips of each"
        " emotion are recommended."
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--out", type=Path, metavar="FILE.csv")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the norms; write them where asked, never over a file."""
    from emer_studio.report.norms import COLUMNS, LEAST_PEOPLE, norms_of, viewings

    console, study = Console.of(args), open_study(args.study)
    if args.out is not None and args.out.exists():
        raise BadInputError(
            f"{args.out} already exists; nothing was written.", fix="Choose another name."
        )
    norms = norms_of(viewings(study))
    if not norms:
        raise BadInputError(
            f"Nobody has rated a clip in {study.folder} yet.", fix="Record a session first."
        )
    rows = [norm.row() for norm in norms]
    if args.out is not None:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _cell(v) for k, v in row.items()} for row in rows)
        write_atomic(args.out, text.getvalue())
    simulated = any(session.manifest.simulated for session in study.sessions())
    lines = [
        f"{'*' if n.recommended else ' '} {n.emotion:10} {n.clip:24} {n.people:3} people"
        f"  hits {n.hits}  strength {n.strength}  valence {n.valence}  arousal {n.arousal}"
        for n in norms
    ]
    lines.append(
        f"* recommended: at least {LEAST_PEOPLE} people, and the most successful of its"
        " emotion (hits and strength together)"
    )
    if simulated:
        lines.append("SIMULATED participants: these numbers say nothing about people.")
    known = [{k: _json(v) for k, v in row.items()} for row in rows]
    console.result({"clips": known, "simulated": simulated}, "\n".join(lines))
    return 0


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return str(value).lower() if isinstance(value, bool) else value


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
