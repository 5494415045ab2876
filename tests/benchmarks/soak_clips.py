"""Many short clips in a row: memory and open files of the participant's window stay flat.

python tests/benchmarks/soak_clips.py [--clips 500] [--clip-seconds 1]

glibc is told to give freed memory back at once: else it keeps up to some 60 MB, now more,
now less, and a leak could hide in that. The verdict is the slope behind the first clips, as
the median of the slopes between all pairs of measurements: no single one decides.

Memory is the anonymous part only. A page of a library counts as a process's own (USS) as
long as nobody else maps it, so another Qt program that ends beside this one would add some
70 MB to it, and a leak is never in such a page.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.recorders import machine
from emer_studio.core.process import Child
from emer_studio.stimulus.demo_clips import write_demo_clip

WARM = 40  # clips after which everything has been loaded once
EVERY = 10  # clips between two measurements
MOST_MB = 1.0
"""Growth per 100 clips that is still flat: a session of 42 clips then grows by 0.4 MB."""


# Above and below these sizes memory goes back to the system when it is freed.
_GIVE_BACK = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


@dataclass(frozen=True)
class Level:
    """Anonymous memory and open files of the window after some clips."""

    clips: int
    memory_mb: float
    files: int


def soak(folder: Path, clips: int, clip_s: float = 0.4) -> list[Level]:
    """Play the clips; return what the window holds after every tenth."""
    clip = folder / "clip.mp4"
    write_demo_clip(clip, "calm", clip_s)
    words = ["participant", "--presented", str(folder / "p.csv"), "--windowed"]
    with mock.patch.dict(os.environ, _GIVE_BACK):
        window = Child("participant", words, stderr_path=folder / "participant.txt")
    levels = []
    try:
        window.wait_for("ready", timeout_s=60)
        process = psutil.Process(window.pid)
        for number in range(1, clips + 1):
            window.send("prepare", trial=number, clip=f"c{number}", file=str(clip))
            window.wait_for("clip_ready", timeout_s=30)
            window.send("play")
            window.wait_for("clip_end", timeout_s=30)
            if number % EVERY == 0:
                levels.append(Level(number, anonymous_mb(process), process.num_fds()))
    finally:
        window.stop()
    return levels


def anonymous_mb(process: psutil.Process) -> float:
    """Return what the process holds in memory that is no file's and nobody else's."""
    memory = process.memory_info()
    return float(memory.rss - memory.shared) / 1e6


def slope_mb(levels: list[Level]) -> float:
    """Return the growth in MB per 100 clips behind the first ones (Theil and Sen)."""
    warm = [level for level in levels if level.clips >= WARM]
    return 100 * statistics.median(
        (b.memory_mb - a.memory_mb) / (b.clips - a.clips)
        for a, b in itertools.combinations(warm, 2)
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--clip-seconds", type=float, default=1.0)
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        levels = soak(Path(folder), args.clips, args.clip_seconds)
    print(f"{machine()}\n\n| clips | memory MB | open files |\n|---|---|---|")
    for level in levels:
        if level.clips % (5 * EVERY) == 0:
            print(f"| {level.clips} | {level.memory_mb:.1f} | {level.files} |")
    growth, more = slope_mb(levels), levels[-1].files - levels[0].files
    flat = growth <= MOST_MB and more <= 2
    print(
        f"\n{'flat' if flat else 'GROWS'}: {growth:+.2f} MB per 100 clips, {more:+d} files"
    )
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
