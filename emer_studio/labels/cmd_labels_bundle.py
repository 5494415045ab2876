"""``emer-studio labels bundle``: faces for a rater who does not get the study."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.bundle import write_bundle
from emer_studio.labels.pieces import Piece, pieces_of
from emer_studio.labels.store import open_store
from emer_studio.study.folder import Study, open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--for", dest="annotator", required=True, metavar="CODE", help="whose work it is"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--items",
        type=Path,
        metavar="FILE",
        help="one item a line (SESSION/trial-N); without it every face of the study",
    )
    passes = ("training", "A", "B", "adjudication")
    parser.add_argument("--pass", dest="stage", default="A", choices=passes)


def run(args: argparse.Namespace) -> int:
    """Cut the videos and pack them under opaque names."""
    console = Console.of(args)
    study = open_study(args.study)
    pieces = _chosen(study, args.items)
    with contextlib.closing(open_store(study)) as store:
        named = write_bundle(
            study,
            store,
            args.annotator,
            pieces,
            args.out,
            stage=args.stage,
            tell=lambda done, of: console.progress("bundle", done, of),
        )
    result = {"file": str(args.out), "annotator": args.annotator, "items": len(named)}
    text = (
        f"{args.out}: {len(named)} faces for {args.annotator}, without names, sound or"
        " order of the study.\nAt the rater's: emer-studio labels bundle-open"
        f" {args.out.name} FOLDER"
    )
    console.result(result, text)
    return 0


def _chosen(study: Study, file: Path | None) -> list[Piece]:
    there = {piece.item: piece for piece in pieces_of(study)}
    if file is None:
        return list(there.values())
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInputError(f"{file} cannot be read: {problem}.") from None
    wanted = [line.strip() for line in lines if line.strip()]
    for item in wanted:
        if item not in there:
            raise BadInputError(
                f"{file}: the study has no face of {item!r}.",
                fix="Expected SESSION/trial-N of a clip that was shown and filmed.",
            )
    return [there[item] for item in wanted]
