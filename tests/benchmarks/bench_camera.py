"""A camera beside everything else that runs in a session: what is lost, what it costs.

    python tests/benchmarks/bench_camera.py [--seconds 60] [--size 1920x1080] [--codecs]

Four processes, as in a session: the camera (capture, encode, frame index on LSL), a gaze
stream at 250 Hz, the recorder of both, and the participant's window with a 720p clip.

The camera is `sim:pre=60,jpeg=1`: sixty pictures of a drawn face with noise that never
repeats, drawn and compressed beforehand, shown in turn. So each frame costs what a webcam's
costs here: one JPEG decoded, one picture converted and encoded with x264. (A `file:`
source would decode H.264 instead, which no webcam asks for.) What it cannot show is a
driver's and a USB bus's own losses. The window is drawn on Qt's offscreen platform unless
DISPLAY is set.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from emer_studio.core.process import Child
from emer_studio.devices.camera import CameraOptions, camera_opener
from emer_studio.recording.codecs import CODECS
from emer_studio.recording.gaps import stream_stats
from emer_studio.recording.video import VideoWriter
from emer_studio.recording.xdf_load import load_xdf
from emer_studio.synthetic.face import FaceRenderer

FPS, GAZE_HZ, CLIP_SIZE = 30, 250, (1280, 720)


def _keep_lsl_here(folder: Path) -> None:
    if "LSLAPICFG" not in os.environ:
        config = folder / "lsl_api.cfg"
        config.write_text(
            "[multicast]\nAddressesOverride = {127.255.255.255}\n[ports]\nIPv6 = disable\n"
        )
        os.environ["LSLAPICFG"] = str(config)
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def write_clip(path: Path, seconds: float, size: tuple[int, int] = CLIP_SIZE) -> None:
    """Write a silent clip whose picture moves and has grain."""
    width, height = size
    face = FaceRenderer(5, width, height)
    drawn = [face.render("surprise", k / 30, t_s=k / FPS) for k in range(30)]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(round(seconds * FPS)):
            back = number % 60
            picture = drawn[back if back < 30 else 59 - back]
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _cpu_s(child: Child) -> float:
    times = psutil.Process(child.pid).cpu_times()
    return float(times.user + times.system)


def measure(seconds: float, size: tuple[int, int], codec: str = "h264") -> dict[str, Any]:
    """Run everything for `seconds`; return counts and the cores each process used."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _keep_lsl_here(folder)
        write_clip(folder / "clip.mp4", seconds)
        children: dict[str, Child] = {}
        try:
            return _measure(folder, children, seconds, size, codec)
        finally:
            for child in children.values():
                child.stop()


def _run(children: dict[str, Child], folder: Path, name: str, *arguments: str) -> Child:
    log = folder / f"{name}.txt"
    children[name] = Child(name, [*arguments], stderr_path=log)
    return children[name]


def _start_devices(
    folder: Path, children: dict[str, Child], size: tuple[int, int], codec: str
) -> tuple[str, str]:
    """Start gaze and camera; return the source ids."""
    gaze = _run(
        children, folder, "gaze", "simulate", "gaze", "--rate", str(GAZE_HZ), "--events"
    )
    gaze_id = gaze.wait_for("sending", timeout_s=30)["source_id"]
    width, height = map(str, size)
    video = str(folder / "face_001.mkv")
    camera = _run(
        children, folder, "camera",
        "camera", "--camera", "sim:pre=60,jpeg=1", "--out", video,
        "--width", width, "--height", height, "--fps", str(FPS), "--codec", codec,
        "--preview", str(folder / "preview.ring"), "--events",
    )  # fmt: skip
    return gaze_id, camera.wait_for("camera_ready", timeout_s=60)["source_id"]


def _start_window(folder: Path, children: dict[str, Child]) -> None:
    words = ["participant", "--presented", str(folder / "presented.csv"), "--windowed"]
    window = _run(children, folder, "participant", *words)
    window.wait_for("ready", timeout_s=30)
    window.send("prepare", trial=1, clip="clip", file=str(folder / "clip.mp4"))
    window.wait_for("clip_ready", timeout_s=30)


def _start_recording(
    folder: Path, children: dict[str, Child], sources: tuple[str, str]
) -> None:
    streams = [word for source in sources for word in ("--stream", f"id:{source}")]
    recorder = _run(
        children, folder, "recorder",
        "record", "--out", str(folder / "a.xdf"), *streams, "--events",
    )  # fmt: skip
    recorder.wait_for("recording", timeout_s=30)
    camera = children["camera"]
    camera.send("begin", wait_for_recorder=True)
    camera.wait_for("begun", timeout_s=20)


def _finish_recording(folder: Path, children: dict[str, Child]) -> dict[str, Any]:
    """Stop camera and recorder; return what is in their files."""
    children["camera"].stop()
    result = children["camera"].wait_for("result", timeout_s=5)
    time.sleep(0.3)
    children["recorder"].stop()
    streams = {s.header.type: s for s in load_xdf(folder / "a.xdf").streams}
    gaze = stream_stats(streams["Gaze"].stamps_s, expected_hz=GAZE_HZ)
    with (folder / "face_001.frames.csv").open(newline="") as table:
        delays = [float(row["queue_delay_ms"]) for row in csv.DictReader(table)]
    with av.open(str(folder / "face_001.mkv")) as container:
        in_file = sum(1 for packet in container.demux(video=0) if packet.size)
    return {
        "frames": result["frames"],
        "in_file": in_file,
        "indexed": len(streams["VideoFrames"].stamps_s),
        "dropped": result["dropped"],
        "missed": result["missed"],
        "delay_ms": tuple(np.percentile(delays, (50, 99, 100))),
        "gaze": gaze.samples,
        "gaze_lost": gaze.lost,
    }


@contextlib.contextmanager
def recording_beside(folder: Path) -> Iterator[dict[str, Any]]:
    """Record a 1080p30 camera and gaze meanwhile; afterwards the dict says what came."""
    children: dict[str, Child] = {}
    found: dict[str, Any] = {}
    try:
        sources = _start_devices(folder, children, (1920, 1080), "h264")
        _start_recording(folder, children, sources)
        yield found
        found |= _finish_recording(folder, children)
    finally:
        for child in children.values():
            child.stop()


def _measure(
    folder: Path,
    children: dict[str, Child],
    seconds: float,
    size: tuple[int, int],
    codec: str,
) -> dict[str, Any]:
    sources = _start_devices(folder, children, size, codec)
    _start_window(folder, children)
    _start_recording(folder, children, sources)
    window = children["participant"]
    before = {name: _cpu_s(child) for name, child in children.items()}
    began = time.monotonic()
    window.send("play")
    shown = window.wait_for("clip_end", timeout_s=seconds * 2 + 30)["summary"]
    time.sleep(max(began + seconds - time.monotonic(), 0.0))
    took_s = time.monotonic() - began
    cores = {n: (_cpu_s(child) - before[n]) / took_s for n, child in children.items()}
    return _finish_recording(folder, children) | {
        "seconds": took_s,
        "mbit_s": (folder / "face_001.mkv").stat().st_size * 8e-6 / took_s,
        "clip_shown": shown["shown"],
        "clip_expected": shown["expected"],
        "cores": cores,
    }


def codecs(
    size: tuple[int, int], frames: int = 90
) -> list[tuple[str, float, float, float]]:
    """Return name, CPU ms a frame, Mbit/s and luma PSNR (dB) of every codec."""
    opener = camera_opener("sim:pre=60", CameraOptions(*size, FPS))
    device = opener.__self__  # type: ignore[attr-defined]
    sent = [device.take(n, n / FPS, jpeg=False).bgr for n in range(frames)]
    rows = []
    for codec in CODECS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.mkv"
            writer = VideoWriter(
                path, width_px=size[0], height_px=size[1], fps=FPS, codec=codec
            )
            began = time.process_time()
            for number, picture in enumerate(sent):
                writer.write(picture, number / FPS)
            cpu_ms = (time.process_time() - began) / frames * 1e3
            writer.close()
            with av.open(str(path)) as container:
                got = [f.to_ndarray(format="gray") for f in container.decode(video=0)]
            rate = path.stat().st_size * 8e-6 / (frames / FPS)
        luma = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in sent[:10]]
        error = np.mean(
            [(a.astype(float) - b) ** 2 for a, b in zip(luma, got, strict=False)]
        )
        rows.append((codec, cpu_ms, rate, float(10 * np.log10(255**2 / error))))
    return rows


def _print(found: dict[str, Any], size: tuple[int, int], codec: str) -> None:
    print(
        f"| {size[0]}x{size[1]} {FPS} fps, {codec} | {found['seconds']:.0f} s |\n|---|---|"
    )
    whole = f"{found['frames']} / {found['in_file']} / {found['indexed']}"
    print(f"| frames written / in the file / indexed in the XDF | {whole} |")
    lost = f"{found['dropped']}, {found['missed']}"
    print(f"| dropped by the queue, missed by intervals | {lost} |")
    delays = " / ".join(f"{value:.0f}" for value in found["delay_ms"])
    print(f"| stamp to file, ms: median / p99 / max | {delays} |")
    print(f"| video | {found['mbit_s']:.1f} Mbit/s |")
    print(f"| gaze samples (lost) | {found['gaze']} ({found['gaze_lost']}) |")
    print(f"| clip frames shown | {found['clip_shown']} of {found['clip_expected']} |")
    for name, cores in found["cores"].items():
        print(f"| cores used by the {name} | {cores:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--codec", choices=CODECS, default="h264")
    parser.add_argument("--codecs", action="store_true", help="compare the codecs instead")
    args = parser.parse_args()
    width, _, height = args.size.partition("x")
    size = (int(width), int(height))
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{datetime.date.today()}, {platform.platform()}, {os.cpu_count()} cores")
    print(f"load before: {load}")
    if args.codecs:
        print("| codec | CPU ms a frame | Mbit/s | luma PSNR dB |\n|---|---|---|---|")
        for name, cpu_ms, rate, psnr in codecs(size):
            print(f"| {name} | {cpu_ms:.1f} | {rate:.1f} | {psnr:.1f} |")
        return
    _print(measure(args.seconds, size, args.codec), size, args.codec)


if __name__ == "__main__":
    main()
