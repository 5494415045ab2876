"""The short forms: both see every frame, and memory does not grow with the video."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bench_prelabel import naively, panel_of, write_face_video
from benchmarks.soak_prelabel import slope_mb, soak
from emer_studio.features.faces import open_detector
from emer_studio.fer.prelabel import DETECTION_WIDTH_PX, prelabel_file


def test_both_look_at_every_frame(tmp_path: Path) -> None:
    video = tmp_path / "face.mp4"
    write_face_video(video, 1.0, (640, 360))
    panel, detector = panel_of(tmp_path), open_detector(width_px=DETECTION_WIDTH_PX)
    summary = prelabel_file(video, panel, detector, tmp_path / "t.csv")
    assert summary.frames == naively(video, panel, detector) == 30
    assert summary.frames_with_face == 30


def test_a_longer_video_takes_no_more_memory(tmp_path: Path) -> None:
    levels = soak(tmp_path, 30.0, (160, 90))
    assert levels[-1][0] == 900
    early = max(memory for frames, memory in levels if frames <= 512)
    # The 388 frames behind those would be 17 MB if they were kept.
    assert max(memory for _, memory in levels) < early + 8


def test_a_leak_is_seen() -> None:
    levels = [(n, 100.0 + 0.001 * n) for n in range(0, 5000, 256)]
    assert slope_mb(levels) == pytest.approx(108.0)
