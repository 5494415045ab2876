"""``emer-studio camera``: one camera to one Matroska file."""

from __future__ import annotations

import argparse
import dataclasses
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.devices.camera import open_camera
from emer_studio.recording.camera_job import CameraJob

_TICK_S = 0.1
_STATUS_EVERY = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--camera", default="0", metavar="SPEC", help="0, file:VIDEO or sim"
    )
    parser.add_argument("--out", type=Path, required=True, help="Matroska file to create")
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    parser.add_argument("--preview", type=Path, help=argparse.SUPPRESS)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Capture until the time is over, Ctrl-C, or the parent closes our standard input.

    Under a parent (``--events``) writing begins with the command ``{"cmd": "begin"}``.
    """
    console = Console.of(args)
    if args.out.exists():
        raise BadInputError(f"{args.out} already exists; nothing was written.")
    camera = open_camera(args.camera, width=args.width, height=args.height, fps=args.fps)
    job = CameraJob(camera, args.out, on_event=console.event, preview=args.preview)
    begun = threading.Event()

    def obey(command: dict[str, Any]) -> None:
        if command.get("cmd") == "begin" and not begun.is_set():
            # Nobody may miss the first index: wait for the recorder's inlet.
            if command.get("wait_for_recorder") and not job.outlet.wait_until_watched(10.0):
                console.event("error", text="camera: the recorder did not connect")
            job.begin()
            begun.set()
            console.event("begun")
        elif command.get("cmd") == "situation":
            camera.situation(command)

    console.event(
        "camera_ready",
        facts=dataclasses.asdict(camera.facts),
        source_id=job.outlet.spec.source_id,
        preview=str(args.preview or ""),
    )
    interrupted = False
    try:
        if args.events:
            control: Control | None = Control(obey)
        else:
            control = None
            obey({"cmd": "begin"})
        _wait(job, console, control, args.seconds)
    except KeyboardInterrupt:
        interrupted = True
    summary = job.end()
    result = {"video": str(args.out), "facts": dataclasses.asdict(camera.facts), **summary}
    text = f"{args.out}: {summary['frames']} frames, {summary['dropped']} dropped"
    console.result(result, text)
    if summary["problem"] and not summary["frames"]:
        raise MissingError(summary["problem"])
    if summary["problem"]:
        raise WorkFailedError(summary["problem"])
    return 130 if interrupted else 0


def _wait(
    job: CameraJob, console: Console, control: Control | None, seconds: float | None
) -> None:
    began, tick = time.monotonic(), 0
    while (seconds is None or time.monotonic() - began < seconds) and not job.problem:
        if control is not None and control.stopped.wait(_TICK_S):
            return
        if control is None:
            time.sleep(_TICK_S)
        tick += 1
        if tick % _STATUS_EVERY == 0:
            console.event("status", **job.status())
