"""Kill processes of running recordings at random moments, many times, and count the loss.

    python tests/faults/campaign.py [--sessions N] [--recordings N] [--crashes N] [--seed S]

A session has two recorders: whichever process dies, no sample and no marker may be lost.
``record`` alone has one: a kill may cost 2 s of signal and no marker older than 1 s.
When everything is killed at once, ``run --resume`` has to finish what was planned, in its
order, with every rating given exactly once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
if __name__ == "__main__":  # under pytest it has run, and a second time it would move LSL
    import conftest  # noqa: F401  (keeps LSL on this machine)
from crashes import (
    Session,
    as_planned,
    kill_everything,
    nothing_lost,
    resume_process,
)
from emer_studio.core.process import Child, command_line
from emer_studio.recording.reader import load_streams
from senders import MARKER_SENDER, Sender

VICTIMS = ("streams_", "standby_", "face_")


def session_killed(rng: random.Random, folder: Path) -> str:
    """Kill up to three processes of one session; return what happened."""
    study = folder / "study"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True, timeout=60)
    tracker = Sender(f"tracker-{os.getpid()}-{folder.name}", "250", f"id-{folder.name}")
    session = Session(study, folder, tracker.name)
    killed = []
    try:
        session.wait_for("clip_onset")
        for _ in range(rng.randint(1, 3)):
            time.sleep(rng.uniform(0.0, 1.5))
            victim = rng.choice(VICTIMS)
            session.process_with(victim).kill()
            killed.append(victim.rstrip("_"))
            seen = len(killed)
            deadline = time.monotonic() + 20
            while session.journal_count("started again") < seen:
                assert time.monotonic() < deadline, f"{victim} was not started again"
                time.sleep(0.05)
        result = session.result()
    finally:
        session.end()
        tracker.kill()
    recording = nothing_lost(session.folder, tracker.name)
    lost_s = unmatched_frames(result, recording.manifest.camera.get("fps", 30.0))
    assert lost_s <= 2.0, f"{lost_s:.2f} s of index rows have no frame"
    samples = max(len(s.stamps_s) for s in recording.streams)
    return f"{'+'.join(killed):<32} {samples:>6} samples, 0 lost; video {lost_s:.2f} s"


def crashed(rng: random.Random, folder: Path) -> str:
    """Kill the whole program once or twice and go on each time; return what happened."""
    study = folder / "study"
    subprocess.run(command_line("new", str(study), "--seed", "1"), check=True, timeout=60)
    tracker = Sender(f"tracker-{os.getpid()}-{folder.name}", "250", f"id-{folder.name}")
    session = Session(study, folder, tracker.name, clip_s=2.0)
    moments, over = [], False
    try:
        session.wait_for("session_started")
        process = session.process
        for _ in range(rng.randint(1, 2)):
            time.sleep(rng.uniform(0.0, 7.0))
            if process.poll() is not None:
                break
            kill_everything(process)
            lines = (session.folder / "journal.jsonl").read_text().splitlines()
            moments.append(_last_event(lines))
            manifest = json.loads((session.folder / "session.json").read_text())
            over = manifest["state"] == "complete"  # but for its verdict
            if over:
                break
            process = resume_process(study)
        if not over:
            _, errors = process.communicate(timeout=150)
            assert process.returncode == 0, errors
    finally:
        session.end()
        if process.poll() is None:
            kill_everything(process)
        tracker.kill()
    recording = as_planned(session.folder)
    done = len(recording.events("trial_done"))
    return f"killed after {', '.join(moments) or 'its end'}: {done} of 2 trials, in order"


def _last_event(lines: list[str]) -> str:
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            return str(json.loads(line)["event"])
    return "nothing"


def unmatched_frames(result: dict[str, object], fps: float) -> float:
    """Return how many seconds of index rows have no frame."""
    cut = [text for text in result["findings"] if "rows of the index" in text]  # type: ignore[attr-defined]
    rows = [int(text.split(" rows of the index")[0].split()[-1]) for text in cut]
    return sum(rows) / fps


def recorder_killed(rng: random.Random, folder: Path) -> str:
    """Kill a recorder that is alone; return what was lost."""
    signal = Sender(f"signal-{folder.name}", "250", f"signal-{folder.name}")
    marks = Sender(
        f"marks-{folder.name}", "0.1", f"marks-{folder.name}", code=MARKER_SENDER
    )
    out = folder / "a.xdf"
    words = ("--stream", signal.name, "--stream", marks.name)
    child = Child("recorder", ["record", "--out", str(out), *words, "--events"])
    try:
        child.wait_for("recording", timeout_s=30)
        time.sleep(rng.uniform(0.5, 6.0))
        child.kill()
        died_s = time.clock_gettime(time.CLOCK_MONOTONIC)
    finally:
        child.stop()
        signal.kill()
        marks.kill()
    streams = {s.header.name: s for s in load_streams(out)}
    holes = np.diff(np.asarray(streams[signal.name].values)[:, 0]) != 1
    assert not np.any(holes), "samples are missing in the middle"
    numbers = [int(row[0]) for row in streams[marks.name].values]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    lost_s = died_s - streams[signal.name].stamps_s[-1]
    marker_s = died_s - streams[marks.name].stamps_s[-1]
    assert lost_s <= 2.0, f"{lost_s:.2f} s of signal lost"
    assert marker_s <= 1.0, f"a marker {marker_s:.2f} s old is lost"
    return (
        f"recorder alone: lost {lost_s * 1e3:4.0f} ms of signal,"
        f" {marker_s * 1e3:4.0f} ms of markers"
    )


def campaign(
    name: str, count: int, rng: random.Random, once: Callable[[random.Random, Path], str]
) -> int:
    """Run one kind of fault many times; return how often the promise was broken."""
    broken = 0
    for number in range(1, count + 1):
        with tempfile.TemporaryDirectory(prefix="emer-fault-") as folder:
            try:
                text = once(rng, Path(folder))
            except AssertionError as problem:
                broken += 1
                text = f"BROKEN: {problem}"
        print(f"{name} {number:>3}/{count}  {text}", flush=True)
    return broken


def main() -> int:
    """Run the campaign; exit 1 when a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--crashes", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    broken = campaign("session", args.sessions, rng, session_killed)
    broken += campaign("record", args.recordings, rng, recorder_killed)
    broken += campaign("crash", args.crashes, rng, crashed)
    runs = args.sessions + args.recordings + args.crashes
    print(f"{runs} runs, {broken} broken promises")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
