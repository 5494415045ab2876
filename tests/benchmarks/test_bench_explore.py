"""The explorer benchmark in its short form: both ways play a trial to its end."""

from __future__ import annotations

from benchmarks.bench_explore import measure


def test_a_trial_is_played(qapp) -> None:
    rows = measure(1.0, {"small": (320, 240)})
    assert [row["way"] for row in rows] == ["explorer", "plain"]
    for row in rows:
        assert row["fps"] > 1
        assert 0 <= row["p50"] <= row["p99"] <= row["max"]
