"""``emer-studio record``: the recorder alone."""

from __future__ import annotations

import argparse
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Control
from emer_studio.recording.recorder import Recorder
from emer_studio.streams.inlets import Found, find, find_one

_TICK_S = 0.1
_WARN_GB, _STOP_GB = 5.0, 1.0  # as Pupil Capture warns and stops
_STATUS_EVERY = 5  # ticks
# A parent that was killed takes the camera with it: its last frames are still on their way.
_LINGER_S = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("--out", type=Path, required=True, help="XDF file to create")
    parser.add_argument(
        "--stream",
        action="append",
        default=[],
        metavar="NAME",
        help="a stream by name, id:SOURCE_ID or type:TYPE; all streams without it",
    )
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    parser.add_argument(
        "--wait", type=float, default=10.0, metavar="S", help="how long to wait for streams"
    )
    parser.add_argument("--rings", type=Path, help=argparse.SUPPRESS)
    add_output_arguments(parser)


def _select(args: argparse.Namespace, console: Console) -> list[Found]:
    if not args.stream:
        found = find(2.0)
        if not found:
            raise MissingError(
                "There is no LSL stream on the network.",
                fix="Start a sender and try again.",
            )
        return found

    chosen = [_wait_for(query, args.wait, console) for query in args.stream]
    if len({found.uid for found in chosen}) < len(chosen):
        raise BadInputError("The same stream was asked for twice.")
    return chosen


def _wait_for(query: str, wait_s: float, console: Console) -> Found:
    def waiting(left_s: float) -> None:
        console.say(f"waiting for the stream {query!r}: {left_s:.0f} s left")

    return find_one(query, timeout_s=wait_s, on_wait=waiting)


def run(args: argparse.Namespace) -> int:
    """Record until the time is over, Ctrl-C, or the parent closes our standard input."""
    console = Console.of(args)
    if args.out.exists():
        raise BadInputError(
            f"{args.out} already exists; nothing was written.", fix="Choose another name."
        )
    if not args.out.parent.is_dir():
        raise BadInputError(f"The folder {args.out.parent} does not exist.")
    told = threading.Event()
    control = Control(lambda command: _obey(command, told)) if args.events else None
    recorder = Recorder(
        args.out, _select(args, console), on_event=console.event, ring_folder=args.rings
    )
    recorder.start()
    console.event("recording", streams=recorder.watch())
    interrupted = False
    began = time.monotonic()
    full = ""
    try:
        full = _watch(recorder, console, control, args, began)
        if control is not None and control.stopped.is_set() and not told.is_set():
            time.sleep(_LINGER_S)
    except KeyboardInterrupt:
        interrupted = True
    stopping = time.monotonic()
    streams = recorder.stop()
    result: dict[str, Any] = {
        "xdf": str(args.out),
        "streams": streams,
        "seconds": round(stopping - began, 3),
        "stop_s": round(time.monotonic() - stopping, 3),
    }
    rows = "\n".join(
        f"  {s['name']:<24} {s['samples']:>9} samples  {s['effective_hz']:>9.3f} Hz"
        f"  lost {s['lost']}"
        for s in streams
    )
    problem = recorder.problem or full
    console.result({**result, "problem": problem}, f"{args.out}\n{rows}")
    if problem:
        raise WorkFailedError(
            problem, fix="Make room on the disk; what was recorded is kept."
        )
    return 130 if interrupted else 0


def _obey(command: dict[str, Any], told: threading.Event) -> None:
    """Hear that the end is near and wanted: every sender has finished."""
    if command.get("cmd") == "stop":
        told.set()


def _watch(
    recorder: Recorder,
    console: Console,
    control: Control | None,
    args: argparse.Namespace,
    began: float,
) -> str:
    """Watch until the end; return why it had to end early, or nothing."""
    tick, warned = 0, False
    while args.seconds is None or time.monotonic() - began < args.seconds:
        if control is not None and control.stopped.wait(_TICK_S):
            return ""
        if control is None:
            time.sleep(_TICK_S)
        tick += 1
        table = recorder.watch()
        if recorder.problem:
            return recorder.problem
        if tick % _STATUS_EVERY:
            continue
        free_gb = shutil.disk_usage(args.out.parent).free / 1e9
        console.event("status", streams=table, free_gb=round(free_gb, 2))
        if free_gb < _STOP_GB:
            return f"Only {free_gb:.1f} GB are free: the recording was closed."
        if free_gb < _WARN_GB and not warned:
            warned = True
            console.event("finding", what=f"only {free_gb:.1f} GB are free")
            console.say(f"only {free_gb:.1f} GB are free")
    return ""
