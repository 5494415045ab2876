"""The trial explorer while it plays: pictures a second, and how late the window is.

    python tests/benchmarks/bench_explore.py [--seconds 20]

The parts of the page Study › Explore (face, clip with gaze and map, time line) play one
trial: a face video and a clip at 30 frames a second, gaze at 600 Hz. The peer is the same
window decoding where it draws, as a player without a thread does. A timer of 10 ms tells
how late the event loop is. The target is 30 pictures a second of both videos.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.bench_camera import write_clip
from benchmarks.bench_console import Heart
from benchmarks.recorders import machine

FPS, GAZE_HZ = 30, 600
TARGET_FPS = 29.0
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}


def story_of(face: Path, clip: Path, seconds: float) -> Any:
    """Return a trial of two videos and made-up gaze."""
    from emer_studio.recording.reader import ShownClip
    from emer_studio.ui.explore.trial import Curves, Face, TrialStory

    frames = np.arange(int(seconds * FPS))
    times_s = np.arange(int(seconds * GAZE_HZ)) / GAZE_HZ
    way = 0.5 + 0.3 * np.stack([np.sin(times_s), np.cos(1.3 * times_s)], axis=1)
    names = ("speed_deg_s", "pupil_raw", "pupil", "pupil_lit")
    values = {name: 3 + np.sin(times_s + k) for k, name in enumerate(names)}
    onsets = np.arange(0.0, seconds, 0.3)
    events = np.zeros((len(onsets), 8))
    events[:, 0], events[:, 1], events[:, 2] = 1, onsets, 0.25
    curves = Curves({**values, "xy": way, "times_s": times_s}, events, _density())
    return TrialStory(
        shown=ShownClip(1, "clip", 0.0, seconds, done=True),
        length_s=seconds,
        clip=clip,
        picture_s=frames / FPS,
        picture_pts_s=frames / FPS,
        frame=(0.0, 0.0, 1.0, 1.0),
        face=Face(face, frames, frames / FPS, None),
        curves=curves,
    )


def _density() -> np.ndarray:
    y, x = np.mgrid[:36, :64]
    hill = np.exp(-((x - 30) ** 2 + (y - 15) ** 2) / 60).astype(np.float32)
    return hill / hill.sum()


class PlainFeed:
    """Decodes at once, in the window's own thread."""

    def __init__(self, screen: Any) -> None:
        self.shown, self._screen, self._reader, self._last = 0, screen, None, -1

    def want(self, video: Path, pick: Any) -> None:
        from emer_studio.features.frames import FrameReader
        from emer_studio.ui.explore.feed import _image

        self._reader = self._reader or FrameReader(video)
        index = pick(self._reader)
        if index != self._last:
            self._last = index
            self.shown += 1
            self._screen._show(_image(self._reader, index))

    def forget(self) -> None:
        """Nothing is on its way."""


def play(story: Any, *, plain: bool) -> dict[str, float]:
    """Play a trial to its end and return what was seen of it."""
    from PySide6.QtWidgets import QApplication, QHBoxLayout, QVBoxLayout, QWidget

    from emer_studio.ui.explore.lanes import lanes_of
    from emer_studio.ui.explore.playhead import Playhead
    from emer_studio.ui.explore.screens import ClipScreen, FaceScreen
    from emer_studio.ui.explore.timeline import TimeLine

    application = QApplication.instance() or QApplication([])
    window = QWidget()
    box, row = QVBoxLayout(window), QHBoxLayout()
    face, clip, line = FaceScreen(), ClipScreen(), TimeLine()
    feeds = [face.feed, clip.feed]
    if plain:
        face.feed, clip.feed = PlainFeed(face), PlainFeed(clip)
    clip.shows_map = True
    for screen in (face, clip):
        row.addWidget(screen)
        screen.open(story, "")
    box.addLayout(row, 1)
    box.addWidget(line, 1)
    line.open(lanes_of(story, "", "mm"), story.length_s)
    window.resize(1500, 900)
    window.show()
    head = Playhead(window)
    head.open(story.length_s)
    for part in (face, clip, line):
        head.moved.connect(part.setValue)
    head.setValue(0.0)
    end_s = time.perf_counter() + 1.0  # files are open and the window is drawn by then
    while time.perf_counter() < end_s:
        application.processEvents()
    seen, began_s = face.feed.shown + clip.feed.shown, time.perf_counter()
    heart = Heart()
    head.toggle()
    while head.playing:
        application.processEvents()
        time.sleep(0.0005)
    took_s = time.perf_counter() - began_s
    seen = face.feed.shown + clip.feed.shown - seen
    late = np.array(heart.late_ms)
    window.close()
    for feed in feeds:
        feed.close()
    p50, p99, worst = np.quantile(late, [0.5, 0.99, 1.0]).tolist()
    return {"fps": seen / 2 / took_s, "p50": p50, "p99": p99, "max": worst}


def measure(seconds: float, sizes: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
    """Return a row for each size and way."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, size in sizes.items():
            face, clip = Path(folder) / f"face-{name}.mp4", Path(folder) / f"{name}.mp4"
            write_clip(face, seconds, size)
            write_clip(clip, seconds, size)
            story = story_of(face, clip, seconds)
            for way in ("explorer", "plain"):
                found = play(story, plain=way == "plain")
                rows.append({"videos": name, "way": way, **found})
    return rows


def main() -> int:
    """Print the table; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    rows = measure(args.seconds, SIZES)
    print(machine())
    print("| both videos | way | pictures a second | loop late p50 / p99 / max ms |")
    print("|---|---|---|---|")
    for row in rows:
        late = f"{row['p50']:.1f} / {row['p99']:.1f} / {row['max']:.1f}"
        print(f"| {row['videos']} | {row['way']} | {row['fps']:.1f} | {late} |")
    ours = [row["fps"] for row in rows if row["way"] == "explorer"]
    return 0 if min(ours) >= TARGET_FPS else 1


if __name__ == "__main__":
    sys.exit(main())
