"""What training folds at the same time gains: the real command, in turns.

    python tests/benchmarks/bench_parallel.py [--sizes 1,2] [--repeats 3]

Whole runs of ``emer-studio train`` on synthetic data, start and scoring included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.recorders import machine


def emer(*words: object) -> None:
    """Run a command of the program."""
    line = [sys.executable, "-m", "emer_studio", *map(str, words)]
    subprocess.run(line, check=True, capture_output=True)


def timed(data: Path, out: Path, size: int, args: argparse.Namespace) -> float:
    """Return the seconds that a whole run takes."""
    begun = time.perf_counter()
    emer(
        "train", data, "--protocol", "er7", "--folds", args.folds, "--epochs", args.epochs,
        "--device", args.device, "--parallel", size, "--out", out,
    )  # fmt: skip
    return time.perf_counter() - begun


def main() -> None:
    """Make the runs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sizes", default="1,2")
    args = parser.parse_args()
    sizes = [int(size) for size in args.sizes.split(",")]
    taken: dict[int, list[float]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "d"
        emer(
            "dataset", "synth", "--out", data, "--participants", args.people,
            "--clips", 14, "--frames", 16, "--seed", 1,
        )  # fmt: skip
        for turn in range(args.repeats):
            for size in sizes:
                out = Path(place) / f"run{turn}_{size}"
                taken[size].append(timed(data, out, size, args))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine()}")
    print(
        f"EMERT, studio, {args.people} people x 14 clips, {args.folds} folds,"
        f" {args.epochs} epochs, median of {args.repeats} runs in turns\n"
    )
    print("| at the same time | whole run | beside one |\n| --- | --- | --- |")
    alone = statistics.median(taken[sizes[0]])
    for size in sizes:
        middle = statistics.median(taken[size])
        print(f"| {size} | {middle:.1f} s | {alone / middle:.2f} x |")


if __name__ == "__main__":
    main()
