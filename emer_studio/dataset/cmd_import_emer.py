"""``emer-studio dataset import-emer``: a lab's own copy of EMER becomes a dataset."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.import_emer import FACE_HZ, import_emer

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the sub-command."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="in EMER's layout")
    parser.add_argument("--out", type=Path, required=True, help="folder to create")
    parser.add_argument("--face-hz", type=float, default=FACE_HZ, help="frames a second")
    parser.add_argument(
        "--display-px",
        type=float,
        nargs=2,
        metavar=("W", "H"),
        help="makes fractions of the display of gaze in pixels",
    )
    parser.add_argument(
        "--view", choices=("er", "fer"), default="", help="of labels without a prefix"
    )


def run(args: argparse.Namespace) -> int:
    """Import, and say of each sample that was left out why."""
    if not 0 < args.face_hz < float("inf"):
        raise BadInputError(f"Expected frames a second above 0, found {args.face_hz:g}.")
    if args.display_px and not min(args.display_px) > 0:
        raise BadInputError("The display's width and height have to be above 0.")
    console = Console.of(args)
    report = import_emer(
        args.folder,
        args.out,
        face_hz=args.face_hz,
        display_px=tuple(args.display_px) if args.display_px else None,
        view=args.view,
        on_sample=lambda done, total: console.progress("reading samples", done, total),
    )
    lines = [
        f"{args.out}: {report.samples} samples, {report.frames} frames,"
        f" {report.columns} eye columns"
    ]
    lines += [f"  left out: {one['sample']}: {one['reason']}" for one in report.left_out]
    lines += [f"  {doubt}" for doubt in report.doubts]
    console.result(
        {"dataset": str(args.out), **dataclasses.asdict(report)}, "\n".join(lines)
    )
    return 0
