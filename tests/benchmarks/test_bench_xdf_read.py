"""The reading benchmark in its short form: it runs, and ours is not the slower one."""

from __future__ import annotations

import logging

from benchmarks.bench_xdf_read import measure


def test_reading_is_no_slower_than_the_reference_reader() -> None:
    logging.getLogger("pyxdf").setLevel(logging.ERROR)
    found = measure(minutes=2.0, rounds=3)
    assert found["samples"] == 2 * 60 * 250
    assert found["ours_s"] < found["pyxdf_s"]
