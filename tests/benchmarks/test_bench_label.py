"""The labelling benchmark in its short form: every item is labelled and the next shown."""

from __future__ import annotations

from benchmarks.bench_label import measure


def test_items_follow_one_another(qapp) -> None:
    found = measure(4, (160, 120), pause_s=0.05)
    assert len(found["labelling room"]) == 3
    assert all(0 < took_ms < 20000 for took_ms in found["labelling room"])
    assert len(found["opened when asked for"]) == 4
