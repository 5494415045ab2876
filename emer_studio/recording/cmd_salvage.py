"""``emer-studio salvage``: a loadable copy of a cut or damaged XDF file."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.recording.salvage import salvage


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("path", type=Path, metavar="FILE.xdf")
    parser.add_argument(
        "--out", type=Path, help="file to create (default: FILE_salvaged.xdf, next free)"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the copy and say what is in it and what is not."""
    result = salvage(args.path, args.out)
    lines = [f"{result['salvaged']}", *(f"  - {text}" for text in result["findings"])]
    lines += [
        f"  {row['name']:<24} {row['samples']:>9} samples" for row in result["streams"]
    ]
    if result["bytes_left_out"]:
        lines.append(f"  {result['bytes_left_out']} of {result['bytes']} bytes left out")
    Console.of(args).result(result, "\n".join(lines))
    return 0
