"""``emer-studio withdraw``: erase what a study holds of a participant who withdraws."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.study.folder import open_study
from emer_studio.study.lock import locked
from emer_studio.study.passphrase import ask_passphrase
from emer_studio.study.vault import Vault, vault_path
from emer_studio.withdrawal.erase import Erased, erase
from emer_studio.withdrawal.reach import Reach, find

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--participant", required=True, metavar="CODE")
    parser.add_argument(
        "--video-only",
        action="store_true",
        help="only face video and sound, and what was made of them",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; for scripts")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Show what goes, let a person type the code, erase, and tell what is left."""
    study, console = open_study(args.study), Console.of(args)
    with locked(args.study, "a withdrawal"):
        reach = find(study, args.participant, video_only=args.video_only)
        console.say(_announced(reach))
        if not args.yes:
            _confirm(reach)
        vault = None
        if vault_path(study.folder).is_file() and not reach.video_only:
            vault = Vault(study.folder, ask_passphrase(events=args.events))
        done = erase(study, reach, vault)
    result = {"participant": reach.participant, **dataclasses.asdict(done)}
    console.result(result, _told(reach, done))
    return 0


def _announced(reach: Reach) -> str:
    what = "face video and sound" if reach.video_only else "everything"
    return (
        f"{what} of {reach.participant} will be erased for good:"
        f" {len(reach.sessions)} sessions, {len(reach.media)} files of video and sound;"
        f" {len(reach.shared)} datasets, reports and exports are to be made again,"
        f" {len(reach.runs)} training runs are flagged; {len(reach.learned)} trainings and"
        " models learned from them and cannot forget it"
    )


def _confirm(reach: Reach) -> None:
    if not sys.stdin.isatty():
        raise BadInputError(
            "Erasing has to be confirmed, and there is no terminal to ask at.",
            fix="Use --yes, if a person has decided this.",
        )
    typed = input(f"Type {reach.participant} to erase: ").strip()
    if typed != reach.participant:
        raise BadInputError(f"Found {typed!r}. Nothing was erased.")


def _told(reach: Reach, done: Erased) -> str:
    what = "Face video and sound" if reach.video_only else "Everything"
    lines = [
        f"{what} of {reach.participant} is erased: {done.sessions} sessions,"
        f" {done.files} files, {done.labels} label events."
    ]
    lines += [f"  removed, to be made again: {name}" for name in done.rebuild]
    lines += [f"  flagged: {name}" for name in done.flagged]
    lines += [f"  not reached: {name}" for name in done.beyond]
    return "\n".join(lines)
