"""``emer-studio preflight``: go or no-go, before a participant sits down."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.session.cmd_run import camera_options
from emer_studio.session.preflight import Preflight, preflight
from emer_studio.session.preflight_item import NO_GO, items_text
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Looks at everything a session needs: protocol, consent text, clips, power, gaze,"
        " camera and face, microphone, display and sound, free disk. Exit code 1 when"
        " something stands in the way; a doubt does not."
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--protocol", required=True, metavar="FILE", help="or a shipped name"
    )
    parser.add_argument(
        "--camera", default="0", metavar="SPEC", help="0, file:VIDEO or sim"
    )
    parser.add_argument("--size", metavar="WxH", help="of the camera's pictures")
    parser.add_argument("--fps", type=float, help="of the camera")
    parser.add_argument("--codec", help="see camera --help")
    parser.add_argument("--mains", choices=("50", "60"), help=argparse.SUPPRESS)
    parser.add_argument("--gaze", required=True, metavar="NAME", help="LSL stream, or sim")
    parser.add_argument("--gaze-wait", type=float, default=5.0, metavar="S")
    parser.add_argument("--microphone", default="", metavar="SPEC", help="else none")
    parser.add_argument("--language", default="", help="else the protocol's first")
    parser.add_argument("--display", type=int, metavar="N")
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument("--headless", action="store_true", help="no visible display")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything and print the list."""
    console = Console.of(args)
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    wanted = Preflight(
        study=open_study(args.study),
        protocol=args.protocol,
        camera=args.camera,
        gaze=args.gaze,
        microphone=args.microphone,
        camera_options=tuple(camera_options(args)),
        language=args.language,
        display=args.display,
        windowed=args.windowed,
        gaze_wait_s=args.gaze_wait,
    )
    stop = threading.Event()
    if args.events:
        Control(on_end=stop.set)
    with signals_set(stop), tempfile.TemporaryDirectory(prefix="emer-preflight-") as folder:
        items = preflight(wanted, Path(folder), console, stop)
    go = all(item.state != NO_GO for item in items)
    console.result({"go": go, "items": [item.facts for item in items]}, items_text(items))
    return 0 if go else 1
