"""``emer-studio validate``: how accurate an eye tracker is, for the person before it."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic, write_json
from emer_studio.core.process import Control
from emer_studio.core.stopping import signals_set
from emer_studio.schema.base import validate
from emer_studio.schema.protocol import Validation
from emer_studio.session.gaze_plot import draw
from emer_studio.session.validate import GazeTest, measure_gaze

_HEAD = "point    x    y   error   right    down     RMS      SD    lost"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    known = Validation()
    parser.description = (
        "Shows 5, 9 or 13 points on the participant's window and measures, through LSL, how"
        " far the gaze is from each (accuracy), how much it trembles (precision: RMS from"
        " sample to sample, and SD) and how much is lost. Exit code 0: within the limits;"
        " 1: not."
    )
    parser.add_argument("--gaze", required=True, metavar="NAME", help="LSL stream, or sim")
    parser.add_argument("--points", type=int, choices=(5, 9, 13), default=known.points)
    parser.add_argument("--display", type=int, metavar="N")
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument("--headless", action="store_true", help="no visible display")
    parser.add_argument("--language", default="en")
    parser.add_argument("--gaze-wait", type=float, default=10.0, metavar="S")
    parser.add_argument(
        "--distance-mm",
        type=float,
        metavar="D",
        help="from the eyes to the display, where the tracker does not tell it"
        " (else 650 is assumed)",
    )
    parser.add_argument(
        "--screen-mm", metavar="WxH", help="size of the display, where the system is wrong"
    )
    for name, unit, about in (
        ("accuracy-deg", "DEG", "limit of the mean error"),
        ("worst-deg", "DEG", "limit of the error at the worst point"),
        ("loss-pct", "PCT", "limit of the lost gaze"),
    ):
        default = getattr(known, name.replace("-", "_"))
        parser.add_argument(
            f"--{name}",
            type=float,
            default=default,
            metavar=unit,
            help=f"{about}, else {default:g}",
        )
    parser.add_argument("--seed", type=int, default=0, help="of the order of the points")
    parser.add_argument(
        "--out", type=Path, metavar="FILE.json", help="write the result, and FILE.svg"
    )
    parser.add_argument(
        "--sim-accuracy", type=float, default=0.4, metavar="DEG", help="of --gaze sim"
    )
    parser.add_argument(
        "--sim-noise", type=float, default=0.1, metavar="DEG", help="of --gaze sim"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure, print and keep the result."""
    console = Console.of(args)
    plot = args.out.with_suffix(".svg") if args.out is not None else None
    for path in filter(None, (args.out, plot)):
        if path.exists():
            raise BadInputError(f"{path} already exists; nothing was written.")
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    stop = threading.Event()
    if args.events:
        Control(on_end=stop.set)
    test = _test(args)
    with signals_set(stop), tempfile.TemporaryDirectory(prefix="emer-gaze-") as folder:
        result = measure_gaze(test, Path(folder), console, stop)
    if args.out is not None and plot is not None:
        write_json(args.out, result)
        write_atomic(plot, draw(result))
    console.result(result, _table(result))
    return 0 if result["accepted"] else 1


def _test(args: argparse.Namespace) -> GazeTest:
    names = ("points", "accuracy_deg", "worst_deg", "loss_pct", "distance_mm")
    raw: dict[str, Any] = {name: getattr(args, name) for name in names}
    if args.screen_mm:
        raw["screen_mm"] = _size(args.screen_mm)
    return GazeTest(
        gaze=args.gaze,
        wanted=validate(raw, Validation, source="the limits"),
        seed=args.seed,
        display=args.display,
        windowed=args.windowed,
        language=args.language,
        gaze_wait_s=args.gaze_wait,
        simulator=(
            *("--seed", str(args.seed)),
            *("--accuracy", str(args.sim_accuracy), "--noise", str(args.sim_noise)),
        ),
    )


def _size(text: str) -> tuple[float, float]:
    width, _, height = text.lower().partition("x")
    try:
        return float(width), float(height)
    except ValueError:
        raise BadInputError(
            f"Expected a size in mm such as 531x299, found {text!r}."
        ) from None


def _table(result: dict[str, Any]) -> str:
    lines = [_HEAD]
    for row in result["points"]:
        place = f"{row['number']:5d} {row['x']:4.2f} {row['y']:4.2f}"
        lines.append(f"{place} {_numbers(row)}")
    lines.append(f"{'all':15s} {_numbers(result)}")
    for eye, row in result["eyes"].items():
        lines.append(f"{eye:15s} {_numbers(row)}")
    geometry = result["geometry"]
    lines.append(
        f"display {geometry['width_mm']:.0f} x {geometry['height_mm']:.0f} mm"
        f" ({geometry['size_from']}), distance {geometry['distance_mm']:.0f} mm"
        f" ({geometry['distance_from']}), {result['rate_hz']:.0f} Hz"
    )
    lines += [f"  note: {doubt}" for doubt in result["doubts"]]
    lines += [f"  - {why}" for why in result["why"]]
    lines.append("accepted" if result["accepted"] else "not accepted")
    return "\n".join(lines)


def _numbers(row: dict[str, Any]) -> str:
    names = ("accuracy_deg", "right_deg", "down_deg", "rms_deg", "sd_deg")
    values = [row.get(name) for name in names]
    cells = ["      -" if v is None else f"{v:6.2f}°" for v in values]
    return f"{' '.join(cells)} {row['loss_pct']:5.1f} %"
