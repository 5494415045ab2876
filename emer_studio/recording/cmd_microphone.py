"""``emer-studio microphone``: one microphone to one FLAC file in Matroska.

Events and commands as those of ``emer-studio camera``: ``microphone_ready``, ``begun``,
``status``, ``finding``, ``error``, ``result``; ``begin``; the end of the input ends it.
"""

from __future__ import annotations

import argparse
import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.devices.microphone import open_microphone
from emer_studio.recording.audio_file import facts_path
from emer_studio.recording.audio_job import AudioJob

_TICK_S = 0.1
_STATUS_EVERY = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--source",
        default="default",
        metavar="SPEC",
        help="default, 0, 1 … (a microphone of this machine), file:AUDIO, sim, or"
        " sim:ppm=200,lose=3+0.5 (clock error; at 3 s half a second is lost)",
    )
    parser.add_argument("--out", type=Path, required=True, help=".mka file to create")
    parser.add_argument("--rate", type=int, default=48_000, metavar="HZ")
    parser.add_argument("--channels", type=int, choices=(1, 2), default=1)
    parser.add_argument(
        "--source-id", default="", metavar="ID", help="continue as this LSL source"
    )
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Record until the time is over, Ctrl-C, or the parent closes our standard input."""
    console = Console.of(args)
    if not 8_000 <= args.rate <= 192_000:
        raise BadInputError(f"Expected a rate from 8000 to 192000 Hz, found {args.rate}.")
    # As for the camera, a session's folder may come later than its devices.
    if not args.events and not args.out.parent.is_dir():
        raise BadInputError(f"The folder {args.out.parent} does not exist.")
    if args.out.exists() or facts_path(args.out).exists():
        raise BadInputError(f"{args.out} already exists; nothing was written.")
    microphone = open_microphone(args.source, rate_hz=args.rate, channels=args.channels)
    job = AudioJob(microphone, args.out, on_event=console.event, source_id=args.source_id)
    begun = threading.Event()

    def obey(command: dict[str, Any]) -> None:
        if command.get("cmd") == "begin" and not begun.is_set():
            if command.get("wait_for_recorder") and not job.outlet.wait_until_watched(10.0):
                console.event("error", text="microphone: the recorder did not connect")
            job.begin()
            begun.set()
            console.event("begun")

    console.event(
        "microphone_ready",
        facts=dataclasses.asdict(microphone.facts),
        source_id=job.outlet.spec.source_id,
    )
    interrupted = False
    try:
        control = Control(obey) if args.events else None
        if control is None:
            obey({"cmd": "begin"})
        _wait(job, console, control, args.seconds)
    except KeyboardInterrupt:
        interrupted = True
    result = job.end()
    rate_hz = result["true_rate_hz"] or 0.0
    console.result(
        {**result, "audio": str(args.out)},
        f"{args.out}: {result['samples']} samples at {rate_hz:.3f} Hz (LSL clock),"
        f" {result['missing_samples']} missing",
    )
    if result["problem"]:
        raise WorkFailedError(result["problem"])
    return 130 if interrupted else 0


def _wait(
    job: AudioJob, console: Console, control: Control | None, seconds: float | None
) -> None:
    began, tick = time.monotonic(), 0
    while (seconds is None or time.monotonic() - began < seconds) and not job.failed:
        if control is not None and control.stopped.wait(_TICK_S):
            return
        if control is None:
            time.sleep(_TICK_S)
        job.watch()
        tick += 1
        if tick % _STATUS_EVERY == 0:
            console.event("status", **job.status())
