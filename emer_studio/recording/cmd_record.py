"""``emer-studio record``: the recorder alone."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import next_free
from emer_studio.core.process import Control
from emer_studio.recording.rcs import DEFAULT_PORT, serve
from emer_studio.recording.record_table import LiveTable, rows_text
from emer_studio.recording.take import TICK_S, Take
from emer_studio.streams.inlets import Found, Network, find_all, matches

# A parent that was killed takes the camera with it: its last frames are still on their way.
_LINGER_S = 0.5
_LOOK_S = 2.0  # how long everything on the network is given to answer


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="XDF file to create (an existing one is kept: the next free name is taken);"
        " with --rcs, the folder for recordings",
    )
    parser.add_argument(
        "--stream",
        action="append",
        default=[],
        metavar="NAME",
        help="a stream by name, id:SOURCE_ID, type:TYPE or uid:UID; without it all streams,"
        " also those that appear later",
    )
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="beside --stream: a stream that is recorded when it is there, and waited for"
        " no longer than two seconds",
    )
    parser.add_argument("--seconds", type=float, help="stop by itself after N seconds")
    parser.add_argument(
        "--wait", type=float, default=10.0, metavar="S", help="how long to wait for streams"
    )
    parser.add_argument(
        "--late",
        action="store_true",
        help="after --wait, begin with the streams that are there; the others join later",
    )
    parser.add_argument(
        "--rcs",
        type=int,
        nargs="?",
        const=DEFAULT_PORT,
        metavar="PORT",
        help="obey LabRecorder's remote control commands on this machine"
        f" (port {DEFAULT_PORT})",
    )
    parser.add_argument("--rings", type=Path, help=argparse.SUPPRESS)
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Record until the time is over, Ctrl-C, or the parent closes our standard input."""
    console = Console.of(args)
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if args.seconds is not None and not args.seconds >= 0:
        raise BadInputError(f"Expected a number of seconds, found {args.seconds}.")
    if args.rcs is not None:
        return serve(args.rcs, args.out, args.stream, console, args.seconds)
    if not args.out.parent.is_dir():
        raise BadInputError(f"The folder {args.out.parent} does not exist.")
    out = next_free(args.out)
    if out != args.out:
        console.say(f"{args.out.name} exists and is kept; recording into {out.name}")
    network, end = Network(), _End(args)
    chosen = _choose(args, console, network, end)
    table = LiveTable() if not (args.json or args.events) else None
    take = Take(
        out,
        chosen,
        queries=args.stream,
        also=args.also,
        network=network,
        console=console,
        ring_folder=args.rings,
        on_status=table.show if table is not None else lambda *_: None,
    )
    end.on_want = take.recorder.want
    interrupted = False
    try:
        while not take.problem and (args.seconds is None or take.seconds < args.seconds):
            if end.came(TICK_S):
                break
            if not end.near:
                take.tick()
    except KeyboardInterrupt:
        interrupted = True
    finally:  # whatever went wrong in watching, the file gets its end
        result = take.finish()
        if table is not None:
            table.close()
    console.result(result, f"{out}\n{rows_text(result['streams'])}")
    if result["problem"]:
        raise WorkFailedError(
            result["problem"], fix="Make room on the disk; what was recorded is kept."
        )
    return 130 if interrupted else 0


def _as_ctrl_c(_number: int, _frame: object) -> None:
    """Let a polite kill close the file too."""
    raise KeyboardInterrupt


class _End:
    """When a parent wants the recording to end, and what it says before."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._told = threading.Event()
        self.on_want: Any = None
        self._control = Control(self._obey) if args.events else None

    def _obey(self, command: dict[str, Any]) -> None:
        if command.get("cmd") == "stop":
            self._told.set()  # senders are ending one after the other, as they are meant to
        elif command.get("cmd") == "want" and self.on_want is not None:
            self.on_want(str(command["stream"]))

    @property
    def near(self) -> bool:
        """Whether the parent has said that it is about to end everything."""
        return self._told.is_set()

    @property
    def now(self) -> bool:
        """Whether the parent is gone."""
        return self._control is not None and self._control.stopped.is_set()

    def came(self, wait_s: float) -> bool:
        """Wait a little; tell whether it is time to end."""
        if self._control is None:
            time.sleep(wait_s)
            return False
        if not self._control.stopped.wait(wait_s):
            return False
        if not self._told.is_set():
            time.sleep(_LINGER_S)
        return True


def _choose(
    args: argparse.Namespace, console: Console, network: Network, end: _End
) -> list[tuple[str, Found]]:
    """Find the streams to begin with."""
    if not args.stream:
        time.sleep(_LOOK_S)
        seen = network.seen()
        if not seen and not args.late:
            raise MissingError(
                "There is no LSL stream on the network.",
                fix="Start a sender and try again, or wait for senders with --late.",
            )
        return [("", found) for found in seen]

    def waiting(missing: list[str], left_s: float) -> None:
        names = ", ".join(map(repr, missing))
        console.say(f"waiting for the stream {names}: {left_s:.0f} s left")

    found = find_all(
        args.stream,
        timeout_s=args.wait,
        some=args.late,
        on_wait=waiting,
        stop=lambda: end.now,
        network=network,
    )
    if len({hit.uid for hit in found.values()}) < len(found):
        raise BadInputError("The same stream was asked for twice.")
    taken = {hit.uid for hit in found.values()}
    return [*found.items(), *_beside(args.also, taken, network)]


def _beside(
    queries: list[str], taken: set[str], network: Network
) -> list[tuple[str, Found]]:
    """Find the streams that need not be there; the first one that a query fits is it."""
    found: dict[str, Found] = {}
    for _ in range(round(_LOOK_S / TICK_S)):
        for hit in network.seen():
            query = next((q for q in queries if q not in found and matches(hit, q)), None)
            if query is not None and hit.uid not in taken:
                found[query] = hit
                taken.add(hit.uid)
        if len(found) == len(set(queries)):
            break
        time.sleep(TICK_S)
    return list(found.items())
