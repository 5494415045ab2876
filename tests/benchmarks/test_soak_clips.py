"""The short form of the soak: files are closed and memory is let go after every clip."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak_clips import EVERY, WARM, Level, slope_mb, soak


def test_clips_leave_no_file_open_and_no_memory_behind(tmp_path: Path) -> None:
    first, *_, last = soak(tmp_path, 3 * EVERY)
    assert last.files <= first.files + 2
    assert last.memory_mb < 1.2 * first.memory_mb


def test_one_measurement_does_not_decide_about_a_leak() -> None:
    levels = [Level(n, 100.0 + 0.02 * n, 5) for n in range(WARM, WARM + 100, EVERY)]
    assert slope_mb(levels) == pytest.approx(2.0)
    levels[3] = Level(levels[3].clips, 150.0, 5)
    assert slope_mb(levels) == pytest.approx(2.0, abs=0.2)
