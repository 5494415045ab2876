"""``emer-studio dataset``: make training datasets; a table of sub-commands."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import next_free
from emer_studio.dataset import cmd_import_emer
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.synth import SYNTHETIC_NOTE, SynthConfig, synthesise
from emer_studio.dataset.synth_model import WORLDS, SynthModel
from emer_studio.dataset.synth_raters import Raters
from emer_studio.study.folder import open_study

__all__ = ["SUBCOMMANDS", "arguments", "run"]


class SubCommand(NamedTuple):
    """One way to make a dataset."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(dest="dataset_command", metavar="WHAT", required=True)
    for name, sub in SUBCOMMANDS.items():
        child = commands.add_parser(name, help=sub.help, description=sub.help)
        sub.arguments(child)
        add_output_arguments(child)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command."""
    return SUBCOMMANDS[args.dataset_command].run(args)


def _synth_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, help="folder to create")
    parser.add_argument("--participants", type=int, default=6, metavar="N")
    parser.add_argument("--clips", type=int, default=8, metavar="K", help="per participant")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    parser.add_argument("--frames", type=int, default=32, help="face frames per sample")
    parser.add_argument(
        "--mask",
        type=float,
        metavar="P",
        help="probability that a feeling is hidden behind another expression",
    )
    parser.add_argument(
        "--world",
        choices=WORLDS,
        default=WORLDS[0],
        help="what the eyes answer to; all but the first are null worlds, in which eyes"
        " must not help (default: %(default)s)",
    )
    parser.add_argument(
        "--missing", type=float, default=0.02, metavar="P", help="share of what is lost"
    )
    parser.add_argument(
        "--raters",
        type=int,
        default=Raters().number,
        metavar="N",
        help="experts who name what each face shows (default: %(default)s)",
    )
    parser.add_argument(
        "--rater-accuracy",
        type=float,
        default=Raters().accuracy,
        metavar="P",
        help="how often one of them is right (default: %(default)s)",
    )
    parser.add_argument(
        "--shuffled", action="store_true", help="labels of another draw: chance is the best"
    )


def _synth(args: argparse.Namespace) -> int:
    console = Console.of(args)
    config = SynthConfig(
        args.participants,
        args.clips,
        args.seed,
        args.frames,
        missing=args.missing,
        shuffled=args.shuffled,
        raters=Raters(args.raters, args.rater_accuracy),
    )
    model = SynthModel(world=args.world)
    if args.mask is not None:
        if not 0 <= args.mask <= 1:
            raise BadInputError(f"Expected --mask from 0 to 1, found {args.mask}.")
        model = model.masked(args.mask)
    try:
        manifest = synthesise(
            args.out,
            config,
            model,
            on_sample=lambda done, total: console.progress("drawing samples", done, total),
        )
    except OSError as problem:
        raise BadInputError(f"{args.out} cannot be written: {problem.strerror}.") from None
    assert manifest.limits is not None
    limits = manifest.limits.model_dump(exclude_none=True)
    assert manifest.generator is not None
    floor = manifest.generator["raters"]["noise_floor"]
    console.result(
        {
            "dataset": str(args.out),
            "samples": manifest.n_samples,
            "participants": config.participants,
            "limits": limits,
            "noise_floor": floor,
            "synthetic": True,
            "note": SYNTHETIC_NOTE,
        },
        f"{args.out}: {manifest.n_samples} samples. {SYNTHETIC_NOTE}\n"
        "Best reachable accuracy on the felt emotion (7 classes): "
        + ", ".join(f"{name} {value:.1%}" for name, value in limits.items())
        + "\nOne rater disagrees with the majority of the others in "
        + ("-: too few raters" if floor is None else f"{floor:.1%} of the votes"),
    )
    return 0


def _build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--out", type=Path, help="folder to create (default: in the study)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one for each core)"
    )


def _build(args: argparse.Namespace) -> int:
    console = Console.of(args)
    study = open_study(args.study)
    out = args.out or next_free(study.derived / "dataset")
    report = build_dataset(
        study,
        out,
        workers=args.workers,
        on_trial=lambda done, total: console.progress("cutting trials", done, total),
    )
    lines = [
        f"{out}: {report.samples} samples,"
        f" a face in {report.faces} of {report.frames} frames ({report.detector})"
    ]
    if report.weak or len(report.units) > 1:
        lines.append(
            f"  samples are {', '.join(report.units)}, of {report.trials} trials;"
            f" {report.weak} have what was felt in the whole clip (a weak label)"
        )
    if report.not_said_blind:
        lines.append(
            f"  of {report.not_said_blind} samples, imported labels do not say that they"
            " were made blind: they are learnt from, but never tested on"
        )
    lines += [
        f"  left out: {entry['session']} trial {_which(entry)}: {entry['reason']}"
        for entry in report.left_out
    ]
    lines += [
        f"  excluded: {entry['session']} trial {_which(entry)}: {entry['reason']}"
        for entry in report.excluded
    ]
    lines += [
        f"  kept by a person: {entry['session']} trial {_which(entry)}:"
        f" {entry['because']} (although: {entry['reason']})"
        for entry in report.kept
    ]
    console.result({"dataset": str(out), **dataclasses.asdict(report)}, "\n".join(lines))
    return 0


def _which(entry: dict[str, Any]) -> str:
    """Return the trial of a report's entry, and which part of its clip."""
    return f"{entry.get('trial', '-')} {entry.get('part', '')}".rstrip()


SUBCOMMANDS: dict[str, SubCommand] = {
    "build": SubCommand("build a dataset from a study", _build_arguments, _build),
    "synth": SubCommand(
        "make a synthetic dataset with known limits", _synth_arguments, _synth
    ),
    "import-emer": SubCommand(
        "make a dataset of your own copy of EMER",
        cmd_import_emer.arguments,
        cmd_import_emer.run,
    ),
}
