"""``emer-studio new``: make a study."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.study.folder import create_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder to create")
    parser.add_argument(
        "--name", default="", help="what people call it (default: the folder)"
    )
    parser.add_argument(
        "--seed", type=int, help="seed of every trial order (default: random)"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Make the study."""
    study = create_study(args.study, name=args.name, seed=args.seed)
    Console.of(args).result(
        {"study": str(args.study), "name": study.file.name, "seed": study.file.seed},
        f"Study {study.file.name!r} is ready in {args.study}.",
    )
    return 0
