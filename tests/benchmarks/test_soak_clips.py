"""The short form of the soak: files are closed after every clip."""

from __future__ import annotations

from pathlib import Path

from benchmarks.soak_clips import WARM, soak


def test_clips_leave_no_file_open(tmp_path: Path) -> None:
    first, *_, last = soak(tmp_path, WARM + 20)
    assert last[2] <= first[2] + 2
    assert last[1] < 1.25 * first[1]
