"""The camera benchmark in its short form: nothing is lost while everything runs."""

from __future__ import annotations

from benchmarks.bench_camera import measure


def test_a_camera_loses_nothing_beside_gaze_and_a_clip() -> None:
    found = measure(seconds=3.0, size=(640, 480))
    assert found["dropped"] == 0
    assert found["frames"] == found["in_file"] == found["indexed"] > 60
    assert found["gaze"] > 500
    assert found["clip_shown"] > 45
