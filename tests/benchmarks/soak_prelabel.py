"""An hour of video: what pre-labelling holds in memory stays flat.

    python tests/benchmarks/soak_prelabel.py [--minutes 60]

The video is ten drawn seconds at 640 x 360, repeated without being encoded again. A
process of its own pre-labels it with the command's code and says after each block how much
anonymous memory it holds (`soak_clips` says why that part, and why glibc gives back at once
here). The verdict is the median slope behind the first 1500 frames.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.bench_prelabel import panel_of, write_face_video
from benchmarks.recorders import machine
from benchmarks.soak_clips import _GIVE_BACK, anonymous_mb
from emer_studio.features.faces import open_detector
from emer_studio.fer.prelabel import DETECTION_WIDTH_PX, prelabel_file

WARM = 1500  # frames after which everything has been loaded once
MOST_MB = 10.0
"""Growth per hour of video at 30 frames a second that is still flat."""
Level = tuple[int, float]


def write_long_video(path: Path, seconds: float, size: tuple[int, int]) -> None:
    """Repeat ten seconds of a drawn face, packet by packet."""
    short = path.with_name("short.mp4")
    write_face_video(short, min(seconds, 10.0), size)
    tick = Fraction(1, 30_000)
    with av.open(str(short)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [p for p in source.demux(video=0) if p.dts is not None]
        base = packets[0].time_base
        length = round(min(seconds, 10.0) / base)
        content = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in packets]
        for turn in range(max(round(seconds / 10.0), 1)):
            for raw, pts, dts, key in content:
                packet = av.Packet(raw)
                packet.pts, packet.dts = (
                    round((at + turn * length) * base / tick) for at in (pts, dts)
                )
                packet.time_base, packet.stream, packet.is_keyframe = tick, stream, key
                target.mux(packet)


def soak(folder: Path, seconds: float, size: tuple[int, int]) -> list[Level]:
    """Pre-label a long video in a process of its own; return frames and MB as they were."""
    video = folder / "long.mkv"
    write_long_video(video, seconds, size)
    tests = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, __file__, "--look", str(video)],
        env=os.environ | _GIVE_BACK | {"PYTHONPATH": f"{Path(tests).parent}:{tests}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    return [(int(frames), float(memory)) for frames, memory in rows]


def look(video: Path) -> None:
    """Pre-label and say after each block how much memory there is."""
    cv2.setNumThreads(1)
    process = psutil.Process()

    def say(done: int, total: int, fps: float) -> None:
        print(done, anonymous_mb(process), flush=True)

    detector = open_detector(width_px=DETECTION_WIDTH_PX)
    table = video.with_suffix(".csv")
    prelabel_file(video, panel_of(video.parent), detector, table, progress=say)
    print(sum(1 for _ in table.open()) - 1, anonymous_mb(process), flush=True)


def slope_mb(levels: list[Level], warm: int = WARM) -> float:
    """Return the growth in MB per hour of video (the median slope of all pairs)."""
    late = [level for level in levels if level[0] >= warm]
    pairs = [(a, b) for a, b in itertools.combinations(late, 2) if b[0] > a[0]]
    return 108_000 * statistics.median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs)


def main() -> int:
    """Print the table; 1 when memory grows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.look:
        look(args.look)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        levels = soak(Path(folder), 60 * args.minutes, (640, 360))
    print(f"{machine()}\n\n| frames | memory MB |\n|---|---|")
    for frames, memory in levels[:: max(len(levels) // 12, 1)]:
        print(f"| {frames} | {memory:.1f} |")
    print(f"| {levels[-1][0]}, the table written | {levels[-1][1]:.1f} |")
    growth = slope_mb(levels)
    print(f"\n{'flat' if growth <= MOST_MB else 'GROWS'}: {growth:+.1f} MB an hour")
    return 0 if growth <= MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())
