"""An hour of gaze at 1200 Hz: fixations by velocity and by dispersion, beside pymovements.

python tests/benchmarks/bench_eyes.py [--minutes 60] [--rate 1200] [--repeats 3]

Both get the same degrees, for I-VT the same velocity, and the same thresholds; each way of
getting a velocity is timed by itself, because the two are not the same filter. Medians of
several runs, in turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pymovements.events import detection
from pymovements.transforms import numpy as transforms

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.recorders import machine
from emer_studio.features.eye_events import eye_events
from emer_studio.features.fixations import idt, ivt
from emer_studio.features.gaze_table import GazeTable
from emer_studio.features.velocity import gaze_speed
from emer_studio.synthetic.gaze import GazeModel
from features.eye_signals import f1, table_of

THRESHOLD_DEG_S, DISPERSION_DEG, LEAST_S, WINDOW_S = 30.0, 1.0, 0.1, 0.02
_COMPARED = 2000  # fixations; each is compared with each
_PIECE_S = 60.0  # of the model's signal; repeated, because drawing an hour takes minutes

Ranges = npt.NDArray[np.int64]
_NOTHING: Ranges = np.zeros((0, 2), np.int64)


@dataclass(frozen=True)
class Row:
    """One step: medians, and how alike the fixations are."""

    name: str
    ours_s: float
    theirs_s: float
    fixations: int
    alike: float


def signal(seconds: float, rate_hz: int) -> GazeTable:
    """Return the gaze of a model with blinks and losses."""
    piece = GazeModel(7, rate_hz, noise_deg=0.05).next(int(_PIECE_S * rate_hz))
    n = int(seconds * rate_hz)
    table = table_of(piece).cut(np.resize(np.arange(len(piece.times_s)), n))
    return replace(table, times_s=np.arange(n) / rate_hz)


def compare(gaze: GazeTable, rate_hz: int, repeats: int) -> list[Row]:
    """Time both ways of both in turns."""
    times_s, deg = gaze.times_s, gaze.deg[:, 2]
    least = round(LEAST_S * rate_hz)
    least_s = (least + 1) / rate_hz  # they count from the first to the last sample
    steps = np.arange(len(times_s))

    def our_velocity() -> Ranges:
        gaze_speed(times_s, deg[:, None], WINDOW_S)
        return _NOTHING

    def their_velocity() -> Ranges:
        transforms.pos2vel(deg, sampling_rate=rate_hz, method="smooth")
        return _NOTHING

    speed = gaze_speed(times_s, deg[:, None], WINDOW_S)
    along = np.column_stack([speed, np.zeros_like(speed)])

    def our_ivt() -> Ranges:
        return ivt(times_s, speed, THRESHOLD_DEG_S, least_s)

    def their_ivt() -> Ranges:
        found = detection.ivt(
            along,
            timesteps=steps,
            minimum_duration=least,
            velocity_threshold=THRESHOLD_DEG_S,
        )
        return half_open(found)

    def our_idt() -> Ranges:
        return idt(times_s, deg, DISPERSION_DEG, least_s)

    def their_idt() -> Ranges:
        found = detection.idt(
            deg,
            timesteps=steps,
            minimum_duration=least,
            dispersion_threshold=DISPERSION_DEG,
        )
        return half_open(found)

    return [
        in_turns("velocity", our_velocity, their_velocity, repeats),
        in_turns("I-VT", our_ivt, their_ivt, repeats),
        in_turns("I-DT", our_idt, their_idt, repeats),
    ]


def half_open(found: Any) -> Ranges:
    """Return pymovements' events as half-open ranges."""
    frame = found.frame
    return np.column_stack([frame["onset"].to_numpy(), frame["offset"].to_numpy() + 1])


def in_turns(
    name: str, ours: Callable[[], Ranges], theirs: Callable[[], Ranges], repeats: int
) -> Row:
    """Run both `repeats` times, one after the other."""
    spent: dict[str, list[float]] = {"ours": [], "theirs": []}
    found = {}
    for _ in range(repeats):
        for who, work in (("ours", ours), ("theirs", theirs)):
            began = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # theirs, of lost samples
                found[who] = work()
            spent[who].append(time.perf_counter() - began)
    alike = f1(found["ours"][:_COMPARED], found["theirs"][:_COMPARED])
    ours_s, theirs_s = (statistics.median(spent[who]) for who in spent)
    return Row(name, ours_s, theirs_s, len(found["ours"]), alike)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=1200)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    gaze = signal(60 * args.minutes, args.rate)
    began = time.perf_counter()
    events = eye_events(gaze)
    whole_s = time.perf_counter() - began
    print(
        f"{machine()}\n\n{args.minutes:g} min at {args.rate} Hz: {len(gaze.times_s)} rows"
    )
    print("\n| step | ours s | pymovements s | ratio | fixations | F1 |")
    print("|---|---|---|---|---|---|")
    for row in compare(gaze, args.rate, args.repeats):
        ratio = row.ours_s / row.theirs_s
        times = f"{row.ours_s:.2f} | {row.theirs_s:.2f} | {ratio:.2f}"
        found = f"{row.fixations} | {row.alike:.3f}" if row.fixations else "|"
        print(f"| {row.name} | {times} | {found} |")
    print(f"\nCleaning, finding and measuring {len(events.table)} events: {whole_s:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
