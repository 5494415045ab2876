"""The clock benchmark in its short form, with bounds that a busy machine meets too."""

from __future__ import annotations

import pytest

from benchmarks.bench_sync import once, why_not
from benchmarks.recorders import Ours

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def test_foreign_clocks_are_brought_onto_ours() -> None:
    scenarios = ["true", "+1000 ppm", "step of 3 s"]
    found = once(6.0, scenarios, beside_labrecorder=False)
    for name in scenarios:
        score = found[Ours.label, name]
        assert score.samples > 400, name
        assert score.p99_ms < 1.0, (name, score)
        assert score.uncertain < 100, name
