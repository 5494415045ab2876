"""Frames that are missing, and frames that only came late."""

from __future__ import annotations

import numpy as np
import pytest

from emer_studio.recording.frame_counts import FrameCounts


def counted(stamps_s: list[float]) -> FrameCounts:
    counts = FrameCounts(30.0)
    for t_s in stamps_s:
        counts.add(t_s)
    return counts


def test_a_gap_that_is_never_made_good_is_missing_frames() -> None:
    stamps = [k / 30 for k in range(60) if not 20 <= k < 24]
    counts = counted(stamps)
    assert (counts.gaps, counts.missed, counts.late) == (1, 4, 0)
    assert counts.listed == [(19 / 30, pytest.approx(5 / 30))]


def test_frames_that_waited_in_the_driver_came_late() -> None:
    stamps = [k / 30 for k in range(60)]
    stamps[20:24] = [23.8 / 30 + 0.002 * k for k in range(4)]  # read in one go
    counts = counted(stamps)
    assert (counts.gaps, counts.missed, counts.late) == (0, 0, 1)
    assert counts.listed == []


def test_a_burst_makes_good_only_what_it_brings() -> None:
    before, after = ([k / 30 for k in part] for part in (range(20), range(31, 60)))
    counts = counted([*before, 1.0, 1.002, *after])  # one of ten was still there
    assert (counts.gaps, counts.missed, counts.late) == (1, 9, 0)


def test_memory_stays_small_and_the_rate_is_that_of_the_newest_frames() -> None:
    rng = np.random.default_rng(1)
    slow = np.cumsum(rng.uniform(0.1, 0.2, 5000))
    fast = slow[-1] + np.arange(1, 91) / 30
    counts = counted([*slow.tolist(), *fast.tolist()])
    assert counts.gaps == 4999
    assert len(counts.listed) == 200
    assert counts.rate_hz == pytest.approx(30)
    assert counts.typical_hz == pytest.approx(30)
