"""Many short clips in a row: memory and open files of the participant's window stay flat.

python tests/benchmarks/soak_clips.py [--clips 500]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from emer_studio.core.process import Child
from emer_studio.stimulus.demo_clips import write_demo_clip

CLIP_S = 0.4
WARM = 20  # clips after which everything has been loaded once


def soak(folder: Path, clips: int) -> list[tuple[int, float, int]]:
    """Play the clips; return (clips so far, memory in MB, open files) now and then."""
    clip = folder / "clip.mp4"
    write_demo_clip(clip, "calm", CLIP_S)
    window = Child(
        "participant", ["participant", "--presented", str(folder / "p.csv"), "--windowed"]
    )
    rows = []
    try:
        window.wait_for("ready", timeout_s=60)
        process = psutil.Process(window.pid)
        for number in range(1, clips + 1):
            window.send("prepare", trial=number, clip=f"c{number}", file=str(clip))
            window.wait_for("clip_ready", timeout_s=30)
            window.send("play")
            window.wait_for("clip_end", timeout_s=30)
            if number in (WARM, clips // 2, clips):
                memory_mb = process.memory_info().rss / 1e6
                rows.append((number, memory_mb, process.num_fds()))
    finally:
        window.stop()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = soak(Path(folder), args.clips)
    print("| clips | memory MB | open files |\n|---|---|---|")
    for number, memory_mb, files in rows:
        print(f"| {number} | {memory_mb:.1f} | {files} |")
    grew = rows[-1][1] > 1.1 * rows[0][1] or rows[-1][2] > rows[0][2] + 2
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
