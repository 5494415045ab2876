"""The operator's window while a session runs: how late its event loop is.

    python tests/benchmarks/bench_console.py [--minutes 10] [--size 1920x1080]

The real window runs a real session: a camera at 1080p30, a tracker at 250 Hz, 720p clips on
the participant's window, both recorders. A timer of 10 ms in the window's event loop tells
how late its ticks are: so long would a click or a key have waited. The peer is a Qt program
with an empty window and the same timer beside it: what it shows, the machine and the load
cost anyone. Both windows are on one Xvfb unless DISPLAY is set. The target is a p99 of at
most 16 ms (one picture at 60 Hz) and memory that stays flat.
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
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.bench_camera import _keep_lsl_here, write_clip
from benchmarks.recorders import machine
from benchmarks.soak_clips import anonymous_mb
from emer_studio.core.process import Child
from protocols import write_short_protocol

TICK_MS, GAZE_HZ = 10, 250
TARGET_MS = 16.0
SETTLE_S = 10.0  # the window and its libraries are loaded by then


class Heart:
    """Ticks in the event loop of this process, and writes down how late."""

    def __init__(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.late_ms: list[float] = []
        self.worst: tuple[float, float] = (0.0, 0.0)  # ms, and seconds after the first
        self._began_s = time.perf_counter()
        self._last_s = time.perf_counter()
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def _tick(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max((now_s - self._last_s) * 1e3 - TICK_MS, 0.0))
        self.worst = max(self.worst, (self.late_ms[-1], now_s - self._began_s))
        self._last_s = now_s

    def stop(self) -> None:
        """Tick no more: what comes now is not measured."""
        self._timer.stop()


def _figures(late_ms: list[float]) -> dict[str, float]:
    p50, p99, top = np.percentile(late_ms, [50, 99, 100])
    return {"ticks": len(late_ms), "p50": p50, "p99": p99, "max": top}


def peer(seconds: float) -> None:
    """Be the empty program; print the figures."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QLabel

    application = QApplication([])
    label = QLabel("nothing")
    label.show()
    heart = Heart()
    QTimer.singleShot(round(seconds * 1000), application.exit)
    application.exec()
    print(json.dumps(_figures(heart.late_ms)))


def console(
    study: str, protocol: str, gaze: str, size: str, seconds: float, settle_s: float
) -> None:
    """Be the operator's window with a running session; print figures and memory."""
    from PySide6.QtCore import QTimer

    from emer_studio.ui.application import make_application
    from emer_studio.ui.main_window import MainWindow
    from emer_studio.ui.session.choice import SessionChoice
    from emer_studio.ui.theme import apply_style

    application = make_application()
    apply_style(application)
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.open_study(Path(study), "session")
    page = window.pages["session"]
    choice = SessionChoice(
        participant="P001",
        protocol=protocol,
        camera="sim:pre=60,jpeg=1",
        gaze=gaze,
        simulate=True,
        size=size,
    )
    page.start(choice)
    hearts: list[Heart] = []
    memory_mb: list[float] = []
    me = psutil.Process()

    def watch() -> None:
        memory_mb.append(anonymous_mb(me))

    weigh = QTimer(interval=2000)
    weigh.timeout.connect(watch)

    def measure() -> None:
        hearts.append(Heart())
        weigh.start()
        QTimer.singleShot(round(seconds * 1000), application.exit)

    def begun(event: dict[str, Any]) -> None:
        if event.get("event") == "state" and event.get("state") == "clip" and not hearts:
            page.job.heard.disconnect(begun)
            QTimer.singleShot(round(settle_s * 1000), measure)

    page.job.heard.connect(begun)
    application.exec()
    hearts[0].stop()  # closing the window waits for the session's processes
    running = page.job.running
    window.close_unasked()
    while page.job.running:
        application.processEvents()
    quarter = max(len(memory_mb) // 4, 1)
    quarters = [memory_mb[k * quarter : (k + 1) * quarter] for k in range(4)]
    print(
        json.dumps(
            {
                **_figures(hearts[0].late_ms),
                "still_running": running,
                "worst_at_s": hearts[0].worst[1],
                "memory_mb": [float(np.median(part)) for part in quarters if part],
            }
        )
    )


@contextlib.contextmanager
def _screen() -> Iterator[None]:
    if os.environ.get("DISPLAY") or not shutil.which("Xvfb"):
        yield
        return
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24"]
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        os.environ["DISPLAY"] = f":{answer.readline().strip()}"
    before = os.environ.pop("QT_QPA_PLATFORM", None)
    try:
        yield
    finally:
        del os.environ["DISPLAY"]
        if before is not None:
            os.environ["QT_QPA_PLATFORM"] = before
        server.terminate()
        server.wait()


def measure(
    seconds: float, size: str, settle_s: float = SETTLE_S
) -> dict[str, dict[str, Any]]:
    """Run both programs beside each other; return their figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _keep_lsl_here(folder)
        os.environ["EMER_STUDIO_HOME"] = str(folder / "home")
        protocol = write_short_protocol(folder / "protocol", 1.0)
        for clip in ("up", "down"):
            (protocol.parent / f"{clip}.mp4").unlink()
            write_clip(protocol.parent / f"{clip}.mp4", seconds / 2 + settle_s + 1)
        study, gaze = folder / "study", f"bench-{os.getpid()}"
        subprocess.run(
            [sys.executable, "-m", "emer_studio", "new", str(study)],
            check=True,
            capture_output=True,
        )
        words = ["simulate", "gaze", "--name", gaze, "--rate", str(GAZE_HZ), "--events"]
        tracker = Child("tracker", words)
        try:
            tracker.wait_for("sending", timeout_s=20)
            with _screen():
                words = [str(study), str(protocol), gaze, size, str(seconds), str(settle_s)]
                return _both(words, seconds + settle_s)
        finally:
            tracker.stop()


def _both(words: list[str], seconds: float) -> dict[str, dict[str, Any]]:
    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, __file__, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    ours, theirs = start("--console", *words), start("--peer", str(seconds))
    found = {}
    for who, process in (("console", ours), ("empty window", theirs)):
        text, _ = process.communicate(timeout=seconds * 2 + 300)
        found[who] = json.loads(text.strip().splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--console", nargs=6, help=argparse.SUPPRESS)
    parser.add_argument("--peer", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer is not None:
        peer(args.peer)
        return
    if args.console is not None:
        console(*args.console[:4], *map(float, args.console[4:]))
        return
    found = measure(args.minutes * 60, args.size)
    say = print  # a table on standard output
    say(f"{machine()}; {args.minutes:g} min, camera {args.size} at 30, gaze {GAZE_HZ} Hz")
    say("| event loop | ticks | late p50 ms | p99 ms | max ms |")
    say("|---|---|---|---|---|")
    for who, row in found.items():
        late = f"{row['p50']:.2f} | {row['p99']:.1f} | {row['max']:.0f}"
        say(f"| {who} | {row['ticks']} | {late} |")
    ours = found["console"]
    ratio = ours["p99"] / max(found["empty window"]["p99"], 1e-3)
    met = "met" if ours["p99"] <= TARGET_MS else "missed"
    say(f"p99 {ratio:.1f} times that of an empty window; target of {TARGET_MS:g} ms {met}")
    say(f"the latest tick of the console came {ours['worst_at_s']:.0f} s after the first")
    memory = " / ".join(f"{level:.1f}" for level in ours["memory_mb"])
    say(f"anonymous memory by quarter of the time, median MB: {memory}")


if __name__ == "__main__":
    main()
