"""``emer-studio salvage``: what was cut or damaged, made whole as far as it goes.

An XDF file gets a loadable copy; a session folder gets a proper end for its cut-off videos.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.recording.salvage import salvage
from emer_studio.recording.video_salvage import WRITING, cut_off_videos, finish_video


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "path",
        type=Path,
        metavar="FILE.xdf|VIDEO.mkv.writing|SESSION",
        help="a session's cut-off videos are finished; its XDF files need nothing",
    )
    parser.add_argument(
        "--out", type=Path, help="file to create (default: FILE_salvaged.xdf, next free)"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the copy and say what is in it and what is not."""
    if args.path.is_dir() or args.path.name.endswith(WRITING):
        return _videos(args)
    result = salvage(args.path, args.out)
    lines = [f"{result['salvaged']}", *(f"  - {text}" for text in result["findings"])]
    lines += [
        f"  {row['name']:<24} {row['samples']:>9} samples" for row in result["streams"]
    ]
    if result["bytes_left_out"]:
        lines.append(f"  {result['bytes_left_out']} of {result['bytes']} bytes left out")
    Console.of(args).result(result, "\n".join(lines))
    return 0


def _videos(args: argparse.Namespace) -> int:
    """Finish cut-off videos; one that cannot be finished stops none of the others."""
    if args.path.is_dir() and not (args.path / "session.json").is_file():
        raise BadInputError(
            f"{args.path} is not a session: it has no session.json.",
            fix="Name a session folder, an XDF file or an unfinished video.",
        )
    paths = cut_off_videos(args.path) if args.path.is_dir() else [args.path]
    rows, problems = [], []
    for path in paths:
        try:
            finished, frames = finish_video(path)
        except BadInputError as problem:
            problems.append(str(problem))
            continue
        rows.append({"video": str(finished), "frames": frames})
    lines = [f"{row['video']}: {row['frames']} frames" for row in rows]
    text = "\n".join([*lines, *problems]) or "No video here was cut off."
    Console.of(args).result({"videos": rows, "problems": problems}, text)
    return 1 if problems else 0
