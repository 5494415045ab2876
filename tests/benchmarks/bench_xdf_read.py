"""How long our reader takes for a session's gaze, beside pyxdf.

    python tests/benchmarks/bench_xdf_read.py [--minutes 30] [--rounds 5]

The file is written as the recorder writes it: 250 Hz, 38 channels of float32, eight
samples a chunk (one pull each 30 ms), a clock offset every second, a marker a second.
"""

from __future__ import annotations

import argparse
import datetime
import logging
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyxdf

from emer_studio.recording.xdf import XdfWriter
from emer_studio.recording.xdf_load import load_xdf

RATE_HZ, CHANNELS, PER_CHUNK = 250, 38, 8


def _header(name: str, channel_format: str, channels: int, rate: int) -> str:
    return (
        f"<info><name>{name}</name><type>Gaze</type><channel_count>{channels}</channel_count>"
        f"<nominal_srate>{rate}</nominal_srate><channel_format>{channel_format}"
        f"</channel_format><source_id>bench</source_id><desc/></info>"
    )


def write_file(path: Path, minutes: float) -> int:
    """Write the file; return how many gaze samples it holds."""
    writer = XdfWriter(path)
    gaze = writer.add_stream(_header("gaze", "float32", CHANNELS, RATE_HZ))
    marks = writer.add_stream(_header("marks", "string", 1, 0))
    rng = np.random.default_rng(1)
    n_chunks = round(minutes * 60 * RATE_HZ / PER_CHUNK)
    values = rng.random((PER_CHUNK, CHANNELS)).astype(np.float32)
    for k in range(n_chunks):
        stamps = 1000.0 + (k * PER_CHUNK + np.arange(PER_CHUNK)) / RATE_HZ
        writer.samples(gaze, stamps, values)
        if k % 31 == 0:
            at_s = float(stamps[-1])
            writer.offset(gaze, at_s, -5e-4 * at_s + float(rng.normal(0, 2e-5)))
            writer.samples(marks, stamps[-1:], [["mark"]])
    writer.close()
    return n_chunks * PER_CHUNK


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median time of `rounds` runs."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def measure(minutes: float, rounds: int) -> dict[str, float]:
    """Return file size (MB), samples, and the median load time (s) of both readers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.xdf"
        n = write_file(path, minutes)
        ours = seconds(lambda: load_xdf(path), rounds)
        theirs = seconds(
            lambda: pyxdf.load_xdf(str(path), dejitter_timestamps=False), rounds
        )
        loaded = load_xdf(path).streams[0]
        if len(loaded.stamps_s) != n:
            raise SystemExit(f"{n} samples were written, {len(loaded.stamps_s)} were read")
        size = path.stat().st_size / 1e6
    return {"mb": size, "samples": n, "ours_s": ours, "pyxdf_s": theirs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    logging.getLogger("pyxdf").setLevel(logging.ERROR)
    found = measure(args.minutes, args.rounds)
    print(f"{datetime.date.today()}, {platform.platform()}, {os.cpu_count()} cores")
    print(f"{found['mb']:.0f} MB, {found['samples']:.0f} samples, median of {args.rounds}")
    print("| reader | seconds |\n|---|---|")
    print(f"| EMER Studio | {found['ours_s']:.3f} |")
    print(f"| pyxdf {pyxdf.__version__} | {found['pyxdf_s']:.3f} |")
    print(f"ratio ours / pyxdf: {found['ours_s'] / found['pyxdf_s']:.2f}")


if __name__ == "__main__":
    main()
