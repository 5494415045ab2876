"""``emer-studio labels bundle``: faces for a rater who does not get the study."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import replace
from pathlib import Path

import yaml

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.bundle import write_bundle
from emer_studio.labels.opaque import place_of
from emer_studio.labels.pieces import Piece, pieces_of
from emer_studio.labels.queue import Labelled, blind_queue
from emer_studio.labels.store import open_store
from emer_studio.schema.labelling import FILE, LabellingFile, load_labelling
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
        help="one item a line (SESSION/trial-N); without it what labelling.yaml gives them",
    )
    passes = ("training", "A")  # a review needs what others said
    parser.add_argument("--pass", dest="stage", default="A", choices=passes)


def run(args: argparse.Namespace) -> int:
    """Cut the videos and pack them under opaque names."""
    console = Console.of(args)
    study = open_study(args.study)
    plan = load_labelling(study.folder)
    pieces = _chosen(study, args.items, args.annotator) or _assigned(
        study, plan, args.annotator
    )
    scheme = plan.scheme.model_dump(mode="json")
    with contextlib.closing(open_store(study)) as store:
        named = write_bundle(
            study,
            store,
            args.annotator,
            pieces,
            args.out,
            stage=args.stage,
            files={FILE: yaml.safe_dump({"scheme": scheme}).encode()},
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


def _chosen(study: Study, file: Path | None, annotator: str) -> list[Piece]:
    if file is None:
        return []
    there = {piece.item: piece for piece in pieces_of(study)}
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
    return sorted(
        (there[item] for item in wanted),
        key=lambda piece: place_of(study.file.seed, annotator, piece.item),
    )


def _assigned(study: Study, plan: LabellingFile, annotator: str) -> list[Piece]:
    """Return the rater's part of the blind pass, silent repeats among it."""
    there = {piece.item: piece for piece in pieces_of(study)}
    items = [Labelled(piece.item, piece.participant) for piece in there.values()]
    quorum = study.file.consensus.quorum
    if plan.raters and annotator not in plan.raters:
        raise BadInputError(
            f"{annotator} is not among the raters of this study.",
            fix=f"Add them to {FILE}, or say what to pack with --items.",
        )
    turns = blind_queue(items, annotator, plan, study.file.seed, quorum)
    return [replace(there[t.item], again=t.stage == "A-repeat") for t in turns]
