"""``emer-studio gui``: the window."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.errors import BadInputError

__all__ = ["arguments", "run"]

_KEYS = ("study", "explore", "protocol", "session", "label", "train", "report")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "study", nargs="?", type=Path, metavar="STUDY", help="default: the last one"
    )
    parser.add_argument("--page", choices=_KEYS, help="default: the last one")
    parser.add_argument(
        "--run-session", metavar="CODE", help="start a session of this participant at once"
    )
    parser.add_argument("--protocol", metavar="NAME", help="its protocol")
    parser.add_argument("--camera", metavar="SPEC", help="its camera: 0, file:VIDEO or sim")
    parser.add_argument("--gaze", metavar="NAME", help="its gaze stream, or sim")
    parser.add_argument(
        "--simulate", action="store_true", help="a simulated participant and devices"
    )
    parser.add_argument(
        "--close-when-done", action="store_true", help="end the program after the session"
    )
    parser.add_argument(
        "--snapshots", type=Path, metavar="DIR", help="photograph every page and quit"
    )
    parser.add_argument(
        "--events", action="store_true", help="print the session's events as JSON lines"
    )


def run(args: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    if args.run_session and not (args.study and args.protocol):
        raise BadInputError(
            "A session needs a study and a protocol.",
            fix="emer-studio gui STUDY --run-session P001 --protocol demo",
        )
    if args.snapshots and not args.study:
        raise BadInputError("--snapshots needs a study to show.")
    from emer_studio.ui.app import run_window

    return run_window(args)
