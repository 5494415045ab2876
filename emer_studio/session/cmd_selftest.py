"""``emer-studio selftest``: how late display, camera and sound are on this machine."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emer_studio.core import settings
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Control
from emer_studio.core.settings import KnownLag
from emer_studio.core.stopping import signals_set
from emer_studio.session.selftest import SelfTest, measure, write_times


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "The participant's window flashes and clicks at known times. A photodiode on it"
        " tells the display's lag, a camera that faces it that of display and camera"
        " together, a microphone that of the sound. Without any of them the times are"
        " written for instruments of your own. Nothing is ever subtracted: what is kept"
        " goes into the manifest of every session."
    )
    parser.add_argument("--camera", default="", metavar="SPEC", help="0, 1 …, facing it")
    parser.add_argument("--microphone", default="", metavar="SPEC", help="default, 0, 1 …")
    parser.add_argument(
        "--photodiode", default="", metavar="STREAM", help="LSL stream, first channel"
    )
    parser.add_argument("--repeats", type=int, default=4, metavar="N")
    parser.add_argument(
        "--corner", action="store_true", help="flash the upper left corner only"
    )
    parser.add_argument("--display", type=int, metavar="N")
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument("--headless", action="store_true", help="no visible display")
    parser.add_argument(
        "--times", type=Path, metavar="FILE.csv", help="write when it flashed and clicked"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep what was measured as settings"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="WHAT=MS",
        help="keep a lag that was measured otherwise, such as display=23.5 or sound=8;"
        " shows nothing",
    )
    parser.add_argument("--known", action="store_true", help="print what is kept")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, or keep and print what is known."""
    console = Console.of(args)
    if args.set:
        for lag in [_by_hand(text) for text in args.set]:
            settings.remember_lag(lag)
    if args.set or args.known:
        known = settings.load().lags
        text = "\n".join(map(_line, known)) or "No lag is known yet."
        console.result({"lags": [asdict(lag) for lag in known]}, text)
        return 0
    if args.times is not None and args.times.exists():
        raise BadInputError(f"{args.times} already exists; nothing was written.")
    if not 1 <= args.repeats <= 100:
        raise BadInputError(f"Expected 1 to 100 repeats, found {args.repeats}.")
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    stop = threading.Event()
    if args.events:
        Control(on_end=stop.set)
    with signals_set(stop), tempfile.TemporaryDirectory() as folder:
        result = measure(_test(args), Path(folder), console, stop)
    _report(args, result, console)
    return 0


def _test(args: argparse.Namespace) -> SelfTest:
    return SelfTest(
        camera=args.camera,
        microphone=args.microphone,
        photodiode=args.photodiode,
        repeats=args.repeats,
        corner=args.corner,
        display=args.display,
        windowed=args.windowed,
    )


def _report(args: argparse.Namespace, result: dict[str, Any], console: Console) -> None:
    marks: list[dict[str, Any]] = result.pop("marks")
    lags: list[KnownLag] = result["lags"]
    if args.times is not None:
        write_times(args.times, marks)
    if args.keep:
        for lag in lags:
            settings.remember_lag(lag)
    lines = [_line(lag) for lag in lags]
    lines += [f"not seen or heard: {how}" for how in result["missed"]]
    flashes = sum(level for mark in marks for _, level in mark["edges"])
    lines.append(f"{flashes} flashes shown" + (", lags kept" if args.keep and lags else ""))
    shown = {**result, "lags": [asdict(lag) for lag in lags], "flashes": flashes}
    console.result(shown, "\n".join(lines))


def _line(lag: KnownLag) -> str:
    se = f" ± {lag.se_ms:.1f}" if lag.se_ms else ""
    device = f" of {lag.device}" if lag.device else ""
    return f"{lag.what}{device}: {lag.lag_ms:.1f}{se} ms ({lag.how}, {lag.measured[:10]})"


def _by_hand(text: str) -> KnownLag:
    what, _, value = text.partition("=")
    try:
        lag_ms = float(value)
    except ValueError:
        lag_ms = float("nan")
    if what not in ("display", "sound") or not -100 <= lag_ms <= 1000:
        raise BadInputError(
            f"Expected display=MS or sound=MS, from -100 to 1000 ms, found {text!r}.",
            fix="For example --set display=23.5",
        )
    return KnownLag(what, "", lag_ms, 0.0, utc_now(), "entered by hand")
