"""``emer-studio tobii``: send a Tobii eye tracker over LSL."""

from __future__ import annotations

import argparse
import sys
import threading
from typing import Any, cast

from emer_studio.core import clock
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.devices.eyetracker_tobii import Tobii, TobiiSender, TobiiTracker
from emer_studio.devices.tobii_calibration import CanCalibrate, calibrate
from emer_studio.devices.tobii_guide import seat_line, seat_of
from emer_studio.devices.tobii_titta import connect, find_trackers, set_rate

_TELL_S = 0.5
_CALIBRATE = (
    "calibrate each participant (Tobii's Eye Tracker Manager, or emer-studio tobii"
    " --calibrate), then measure it: emer-studio validate --gaze Tobii_gaze"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Sends gaze, clock comparison and head position of a Tobii Pro eye tracker over LSL"
        " as Tobii_gaze, Tobii_timeSync and Tobii_positioning, until Ctrl-C, and shows"
        " where the person sits. Needs TittaPy (the extra emer-studio[tobii])."
    )
    parser.add_argument("--list", action="store_true", help="only list the trackers")
    parser.add_argument(
        "--address", default="", metavar="A", help="e.g. tet-tcp://169.254.10.20"
    )
    parser.add_argument(
        "--calibrate",
        action="store_true",
        help="calibrate with five targets on the participant's window, and end",
    )
    parser.add_argument("--display", type=int, metavar="N", help="of those targets")
    parser.add_argument("--rate", type=float, metavar="HZ", help="else as it is set")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop by itself")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Send until the time is over, Ctrl-C, or the parent closes our standard input."""
    console = Console.of(args)
    if args.list:
        return _list(console)
    if args.seconds is not None and args.seconds <= 0:
        raise BadInputError(f"Expected a time above 0 s, found {args.seconds:g} s.")
    tobii, tracker = connect(args.address)
    if args.rate is not None:
        set_rate(tracker, args.rate)
    stop = threading.Event()
    if args.events:
        Control(on_end=stop.set)
    with signals_set(stop):
        if args.calibrate:
            return _calibrate(tracker, args.display, console, stop)
        result = _send(tobii, tracker, console, stop, args.seconds)
    console.result(result, f"Tobii_gaze: {result['samples']} samples sent")
    return 0


def _calibrate(
    tracker: TobiiTracker, display: int | None, console: Console, stop: threading.Event
) -> int:
    words = [] if display is None else ["--display", str(display)]
    result = calibrate(cast("CanCalibrate", tracker), words, console, stop)
    lines = [
        f"  {point['x']:.2f} {point['y']:.2f}  left {point['left_used']:3d} samples,"
        f" right {point['right_used']:3d}"
        for point in result["points"]
    ]
    done = result["status"] == "success"
    lines.append(f"calibrated: {result['status'].replace('_', ' ')}")
    lines.append(
        "measure it: start emer-studio tobii, then emer-studio validate --gaze Tobii_gaze"
        if done
        else "not for both eyes: see that both are seen, and calibrate again"
    )
    console.result(result, "\n".join(lines))
    return 0 if done else 1


def _list(console: Console) -> int:
    names = ("model", "serial_number", "firmware_version", "address", "frequency")
    found = [one.facts for one in find_trackers()]
    rows = [
        {name: one.get(name) for name in (*names, "supported_frequencies")} for one in found
    ]
    lines = []
    for row in rows:
        rates = ", ".join(f"{rate:g}" for rate in row["supported_frequencies"] or ())
        lines.append(
            f"{row['model']}  {row['serial_number']}  {row['address']}"
            f"  {row['frequency']:g} Hz (of {rates})"
        )
    console.result({"trackers": rows}, "\n".join(lines))
    return 0


def _send(
    tobii: Tobii,
    tracker: TobiiTracker,
    console: Console,
    stop: threading.Event,
    seconds: float | None,
) -> dict[str, Any]:
    sender = TobiiSender(tobii, tracker, console.say)
    spec = sender.gaze.spec
    began_s = clock.now_s()
    try:
        console.event("sending", name=spec.name, source_id=spec.source_id)
        console.say(
            f"sending {spec.name} of {tracker.model} {tracker.serial_number} at"
            f" {spec.nominal_hz:g} Hz (Ctrl-C ends it)"
        )
        console.note(_CALIBRATE)
        while not stop.wait(_TELL_S):
            _tell(sender, console)
            if sender.problem:
                raise WorkFailedError(
                    f"The {tracker.model} stopped: {sender.problem}",
                    fix="Look at its cable and power, and start this again.",
                )
            if seconds is not None and clock.now_s() - began_s >= seconds:
                break
    finally:
        sender.close()
    return {
        "name": spec.name,
        "source_id": spec.source_id,
        "model": tracker.model,
        "serial_number": tracker.serial_number,
        "samples": sender.sent,
        "clock_offset_s": sender.offset_s,
    }


def _tell(sender: TobiiSender, console: Console) -> None:
    """Say where the person sits: to a window as an event, in a terminal in one line."""
    seat = seat_of(tuple(sender.recent), sender.position)
    known = seat.distance_mm == seat.distance_mm
    console.event(
        "status",
        samples=sender.sent,
        left_pct=round(seat.left_pct),
        right_pct=round(seat.right_pct),
        distance_mm=round(seat.distance_mm) if known else None,
        advice=seat.advice,
    )
    if not console.events and sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{seat_line(seat)}")
        sys.stderr.flush()
