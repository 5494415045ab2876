"""Pre-labelling at 1280 x 720, beside the naive chain.

    python tests/benchmarks/bench_prelabel.py [--seconds 30] [--repeats 3] [--video FILE]

The naive chain reads with cv2.VideoCapture, looks for faces in the whole picture and asks
the network face by face. Ours is the command's own code: it decodes ahead in a thread,
looks in a reduced picture and asks in batches. Both use YuNet and mini-XCEPTION where they
are installed, else the cascade and a small network. The target is 60 frames a second.

The second table says what the reduction costs: time, frames with a face, how much the box
moves from frame to frame, and how far probabilities are from those of the whole picture
(total variation, 0 to 1).
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.recorders import machine
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import MissingError
from emer_studio.features.faces import FaceDetector, open_detector
from emer_studio.fer.expression import ExpressionModel
from emer_studio.fer.panel import Panel
from emer_studio.fer.prelabel import DETECTION_WIDTH_PX, prelabel_file
from emer_studio.synthetic.face import FaceRenderer
from fer.conftest import entry_for, write_linear_network

TARGET_FPS = 60.0
WIDTHS_PX = (1280, 640, 480, 320, 240, 160)
_WHOLE = 100_000  # px; wider than any picture


def panel_of(folder: Path) -> Panel:
    """Return mini-XCEPTION, or a small network where it is not installed."""
    try:
        return Panel.open("mini-xception")
    except MissingError:
        path = folder / "linear.onnx"
        write_linear_network(path, np.eye(1, 7))
        return Panel([ExpressionModel(entry_for(path, EMOTIONS), path)])


def write_face_video(path: Path, seconds: float, size: tuple[int, int]) -> None:
    """Write a video of a drawn face; one second is drawn and goes back and forth."""
    draw = FaceRenderer(3, *size)
    drawn = [
        draw.render("happiness", k / 29, t_s=k / 30, face_px=size[1] * 0.45)
        for k in range(30)
    ]
    drawn += drawn[::-1]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for k in range(round(seconds * 30)):
            frame = av.VideoFrame.from_ndarray(drawn[k % len(drawn)], format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def naively(video: Path, panel: Panel, detector: FaceDetector) -> int:
    """Look at a video frame by frame and face by face; return the frames."""
    reader, frames = cv2.VideoCapture(str(video)), 0
    while True:
        there, picture = reader.read()
        if not there:
            reader.release()
            return frames
        frames += 1
        for face in detector.detect(picture):
            panel.models[0].predict(picture, [face])


def frames_per_s(work: Callable[[], int]) -> tuple[float, float]:
    """Return frames per second and the CPU time of a frame in ms."""
    began_s, cpu_s = time.perf_counter(), time.process_time()
    frames = work()
    spent_s = time.process_time() - cpu_s
    return frames / (time.perf_counter() - began_s), 1000 * spent_s / frames


def compare(video: Path, folder: Path, repeats: int) -> dict[str, tuple[float, float]]:
    """Return frames per second and CPU ms a frame of both ways, the median of some runs."""
    panel = panel_of(folder)
    reduced = open_detector(width_px=DETECTION_WIDTH_PX)
    whole = open_detector(width_px=_WHOLE)

    def ours() -> int:
        return prelabel_file(video, panel, reduced, folder / "table.csv").frames

    ways: dict[str, Callable[[], int]] = {
        "naive": lambda: naively(video, panel, whole),
        "prelabel": ours,
    }
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    threads = cv2.getNumThreads()
    for _ in range(repeats):
        for way, work in ways.items():
            cv2.setNumThreads(1 if way == "prelabel" else threads)  # as the command does
            found[way].append(frames_per_s(work))
    cv2.setNumThreads(threads)
    return {
        way: (statistics.median(r[0] for r in rows), statistics.median(r[1] for r in rows))
        for way, rows in found.items()
    }


def trade_off(video: Path, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each width in which faces are looked for."""
    model = panel_of(folder).models[0]
    with av.open(str(video)) as container:
        frames = itertools.islice(container.decode(video=0), 90)
        pictures = [frame.to_ndarray(format="bgr24") for frame in frames]
    rows: list[dict[str, Any]] = []
    truth = np.empty(0)
    for width_px in WIDTHS_PX:
        detector = open_detector(width_px=width_px)
        detector.detect(pictures[0])
        began_s = time.perf_counter()
        faces = [detector.detect(picture) for picture in pictures]
        ms = 1000 * (time.perf_counter() - began_s) / len(pictures)
        boxes = np.array([[f[0].x, f[0].y, f[0].w] if f else [np.nan] * 3 for f in faces])
        p = np.stack(
            [
                model.predict(picture, seen[:1])[0] if seen else np.full(7, np.nan)
                for picture, seen in zip(pictures, faces, strict=True)
            ]
        )
        truth = truth if rows else p
        rows.append(
            {
                "width": width_px,
                "ms": ms,
                "found": np.mean([bool(found) for found in faces]),
                "moves_px": np.nanmedian(np.abs(np.diff(boxes, axis=0))),
                "apart": np.nanmean(np.abs(p - truth).sum(axis=1)) / 2,
            }
        )
    return rows


def main() -> int:
    """Print both tables; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--video", type=Path, help="a real one instead of a drawn face")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = args.video or folder / "face.mp4"
        if args.video is None:
            write_face_video(video, args.seconds, (1280, 720))
        found = compare(video, folder, args.repeats)
        rows = trade_off(video, folder)
    print(f"{machine()}\n")
    print("| way | frames/s | CPU ms a frame |\n|---|---|---|")
    for way, (fps, cpu_ms) in found.items():
        print(f"| {way} | {fps:.1f} | {cpu_ms:.1f} |")
    print("\n| faces looked for at px | ms | frames with a face | moves px | p apart |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['width']} | {row['ms']:.1f} | {row['found']:.0%} |"
            f" {row['moves_px']:.2f} | {row['apart']:.3f} |"
        )
    return 0 if found["prelabel"][0] >= TARGET_FPS else 1


if __name__ == "__main__":
    sys.exit(main())
