"""``emer-studio camera``: one camera to Matroska files.

Events (``--events``): ``camera_ready``, ``begun``, ``status``, ``look`` (with ``--look``:
rate, face, light), ``finding`` (silence, the camera is back, drops), ``video`` (a further
file was begun), ``error``, ``result``.
Commands: ``begin``, ``situation``; the end of the input ends it.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.devices.camera import CameraOptions, camera_opener
from emer_studio.recording.camera_job import CameraJob
from emer_studio.recording.codecs import CODECS
from emer_studio.recording.face_file import names_of

_TICK_S = 0.1
_STATUS_EVERY = 5
_SPEC_HELP = (
    "0, 1 … (a camera of this machine), file:VIDEO (over and over), once:VIDEO (ends with"
    " the video), sim, or sim:KEY=VALUE,… with seed=N, emotion=NAME, code=1 (frame number"
    " and stamp in every picture), pre=N (N pictures drawn beforehand), jpeg=1, and faults:"
    " drop=N-M (frames), stall=5+2 (at 5 s, for 2 s), unplug=10+3, hang=8"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("--camera", default="0", metavar="SPEC", help=_SPEC_HELP)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="Matroska file to create; a camera that had to be opened again goes on in the"
        " next number (face_001.mkv, face_002.mkv)",
    )
    parser.add_argument("--width", type=int, default=640)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument(
        "--codec",
        choices=CODECS,
        default="h264",
        help="h264 (visually lossless), near-lossless (H.264 at a rate factor of 8, about"
        " four times the size), mjpeg (the camera's own JPEG pictures, not encoded again)",
    )
    parser.add_argument(
        "--mains",
        type=int,
        choices=(50, 60),
        default=0,
        help="frequency of the mains in Hz, against flicker; left as it is without",
    )
    parser.add_argument(
        "--source-id", default="", metavar="ID", help="continue as this LSL source"
    )
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    parser.add_argument(
        "--look", action="store_true", help="tell once a second what the pictures show"
    )
    parser.add_argument("--preview", type=Path, help=argparse.SUPPRESS)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Capture until the time is over, Ctrl-C, or the parent closes our standard input.

    Under a parent (``--events``) writing begins with the command ``{"cmd": "begin"}``.
    """
    console = Console.of(args)
    job = _job(args, console)
    commands = _Commands(job, console)
    # It listens before the camera is open: a driver may take long, or for ever.
    control = Control(commands.obey) if args.events else None
    try:
        facts = job.open(lambda: control is not None and control.stopped.is_set())
    except WorkFailedError as problem:
        if job.source.blocked:
            _leave(console, problem)
        raise
    console.event(
        "camera_ready",
        facts=dataclasses.asdict(facts),
        source_id=job.outlet.spec.source_id,
        preview=str(args.preview or ""),
        codec=args.codec,
    )
    if control is None:
        locked = "".join(f", {name} {text}" for name, text in facts.details)
        console.say(
            f"{facts.driver}: {facts.width_px}x{facts.height_px} {facts.pixel_format} at"
            f" {facts.fps:g} frames a second{locked} (Ctrl-C ends it)"
        )
    interrupted = False
    try:
        commands.camera_opened()
        if control is None:
            commands.obey({"cmd": "begin"})
        _wait(job, console, control, args.seconds)
    except KeyboardInterrupt:
        interrupted = True
    summary = job.end()
    result = {**summary, "video": str(args.out), "facts": dataclasses.asdict(facts)}
    text = (
        f"{args.out}: {summary['frames']} frames, {summary['dropped']} dropped,"
        f" {summary['missed']} missed in {summary['gaps']} gaps"
    )
    console.result(result, text)
    if job.source.blocked:
        _leave(console, WorkFailedError(summary["problem"]) if summary["problem"] else None)
    if summary["problem"] and not summary["frames"]:
        raise MissingError(summary["problem"])
    if summary["problem"]:
        raise WorkFailedError(summary["problem"])
    return 130 if interrupted else 0


def _leave(console: Console, problem: WorkFailedError | None) -> None:
    """End the process with a driver's call still out; nothing of ours is open any more.

    Ending normally would wait for the call, or crash in it.
    """
    if problem is not None:
        console.event("error", text=str(problem), code=problem.exit_code)
        console.say(str(problem))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(problem.exit_code if problem is not None else 0)


class _Commands:
    """What the parent says; kept until the camera is open."""

    def __init__(self, job: CameraJob, console: Console) -> None:
        self._job, self._console = job, console
        self._lock = threading.Lock()
        self._early: list[dict[str, Any]] | None = []
        self._begun = False

    def camera_opened(self) -> None:
        """Obey what came too early."""
        with self._lock:
            early, self._early = self._early or [], None
        for command in early:
            self.obey(command)

    def obey(self, command: dict[str, Any]) -> None:
        """Obey one command."""
        with self._lock:
            if self._early is not None:
                self._early.append(command)
                return
        if command.get("cmd") == "begin" and not self._begun:
            self._begun = True
            self._begin(wait_for_recorder=bool(command.get("wait_for_recorder")))
        elif command.get("cmd") == "situation":
            self._job.source.situation(command)

    def _begin(self, *, wait_for_recorder: bool) -> None:
        # Nobody may miss the first index: wait for the recorder's inlet.
        if wait_for_recorder and not self._job.outlet.wait_until_watched(10.0):
            self._console.event("error", text="camera: the recorder did not connect")
        self._job.begin()
        self._console.event("begun")


def _job(args: argparse.Namespace, console: Console) -> CameraJob:
    for taken in names_of(args.out):
        if taken.exists():
            raise BadInputError(f"{taken} already exists; nothing was written.")
    # A session opens its camera before it has a folder: `begin` comes when there is one.
    if not args.events and not args.out.parent.is_dir():
        raise BadInputError(f"The folder {args.out.parent} does not exist.")
    if not (0 < args.fps <= 1000 and min(args.width, args.height) >= 32):
        raise BadInputError(
            "Expected at least 32 x 32 pixels and a rate of up to 1000 frames a second;"
            f" found {args.width} x {args.height} at {args.fps:g}."
        )
    options = CameraOptions(
        width_px=args.width,
        height_px=args.height,
        fps=args.fps,
        jpeg=args.codec == "mjpeg",
        mains_hz=args.mains,
    )
    return CameraJob(
        camera_opener(args.camera, options),
        args.out,
        on_event=console.event,
        preview=args.preview,
        source_id=args.source_id,
        codec=args.codec,
        look=args.look,
    )


def _wait(
    job: CameraJob, console: Console, control: Control | None, seconds: float | None
) -> None:
    began, tick = time.monotonic(), 0
    while (seconds is None or time.monotonic() - began < seconds) and not job.failed:
        if control is not None and control.stopped.wait(_TICK_S):
            return
        if control is None:
            time.sleep(_TICK_S)
        tick += 1
        if tick % _STATUS_EVERY == 0:
            console.event("status", **job.status())
