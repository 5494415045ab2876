"""``emer-studio simulate``: stand-alone LSL sources on the real path."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from emer_studio.core import clock
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Control
from emer_studio.schema.streams import Channel
from emer_studio.streams.outlets import Outlet, OutletSpec, new_source_id

_NAMES = {"gaze": "EMER_SimGaze", "camera": "EMER_SimCamera", "markers": "EMER_SimMarkers"}
_RATES = {"gaze": 120.0, "camera": 30.0, "markers": 1.0}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("kind", choices=sorted(_NAMES))
    parser.add_argument(
        "--rate", type=float, metavar="HZ", help="120 gaze, 30 camera, 1 markers"
    )
    parser.add_argument("--name", help="stream name")
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--accuracy",
        type=float,
        default=0.4,
        metavar="DEG",
        help="gaze: how far what is measured lies from where the eyes look",
    )
    parser.add_argument(
        "--noise", type=float, default=0.1, metavar="DEG", help="gaze: of eye and axis"
    )
    parser.add_argument("--source-id", default="", metavar="ID", help="gaze: of its stream")
    parser.add_argument(
        "--video", type=Path, help="camera: send the frame index of this video"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Send until the time is over, Ctrl-C, or the parent closes our standard input."""
    console = Console.of(args)
    rate = _RATES[args.kind] if args.rate is None else args.rate
    if not 0 < rate <= 5000:
        raise BadInputError(f"Expected a rate between 0 and 5000 Hz, found {rate}.")
    if args.video is not None and args.kind != "camera":
        raise BadInputError("--video goes with camera.")
    name = args.name or _NAMES[args.kind]
    until = None if args.seconds is None else time.monotonic() + args.seconds
    if args.kind == "gaze":
        sent = _gaze(args, console, name, rate, until)
    elif args.kind == "camera":
        sent = _camera(console, name, rate, args.video, until)
    else:
        sent = _markers(console, name, rate, until)
    console.result({"name": name, "samples": sent}, f"{name}: {sent} samples sent")
    return 0


def _over(until: float | None, control: Control | None) -> bool:
    if control is not None and control.stopped.is_set():
        return True
    return until is not None and time.monotonic() >= until


def _ready(console: Console, outlet: Outlet) -> None:
    console.event("sending", name=outlet.spec.name, source_id=outlet.spec.source_id)
    console.say(f"sending {outlet.spec.name} (Ctrl-C ends it)")


def _gaze(
    args: argparse.Namespace, console: Console, name: str, rate: float, until: float | None
) -> int:
    from emer_studio.devices.eyetracker_sim import SimulatedTracker

    if not (0 <= args.accuracy <= 45 and 0 <= args.noise <= 45):
        raise BadInputError("Expected --accuracy and --noise from 0 to 45 degrees.")
    tracker = SimulatedTracker(
        name=name,
        rate_hz=rate,
        seed=args.seed,
        source_id=args.source_id,
        accuracy_deg=args.accuracy,
        noise_deg=args.noise,
    )
    control = Control(tracker.situation) if console.events else None
    _ready(console, tracker.outlet)
    try:
        while not _over(until, control):
            time.sleep(0.05)
    except KeyboardInterrupt:
        pass
    finally:
        tracker.close()
    return tracker.sent


def _camera(
    console: Console, name: str, rate: float, video: Path | None, until: float | None
) -> int:
    from emer_studio.devices.camera import CameraOptions, camera_opener  # brings OpenCV

    spec = f"file:{video}" if video else "sim"
    camera = camera_opener(spec, CameraOptions(width_px=320, height_px=240, fps=rate))()
    outlet = Outlet(
        OutletSpec(
            name=name,
            type="VideoFrames",
            channels=(Channel("frame_index", "FrameNumber", "count"),),
            channel_format="double64",
            nominal_hz=0.0,
            source_id=new_source_id("camera-sim"),
            simulated=True,
            can_drop_samples=True,
        )
    )
    control = Control() if console.events else None
    _ready(console, outlet)
    sent = 0
    try:
        while not _over(until, control) and (frame := camera.grab()) is not None:
            outlet.push([sent], frame.t_s)
            sent += 1
    except KeyboardInterrupt:
        pass
    finally:
        camera.close()
        outlet.close()
    return sent


def _markers(console: Console, name: str, rate: float, until: float | None) -> int:
    outlet = Outlet(
        OutletSpec(
            name=name,
            type="Markers",
            channels=(Channel("marker", "Marker"),),
            channel_format="string",
            nominal_hz=0.0,
            source_id=new_source_id("markers-sim"),
            simulated=True,
        )
    )
    control = Control() if console.events else None
    _ready(console, outlet)
    origin_s, sent = clock.now_s(), 0
    try:
        while not _over(until, control):
            due_s = origin_s + (sent + 1) / rate - clock.now_s()
            time.sleep(min(max(due_s, 0.0), 0.05))
            if due_s <= 0.05:
                time.sleep(max(origin_s + (sent + 1) / rate - clock.now_s(), 0.0))
                sent += 1
                outlet.push([f"marker {sent}"])
    except KeyboardInterrupt:
        pass
    finally:
        outlet.close()
    return sent
