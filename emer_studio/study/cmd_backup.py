"""``emer-studio backup``: a second copy of a study, verified by hash."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.study.backup import back_up, backed_up
from emer_studio.study.folder import open_study
from emer_studio.study.lock import locked


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="folder on another disk; else only tell"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Copy and verify, or tell what has no copy; exit code 1 when something has none."""
    console = Console.of(args)
    study = open_study(args.study)
    if args.to is None:
        safe = backed_up(study)
        bare = [s.name for s in study.sessions() if s.name not in safe]
        lines = [f"not backed up: {name}" for name in bare] or ["Every session has a copy."]
        copies = {name: asdict(backup) for name, backup in safe.items()}
        console.result({"not_backed_up": bare, "backed_up": copies}, "\n".join(lines))
        return 1 if bare else 0
    with locked(args.study, "backup"):
        done = back_up(study, args.to, lambda at, of: console.progress("backup", at, of))
    text = (
        f"{done.target}: {done.copied} files copied, {done.unchanged} there before,"
        f" {done.replaced} newer; every one read back"
    )
    console.result({**asdict(done), "target": str(done.target)}, text)
    return 0
