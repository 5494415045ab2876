"""The short form: both find the same fixations in the same gaze."""

from __future__ import annotations

from benchmarks.bench_eyes import compare, signal


def test_both_find_the_same_fixations() -> None:
    velocity, *found = compare(signal(20.0, 300), 300, 1)
    assert velocity.ours_s > 0
    for row in found:
        assert row.fixations > 20
        assert row.alike >= 0.95
