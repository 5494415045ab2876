from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from emer_studio.cli import main
from emer_studio.core.lockfile import hand_over, holder_of
from emer_studio.core.process import command_line
from emer_studio.dataset.cache import CacheWriter
from emer_studio.schema.dataset import SampleRow
from emer_studio.training.fit.pace import JobSize, Pace
from training_runs import events, info, until


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was shown, of two people; one eye column that never held a number."""
    folder = tmp_path_factory.mktemp("background") / "d"
    rng = np.random.default_rng(0)
    with CacheWriter(folder, name="d") as writer:
        for i in range(6):
            who, clip = divmod(i, 3)
            row = SampleRow(
                sample_id=f"s{i}", participant=f"P{who}", stimulus=f"c{clip}",
                fer_valence=(-0.5, 0.0, 0.7)[clip] if i else None, fer_arousal=clip / 4,
            )  # fmt: skip
            eyes = rng.normal(size=(4, 39)).astype(np.float32)
            eyes[:, 5] = np.nan
            faces = rng.integers(0, 255, (1, 112, 112, 3)).astype(np.uint8)
            writer.add(row, faces, np.ones(1, bool), np.zeros(1), eyes, np.arange(4.0))
    return folder


@pytest.fixture
def background(dataset: Path, tmp_path: Path) -> Iterator[tuple[Path, psutil.Process]]:
    """A training that was started by a command which has ended."""
    run = tmp_path / "run"
    line = command_line(
        "train", str(dataset), "--protocol", "fer-va", "--folds", "2", "--epochs", "2000",
        "--out", str(run), "--background", "--json",
    )  # fmt: skip
    told = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(told.stdout)
    assert found["run"] == str(run)
    process = psutil.Process(found["pid"])
    try:
        yield run, process
    finally:
        if process.is_running():
            process.kill()


def gone(process: psutil.Process) -> bool:
    """Tell whether it has ended; where nobody reaps it, a zombie is left."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_it_outlives_its_window_and_obeys_any_terminal(
    background: tuple[Path, psutil.Process], capsys: pytest.CaptureFixture[str]
) -> None:
    run, process = background
    assert (holder_of(run / "train.lock") or {})["pid"] == process.pid  # at once
    assert os.getsid(process.pid) == process.pid != os.getsid(0)
    until(lambda: events(run, "epoch"))
    assert main(["train", "--resume", str(run)]) == 2
    assert "in use" in capsys.readouterr().err

    assert main(["train", "--pause", str(run)]) == 0
    until(lambda: info(run)["state"] == "paused")
    used = process.cpu_times().user
    time.sleep(0.3)
    assert process.cpu_times().user - used < 0.1
    assert main(["runs", "delete", str(run), "--yes"]) == 2
    assert "is being trained" in capsys.readouterr().err
    (run / "seed0").mkdir()
    (run / "seed0" / "control.json").write_text('{"ask": "pause"}')
    epochs = len(events(run, "epoch"))
    assert main(["train", "--continue", str(run)]) == 0
    until(lambda: len(events(run, "epoch")) > epochs)
    assert info(run)["state"] == "running"
    assert not list(run.rglob("control.json"))

    assert main(["train", "--stop", str(run), "--json"]) == 0
    until(lambda: gone(process))
    assert info(run)["state"] == "interrupted"
    kinds = [event["event"] for event in events(run)]
    assert kinds.index("begin") < kinds.index("paused") < kinds.index("continued")
    assert kinds[-2:] == ["error", "ended"]
    assert events(run, "ended")[0]["code"] == 130
    steps = events(run, "progress")
    assert steps[0]["eta_s"] > steps[-1]["eta_s"] * 0.5 > 0
    assert {"cpu_percent", "rss_mb", "samples_per_s"} <= set(events(run, "resources")[0])
    log = (run / "log.txt").read_text()
    assert f"--resume {run}" in log
    assert "Traceback" not in log
    assert main(["train", "--pause", str(run)]) == 2
    assert "Nobody trains in" in capsys.readouterr().err
    assert main(["train", "--pause", str(run.parent)]) == 2
    assert "is not a training run" in capsys.readouterr().err


def test_all_benchmarks_and_seeds_go_on_where_they_were_left(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["train", str(dataset), "--protocol", "all", "--folds", "2", "--epochs", "1"]
    assert main([*words, "--seeds", "0,1", "--device", "cpu", "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "No clip has a number in these eye columns" in told.err
    assert "1 of 6 samples are left out of fer_valence" in told.err
    assert "classes of fer3: negative (1)" in told.err
    result = json.loads((out / "all.json").read_text())
    assert set(result["scores"]) == {"fer-va", "fer3"}
    assert set(result["left_out"]) == {"er3", "er7", "er-va", "fer7", "fer-intensity"}
    assert "has the label er_emotion" in result["left_out"]["er7"]
    both = [r["scores"]["mae"] for r in result["runs"] if r["protocol"] == "fer-va"]
    mean = result["scores"]["fer-va"]["mae"]
    assert (mean["mean"], mean["seeds"]) == (pytest.approx(np.mean(both)), 2)
    assert mean["sd"] == pytest.approx(np.std(both, ddof=1))
    assert f"{mean['mean']:.3f} ± {mean['sd']:.3f}" in told.out
    assert "Left out: er7." in told.out
    for name, of_numbers in (("fer-va", True), ("fer3", False)):
        remarks = json.loads((out / name / "seed0" / "results.json").read_text())["remarks"]
        assert any("by MAE or RMSE" in text for text in remarks) == of_numbers

    before = (out / "fer-va" / "seed0" / "run.json").stat().st_mtime_ns
    shutil.rmtree(out / "fer3" / "seed1")
    (out / "all.json").unlink()
    assert main(["train", "--resume", str(out), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again == result
    assert (out / "fer-va" / "seed0" / "run.json").stat().st_mtime_ns == before
    assert [event["resumed"] for event in events(out, "begin")] == [False, True]


def test_the_time_left_counts_what_is_left() -> None:
    pace = Pace()
    pace.plan([JobSize(8, 4, 4)] * 3, epochs=10)
    assert pace.eta_s() is None
    pace.at_epoch(0)
    until(lambda: pace.now_s() - pace._mark_s > 0.004)
    pace.learnt(4)
    first = pace.eta_s() or 0.0
    per_sample = 1 / (pace.samples_per_s or 1.0)
    left = 3 * 10 * 8 - 4 + (3 * (10 * 4 + 4 + 4)) / 3
    assert first == pytest.approx(left * per_sample)
    pace.at_epoch(5)  # ended early: the others will do so, too
    assert pace.share(0.5) == pytest.approx(5.5 / 30)
    pace.job_done()
    assert pace.share(0.0) == pytest.approx(1 / 3)
    fewer = pace.eta_s() or 0.0
    assert fewer == pytest.approx((2 * 5 * 8 + 2 * (5 * 4 + 8) / 3) * per_sample)
    pace.rest(True)
    still = pace.now_s()
    until(lambda: time.perf_counter() - still > 0.01)
    assert pace.now_s() == still
    pace.rest(False)
    told = pace.now_s()
    assert still <= told <= time.perf_counter() - 0.01  # the rest is not counted


def test_a_lock_is_its_process_not_its_number(tmp_path: Path) -> None:
    lock = tmp_path / "train.lock"
    hand_over(lock, os.getppid(), "training")
    facts: dict[str, Any] = dict(holder_of(lock) or {})
    assert facts["pid"] == os.getppid()
    lock.write_text(json.dumps({**facts, "started_s": facts["started_s"] - 60.0}))
    assert holder_of(lock) is None  # another process has that number by now
    lock.write_text(json.dumps({"pid": os.getppid()}))
    assert holder_of(lock) is not None
