"""The demo, end to end: what its JSON says is true against readers that are not ours."""

from __future__ import annotations

import json
import logging
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
import pyxdf

from emer_studio.core.process import command_line

logging.getLogger("pyxdf").setLevel(logging.ERROR)


@pytest.mark.timeout(900)
def test_the_demo_is_true(tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = command_line("demo", "--out", str(study), "--headless", "--json")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=840,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["study"] == str(study)
    assert result["trials"] == result["ratings"] == 4
    streams, _ = pyxdf.load_xdf(result["xdf"], dejitter_timestamps=False)
    by_name = {stream["info"]["name"][0]: stream for stream in streams}
    assert {row["name"] for row in result["streams"]} == set(by_name)
    for row in result["streams"]:
        stamps = np.asarray(by_name[row["name"]]["time_stamps"])
        assert row["samples"] == len(stamps)
        rate = (len(stamps) - 1) / (stamps[-1] - stamps[0])
        assert row["effective_hz"] == pytest.approx(rate, rel=1e-3)
        assert row["type"] == by_name[row["name"]]["info"]["type"][0]
        assert row["loss_pct"] < 5
    with av.open(result["video"]) as container:
        frames = sum(1 for _ in container.decode(video=0))
    assert frames == len(by_name["EMER_Webcam"]["time_stamps"])
    gaze = next(row for row in result["streams"] if row["type"] == "Gaze")
    assert gaze["effective_hz"] == pytest.approx(120, rel=0.01)
    prelabel = result["prelabel"]
    if prelabel["model"] is not None:  # the weights may not be had without a network
        assert prelabel["frames"] == frames
        assert prelabel["faces"] >= 0.95 * frames
    train = result["train"]
    assert train["folds"] == 2
    assert 0 <= train["uar"] <= 1
    run = json.loads((Path(train["run"]) / "results.json").read_text())
    tested = [set(fold["test_participants"]) for fold in run["folds"]]
    assert tested[0].isdisjoint(tested[1])
    html = Path(result["report"]).read_text(encoding="utf-8")
    assert "SIMULATED" in html
    assert "SYNTHETIC" in html


def test_the_demo_never_writes_into_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("data")
    command = command_line("demo", "--out", str(tmp_path), "--headless", "--json")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "already exists" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]
