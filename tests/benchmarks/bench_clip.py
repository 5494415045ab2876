"""How evenly clips are shown: our participant's window beside QtMultimedia.

    python tests/benchmarks/bench_clip.py [--seconds 20] [--sizes 1280x720 …] [--fps 30]

Both play the same clip with sound, one after the other, in a process of its own under an
Xvfb (its refresh is not that of a screen). Ours is the time that a frame's paint was
submitted, QtMultimedia's the time that its sink got the frame: it tells nothing later.
ffplay tells no time of any frame and is not compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.recorders import machine
from emer_studio.core.process import Child

PLAYER = Path(__file__).with_name("qt_player.py")


@dataclass(frozen=True)
class Shown:
    """What became of a clip."""

    frames: int
    expected: int
    intervals_ms: tuple[float, float, float]
    drift_ms: float
    cores: float


def write_clip(path: Path, size: tuple[int, int], fps: int, seconds: float) -> None:
    """Write a clip with moving content and a tone (H.264 and AAC)."""
    width, height = size
    rng = np.random.default_rng(1)
    ground = rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    ground = np.kron(ground, np.ones((8, 8, 1), np.uint8))[:height, :width]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=48_000, layout="mono")
        for index in range(round(seconds * fps)):
            moved = np.ascontiguousarray(np.roll(ground, 4 * index, axis=1))
            frame = av.VideoFrame.from_ndarray(moved, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        t = np.arange(round(seconds * 48_000)) / 48_000
        tone = (0.1 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
        for start in range(0, len(tone), 1024):
            block = av.AudioFrame.from_ndarray(
                tone[None, start : start + 1024], format="fltp", layout="mono"
            )
            block.sample_rate, block.pts = 48_000, start
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def ours(clip: Path, folder: Path) -> Shown:
    """Play the clip in the participant's window."""
    words = ["participant", "--presented", str(folder / "presented.csv"), "--windowed"]
    window = Child("participant", words)
    try:
        window.wait_for("ready", timeout_s=60)
        window.send("prepare", trial=1, clip="clip", file=str(clip))
        window.wait_for("clip_ready", timeout_s=60)
        before, began = cpu_s(window.pid), time.monotonic()
        window.send("play")
        found = window.wait_for("clip_end", timeout_s=600)["summary"]
        cores = (cpu_s(window.pid) - before) / (time.monotonic() - began)
    finally:
        window.stop()
    names = ("interval_p50_ms", "interval_p99_ms", "interval_max_ms")
    p50, p99, top = (float(found[name]) for name in names)
    drift = float(found["wall_minus_media_ms"])
    return Shown(found["shown"], found["expected"], (p50, p99, top), drift, cores)


def qt(clip: Path, seconds: float, expected: int) -> Shown:
    """Play the clip with QtMultimedia."""
    words = [sys.executable, str(PLAYER), str(clip), str(seconds)]
    process = psutil.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    time.sleep(seconds)
    times = process.cpu_times()
    cores = (times.user + times.system) / (time.monotonic() - began)
    text, _ = process.communicate(timeout=seconds + 60)
    # Without PulseAudio's library QtMultimedia cannot be imported on Linux.
    rows = np.array(json.loads(text)["rows"] if text else []).reshape(-1, 2)
    if len(rows) < 2:
        return Shown(len(rows), expected, (np.nan, np.nan, np.nan), np.nan, cores)
    steps = np.diff(rows[:, 0]) * 1e3
    drift = (np.ptp(rows[:, 0]) - np.ptp(rows[:, 1])) * 1e3
    p50, p99, top = (float(v) for v in np.percentile(steps, (50, 99, 100)))
    return Shown(len(rows), expected, (p50, p99, top), float(drift), cores)


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def a_screen() -> Iterator[None]:
    """Give both a display of their own, where Xvfb is installed."""
    if "DISPLAY" in os.environ or shutil.which("Xvfb") is None:
        yield
        return
    number = f":{90 + os.getpid() % 9}"
    screen = subprocess.Popen(
        ["Xvfb", number, "-screen", "0", "1920x1080x24"], stderr=subprocess.DEVNULL
    )
    os.environ["DISPLAY"] = number
    os.environ.pop("QT_QPA_PLATFORM", None)
    time.sleep(1.0)
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        screen.terminate()
        screen.wait()


def row(name: str, size: tuple[int, int], shown: Shown) -> str:
    p50, p99, top = shown.intervals_ms
    return (
        f"| {size[0]}x{size[1]} | {name} | {shown.frames} of {shown.expected} |"
        f" {p50:.1f} / {p99:.1f} / {top:.1f} | {shown.drift_ms:.1f} | {shown.cores:.2f} |"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--sizes", nargs="+", default=["1280x720", "1920x1080"])
    args = parser.parse_args()
    print(f"{machine()}\n{args.seconds:.0f} s at {args.fps} fps with sound\n")
    print("| clip | player | frames | interval p50 / p99 / max ms | drift ms | cores |")
    print("|---|---|---|---|---|---|", flush=True)
    dropped = 0
    with tempfile.TemporaryDirectory() as temporary, a_screen():
        for text in args.sizes:
            width, height = map(int, text.split("x"))
            clip, folder = Path(temporary) / f"{text}.mp4", Path(temporary) / text
            folder.mkdir()
            write_clip(clip, (width, height), args.fps, args.seconds)
            mine = ours(clip, folder)
            print(row("EMER Studio", (width, height), mine), flush=True)
            theirs = qt(clip, args.seconds, mine.expected)
            print(row("QtMultimedia", (width, height), theirs), flush=True)
            dropped += mine.expected - mine.frames
    return 1 if dropped else 0


if __name__ == "__main__":
    sys.exit(main())
