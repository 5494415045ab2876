"""``emer-studio train-head``: the next pre-labeller, from the experts' blind labels."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import refuse_taken
from emer_studio.core.stopping import stop_check
from emer_studio.fer.known import known_models
from emer_studio.fer.store import import_file
from emer_studio.labels.blind import LEAST_CLIPS, LEAST_PARTICIPANTS
from emer_studio.study.folder import Study
from emer_studio.training.fer_head.clips import Source, find_source, labelled_clips
from emer_studio.training.fer_head.score import rival_of
from emer_studio.training.fer_head.words import how_to_use, told

__all__ = ["arguments", "run"]

_EPOCHS = 16
"""Chosen by us: on drawn faces the best were the 4th to the 11th of 12."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", type=Path, metavar="STUDY|DATASET")
    parser.add_argument(
        "--against", metavar="MODEL",
        help="what it would replace, of which there is a run (default: the last one)",
    )  # fmt: skip
    parser.add_argument("--name", help="of the model (default: the study's name and -head)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="new folder (default: derived/heads/NAME of the study)",
    )  # fmt: skip
    parser.add_argument(
        "--min-clips", type=int, default=LEAST_CLIPS, metavar="N",
        help=f"clips with a blind consensus that are needed ({LEAST_CLIPS})",
    )  # fmt: skip
    parser.add_argument(
        "--folds", type=int, default=LEAST_PARTICIPANTS, metavar="N",
        help=f"by participant ({LEAST_PARTICIPANTS})",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, default=_EPOCHS, help=f"default {_EPOCHS}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--adopt", action="store_true", help="take it in as a model at once"
    )
    parser.add_argument(
        "--if-changed", choices=("refuse", "anew"), default="refuse",
        help="after a kill the same command goes on with the next network; where labels,"
        " data or settings changed since, it is refused or begun anew (default refuse)",
    )  # fmt: skip
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train, judge, write and, where asked for, take in."""
    console = Console.of(args)
    check_stop = stop_check(args.events)
    if args.epochs < 1 or args.seed < 0 or args.min_clips < 2:
        raise BadInputError(
            "Expected at least 1 epoch, 2 clips and a seed of 0 or more; found"
            f" {args.epochs}, {args.min_clips} and {args.seed}."
        )
    source = find_source(args.source)
    name, out = _place(args, source)
    rival = rival_of(source.study, args.against) if source.study else None

    def on_trial(done: int, total: int) -> None:
        check_stop()
        console.progress("building the dataset", done, total)

    clips = labelled_clips(source, args.min_clips, on_trial)
    about = clips.dataset.manifest
    if about.synthetic or about.simulated:
        console.say("SIMULATED faces: nothing here is evidence about people.")
    # torch takes seconds to load: after everything that can be refused without it.
    from emer_studio.training.device import choose_device
    from emer_studio.training.fer_head.net import HeadSettings
    from emer_studio.training.fer_head.train import HeadJob, train_head

    settings = HeadSettings(args.epochs, args.seed, choose_device(args.device))
    job = HeadJob(
        name, out, source.study, clips, rival, args.folds, settings, args.if_changed
    )
    made = train_head(job, console, check_stop)
    file = out / f"{name}.onnx"
    if args.adopt:
        import_file(name, file)
    study = source.study.folder if source.study else None
    last = f"{name} is installed." if args.adopt else how_to_use(made, file, study)
    console.result(
        {**made.model_dump(mode="json"), "out": str(out), "file": str(file),
         "adopted": args.adopt},
        f"{told(made)}\n{last}",
    )  # fmt: skip
    return 0


def _place(args: argparse.Namespace, source: Source) -> tuple[str, Path]:
    """Return the model's name and its folder, both of them free."""
    taken = {entry.name for entry in known_models()}
    home = _home(args.source, source.study)
    if args.name is None:
        whose = source.study.file.name if source.study else args.source.resolve().name
        stem = re.sub(r"[^a-z0-9]+", "-", whose.lower()).strip("-") or "study"
        name, number = f"{stem}-head", 1
        while name in taken or (home / name).exists():
            number += 1
            name = f"{stem}-head-{number}"
    else:
        name = args.name
        if not _NAME.fullmatch(name) or name in taken:
            raise BadInputError(
                f"{name!r} cannot be the name: {'a model has it' if name in taken else ''}"
                f"{'' if name in taken else 'small letters, digits, dots and dashes only'}."
            )
    out = args.out or home / name
    refuse_taken(out)
    return name, out


def _home(given: Path, study: Study | None) -> Path:
    return study.derived / "heads" if study else given.resolve().parent / "heads"
