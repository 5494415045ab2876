"""The console benchmark in its short form: a session runs, the window's loop is watched."""

from __future__ import annotations

from benchmarks.bench_console import measure


def test_the_window_ticks_while_a_session_runs(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    found = measure(2.0, "320x240", settle_s=0.5)
    ours = found["console"]
    assert ours["still_running"]
    assert ours["ticks"] > 50
    assert 0 <= ours["p50"] <= ours["p99"] <= ours["max"]
    assert found["empty window"]["ticks"] > 50
