"""Building a dataset from a session of 640x480 at 30 frames a second.

python tests/benchmarks/bench_build.py [--seconds 15] [--sessions 8] [--repeats 3]

A simulated session is recorded by the program itself and copied; then a dataset is built
from nothing with one process and with one for each core, and again with everything kept.
The peer is the plain way in one process: every frame is decoded, faces are looked for in
the whole picture and cut out. The target is five times as fast as the session was.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.bench_camera import _keep_lsl_here
from benchmarks.recorders import machine
from emer_studio.core.process import command_line
from emer_studio.dataset.build import build_dataset
from emer_studio.dataset.jobs import cores
from emer_studio.features.faces import align_crop, open_detector, pick_main_face
from emer_studio.recording.reader import Recording
from emer_studio.study.folder import open_study
from protocols import write_short_protocol

TARGET = 5.0


def recorded(folder: Path, seconds: float) -> tuple[Path, Path]:
    """Record a session of two clips; return the study and the session."""
    protocol = write_short_protocol(folder / "protocol", seconds)
    study = folder / "study"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True)
    words = ["--participant", "P001", "--protocol", str(protocol), "--size", "640x480"]
    done = subprocess.run(
        command_line("run", str(study), *words, "--simulate", "--headless", "--json"),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return study, Path(json.loads(done.stdout.splitlines()[-1])["session"])


def plainly(session: Path) -> None:
    """Decode every frame, look for faces in the whole picture, cut the largest one out."""
    detector = open_detector()
    for video in Recording(session).videos:
        with av.open(str(video)) as container:
            for frame in container.decode(video=0):
                bgr = frame.to_ndarray(format="bgr24")
                face = pick_main_face(detector.detect(bgr))
                if face is not None:
                    align_crop(bgr, face)


def median_s(
    work: Callable[[], object], repeats: int, before: Callable[[], object]
) -> float:
    """Return the median time of `work`; `before` is not counted."""
    spent = []
    for _ in range(repeats):
        before()
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="of each of two clips")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _keep_lsl_here(folder)
        study, session = recorded(folder, args.seconds)
        for k in range(1, args.sessions):
            shutil.copytree(session, session.with_name(f"{session.name[:-2]}{k + 60}"))
        sessions = sorted((study / "sessions").iterdir())
        shown_s = args.sessions * sum(
            c.end_s - c.onset_s for c in Recording(session).shown_clips
        )
        out = folder / "dataset"

        def build(workers: int) -> Callable[[], object]:
            def work() -> object:
                shutil.rmtree(out, ignore_errors=True)
                return build_dataset(open_study(study), out, workers=workers)

            return work

        def forget() -> None:
            for one in sessions:
                shutil.rmtree(one / "derived", ignore_errors=True)

        cv2.setNumThreads(1)  # the plain way has one core too
        rows = [
            (
                "plain way, one process",
                median_s(lambda: [plainly(s) for s in sessions], 1, forget),
            )
        ]
        for workers in (1, cores()):
            name = f"from nothing, {workers} processes"
            rows.append((name, median_s(build(workers), args.repeats, forget)))
        rows.append(("everything kept", median_s(build(1), args.repeats, lambda: None)))
        detector = open_detector().name
    print(f"{machine()}\n\n{shown_s:.0f} s of clips at 640x480, detector {detector}\n")
    print("| way | s | times as fast as the clips |\n|---|---|---|")
    for name, spent in rows:
        print(f"| {name} | {spent:.1f} | {shown_s / spent:.1f} |")
    speed = shown_s / rows[2][1]
    print(f"\n{'reached' if speed >= TARGET else 'MISSED'}: {speed:.1f}, target {TARGET:g}")
    return 0 if speed >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
