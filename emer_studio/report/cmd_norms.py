"""``emer-studio norms``: what a study's clips bring about, for choosing among them."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.report.marks import MARKS, marks_of, session_banners
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Over the participants who saw a clip: how often it brought about its emotion, how"
        " strongly, valence and arousal, each with a 95 % interval, and which clips of each"
        " emotion are recommended."
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE.html|FILE.csv",
        help="a report with figures and its table beside it, or the table alone",
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the norms; write them where asked, never over a file."""
    from emer_studio.report.norms import LEAST_PEOPLE, norms_of, viewings
    from emer_studio.report.write_norms import files_of, write_norms

    console, study = Console.of(args), open_study(args.study)
    if args.out is not None:
        files_of(args.out)

    def on_session(done: int, total: int) -> None:
        console.progress("reading sessions", done, total)

    norms = norms_of(viewings(study, on_session))
    if not norms:
        raise BadInputError(
            f"Nobody has rated a clip in {study.folder} yet.", fix="Record a session first."
        )
    files = write_norms(study, norms, args.out) if args.out is not None else []
    manifests = [session.manifest for session in study.sessions()]
    marks = marks_of(manifests)
    lines = [
        f"{'*' if n.recommended else ' '} {n.emotion:10} {n.clip:24} {n.people:3} people"
        f"  hits {n.hits}  strength {n.strength}  valence {n.valence}  arousal {n.arousal}"
        for n in norms
    ]
    lines.append(
        f"* recommended: at least {LEAST_PEOPLE} people, and the most successful of its"
        " emotion (hits and strength together)"
    )
    lines += session_banners(manifests)
    lines += [f"written: {path}" for path in files]
    known = [{k: _json(v) for k, v in one.row().items()} for one in norms]
    result: dict[str, Any] = {"clips": known, **{m: m in marks for m in MARKS}}
    if files:
        result |= {"report": str(args.out), "files": [str(path) for path in files]}
    console.result(result, "\n".join(lines))
    return 0


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
