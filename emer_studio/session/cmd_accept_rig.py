"""``emer-studio accept-rig``: ten minutes on the lab's own hardware, and what they tell."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from pathlib import Path

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.recording.codecs import CODECS
from emer_studio.schema.acceptance import Acceptance, AcceptedLine
from emer_studio.session.accept.computer import computer_items
from emer_studio.session.accept.judge import judge_rig
from emer_studio.session.accept.kept import hardware_of, keep
from emer_studio.session.accept.rig import Measured, RigTest, measure_rig
from emer_studio.session.cmd_run import as_rigged, camera_options
from emer_studio.session.devices import Devices
from emer_studio.session.preflight_item import NO_GO, items_text
from emer_studio.stimulus.library import look_at

_MINUTES = 10.0
"""Chosen by us: drivers, fans and background jobs show themselves within minutes."""
_LEAST_S, _MOST_MINUTES = 2.0, 24 * 60


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Runs everything that a session runs (camera and encoder, the tracker's stream,"
        " both recorders, a clip with sound on the participant's display) without anybody,"
        " and looks at settings of the computer that spoil sessions. The result is kept"
        " with its date and the hardware it was found on; preflight asks for it. Exit code"
        " 1 when something stands in the way."
    )
    parser.add_argument(
        "--rig", default="", metavar="NAME", help="devices as kept under this name"
    )
    parser.add_argument("--camera", default="", metavar="SPEC", help="0, 1 … or sim")
    parser.add_argument("--size", metavar="WxH", help="of the camera's pictures")
    parser.add_argument("--fps", type=float, help="of the camera")
    parser.add_argument("--codec", choices=CODECS, help="see camera --help")
    parser.add_argument("--mains", choices=("50", "60"), help="against flicker")
    parser.add_argument("--gaze", default="", metavar="NAME", help="LSL stream, or sim")
    parser.add_argument("--gaze-wait", type=float, default=10.0, metavar="S")
    parser.add_argument("--microphone", default="", metavar="SPEC", help="else none")
    parser.add_argument("--display", type=int, metavar="N", help="the participant's")
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument("--headless", action="store_true", help="no visible display")
    parser.add_argument("--clip", type=Path, metavar="FILE", help="else a drawn one")
    parser.add_argument(
        "--minutes", type=float, default=_MINUTES, metavar="N", help=f"else {_MINUTES:g}"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="on the disk of your studies: recordings go there and are removed; else here",
    )
    parser.set_defaults(screen_mm=None, distance_mm=None)  # of a rig; not needed here
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, judge, keep and print."""
    console = Console.of(args)
    rig = _rig(args)
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    stop = threading.Event()
    if args.events:
        Control(on_end=stop.set)
    prefix, folder = "emer-rig-", args.folder
    with signals_set(stop), tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as name:
        acceptance = _accepted(measure_rig(rig, Path(name), console, stop))
    path = keep(acceptance)
    facts = acceptance.model_dump(mode="json")
    text = f"{items_text(acceptance.lines)}\nkept as {path}"
    console.result({**facts, "file": str(path)}, text)
    return 1 if acceptance.verdict == NO_GO else 0


def _rig(args: argparse.Namespace) -> RigTest:
    if not _LEAST_S <= 60 * args.minutes <= 60 * _MOST_MINUTES:
        raise BadInputError(
            f"Expected {_LEAST_S:g} s to {_MOST_MINUTES / 60:g} hours, found"
            f" {args.minutes:g} minutes."
        )
    if args.rig:
        as_rigged(args)
    if not args.gaze:
        raise BadInputError(
            "Which stream is the eye tracker?",
            fix="Name it with --gaze NAME, or --rig NAME.",
        )
    if not args.folder.is_dir():
        raise BadInputError(f"The folder {args.folder} does not exist.")
    if args.clip is not None:
        look_at(args.clip)
    devices = Devices(
        camera=args.camera or "0",
        gaze=args.gaze,
        simulate=False,
        windowed=args.windowed,
        display=args.display,
        language="en",
        gaze_wait_s=args.gaze_wait,
        camera_options=tuple(camera_options(args)),
        microphone=args.microphone,
        gaze_confirmed=True,  # what the channels mean does not matter here
    )
    return RigTest(devices, 60 * args.minutes, args.clip)


def _accepted(found: Measured) -> Acceptance:
    judged = judge_rig(found)
    judged.items += computer_items()
    return Acceptance(
        made=utc_now(),
        app_version=__version__,
        seconds=found.seconds,
        hardware=hardware_of(found.camera, found.tracker, found.display),
        simulated=found.simulated,
        verdict=judged.verdict,
        lines=tuple(AcceptedLine(**item.facts) for item in judged.items),
        measures=judged.measures,
    )
