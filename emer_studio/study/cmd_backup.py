"""``emer-studio backup``: a second copy of a study, verified by hash."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from emer_studio.core import settings
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, StoppedError
from emer_studio.core.process import Control
from emer_studio.study.backup import Copied, back_up, backed_up
from emer_studio.study.folder import Study, open_study
from emer_studio.study.lock import locked
from emer_studio.study.second_place import back_up_again, not_backed_up


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--to", type=Path, metavar="DIR", help="folder on another disk; else only tell"
    )
    where.add_argument("--again", action="store_true", help="to the place that was set")
    where.add_argument(
        "--never", action="store_true", help="no copy after each session any more"
    )
    parser.add_argument(
        "--always", action="store_true", help="with --to: also after each session from now"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Copy and verify, or tell what has no copy; exit code 1 when something has none."""
    console = Console.of(args)
    study = open_study(args.study)
    if args.always and args.to is None:
        raise BadInputError("Where to?", fix="Name the folder: --to DIR --always.")
    if args.never:
        settings.remember_second_place(study.folder, "")
    if args.to is None and not args.again:
        return _tell(study, console)
    control = Control() if args.events else None

    def tell(done: int, of: int) -> None:
        if control is not None and control.stopped.is_set():
            raise StoppedError("The copy was broken off; what is whole stays.")
        console.progress("backup", done, of)

    with locked(args.study, "backup"):
        if args.again:
            done = back_up_again(study, tell)
        else:
            done = back_up(study, args.to, tell)
    if args.always:
        settings.remember_second_place(study.folder, str(args.to.resolve()))
    console.result({**asdict(done), "target": str(done.target)}, in_words(done))
    return 0


def in_words(done: Copied) -> str:
    """Return what was copied, in a line."""
    return (
        f"{done.target}: {done.copied} files copied, {done.unchanged} there before,"
        f" {done.replaced} newer; every one read back"
    )


def _tell(study: Study, console: Console) -> int:
    bare, place = not_backed_up(study), settings.second_place(study.folder)
    lines = [f"not backed up: {name}" for name in bare] or ["Every session has a copy."]
    lines.append(f"after each session to: {place or 'nowhere (see --always)'}")
    copies = {name: asdict(backup) for name, backup in backed_up(study).items()}
    result = {"not_backed_up": bare, "backed_up": copies, "place": place}
    console.result(result, "\n".join(lines))
    return 1 if bare else 0
