from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.process import Child, command_line
from emer_studio.dataset.cache import CacheWriter, open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.schema.dataset import SampleRow


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "d"
    synthesise(folder, SynthConfig(participants=4, clips=4, seed=1, frames=8, clip_s=2.0))
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four samples of two people, for what takes long with a ResNet-18."""
    folder = tmp_path_factory.mktemp("synth") / "few"
    synthesise(folder, SynthConfig(participants=2, clips=2, seed=1, frames=8, clip_s=1.0))
    return folder


class Command:
    """Runs a command in this process and returns what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def done(self, *arguments: object) -> tuple[str, str]:
        self._capsys.readouterr()
        code = main([*map(str, arguments)])
        told = self._capsys.readouterr()
        assert code == 0, told.err
        return told.out, told.err

    def refused(self, *arguments: object, code: int = 2) -> str:
        self._capsys.readouterr()
        assert main([*map(str, arguments)]) == code
        said = self._capsys.readouterr().err
        assert said.count("emer-studio:") == 1
        return said


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_train_and_evaluate_agree(dataset: Path, tmp_path: Path, command: Command) -> None:
    run = tmp_path / "run"
    out, err = command.done(
        "train", dataset, "--protocol", "fer7", "--folds", 2, "--epochs", 2, "--out", run,
        "--device", "cpu", "--json",
    )  # fmt: skip
    result = json.loads(out.splitlines()[-1])
    assert "SYNTHETIC" in err
    assert result["synthetic"] is True
    assert result["samples"] == 16
    assert 0 <= result["war"] <= 1
    assert result["samples_per_s"] > 0
    assert json.loads((run / "results.json").read_text()) == result
    tested = [name for fold in result["folds"] for name in fold["test_participants"]]
    assert sorted(tested) == ["S001", "S002", "S003", "S004"]
    info = json.loads((run / "run.json").read_text())
    assert (info["state"], info["cnn_init"]) == ("done", "random")
    assert len(info["code_sha256"]) == len(info["split_sha256"]) == 64
    _check_predictions(run, result)
    torch.load(run / "fold1_fer_emotion_best.pt", weights_only=True)

    again, _ = command.done("evaluate", run, "--dataset", dataset, "--json")
    evaluated = json.loads(again)
    assert evaluated["same_dataset"] is True
    assert evaluated["same_as_run"] is True
    for name in ("war", "uar", "wf1", "ci95", "folds", "baselines", "by_label"):
        assert evaluated[name] == result[name]
    (run / "run.json").write_text(json.dumps({**info, "state": "interrupted"}))
    assert "is not finished" in command.refused("evaluate", run, "--dataset", dataset)


def _check_predictions(run: Path, result: dict[str, Any]) -> None:
    with (run / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["sample_id"] for row in rows}) == len(rows) == 16
    right = np.mean([row["truth"] == row["prediction"] for row in rows])
    assert right == pytest.approx(result["war"])
    chances = [[float(v) for k, v in row.items() if k.startswith("p_")] for row in rows]
    np.testing.assert_allclose(np.sum(chances, axis=1), 1.0, atol=1e-5)


def test_intensity_is_learnt_beside_the_emotion(
    few: Path, tmp_path: Path, command: Command
) -> None:
    run = tmp_path / "run"
    out, _ = command.done(
        "train", few, "--protocol", "fer-intensity", "--folds", 2, "--epochs", 1,
        "--preset", "official-2024", "--out", run, "--json",
    )  # fmt: skip
    assert {"mae", "rmse", "ccc", "ci95"} <= set(json.loads(out))
    saved = torch.load(run / "fold1_fer_intensity_best.pt", weights_only=True)
    assert [label for label, _ in saved["heads"]] == ["fer_intensity", "fer_emotion"]
    again, _ = command.done("evaluate", run, "--dataset", few, "--json")
    assert json.loads(again)["same_as_run"] is True


def test_official_sets_are_used_and_said(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path(shutil.copytree(dataset, tmp_path / "own"))
    sets = {"S001": 1, "S002": 2, "S003": 2, "S004": 1}
    rows = [f"{s.sample_id},{sets[s.participant]}" for s in open_cache(own).samples]
    (own / "sets.csv").write_text("\n".join(["sample_id,set", *rows]) + "\n")
    run = tmp_path / "run"
    words = ["train", str(own), "--protocol", "fer3", "--folds", "official"]
    assert main([*words, "--epochs", "1", "--device", "cpu", "--out", str(run)]) == 0
    assert "pooled over 2 official sets" in capsys.readouterr().out
    result = json.loads((run / "results.json").read_text())
    assert result["folds_by"] == "official"
    tested = [fold["test_participants"] for fold in result["folds"]]
    assert tested == [["S001", "S004"], ["S002", "S003"]]
    assert json.loads((run / "run.json").read_text())["folds"] == "official"


def test_events_for_the_window(few: Path, tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    child = Child(
        "train",
        ["train", str(few), "--protocol", "er-va", "--folds", "2", "--epochs", "1",
         "--preset", "official-2024", "--out", str(tmp_path / "run"), "--events"],
        on_event=seen.append,
    )  # fmt: skip
    try:
        result = child.wait_for("result", timeout_s=120)
    finally:
        code = child.stop()
    assert code == 0
    epochs = [event for event in seen if event["event"] == "epoch"]
    assert [(e["fold"], e["label"]) for e in epochs] == [
        (1, "er_valence"), (1, "er_arousal"), (2, "er_valence"), (2, "er_arousal"),
    ]  # fmt: skip
    assert {"mae", "rmse", "ccc", "folds"} <= set(result)
    parts = [
        result["by_label"][name]["scores"]["mae"] for name in ("er_valence", "er_arousal")
    ]
    assert result["mae"] == pytest.approx(np.mean(parts))
    assert any("last epoch" in event.get("text", "") for event in seen)


def test_closing_the_window_ends_it_with_checkpoints(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    child = Child(
        "train",
        ["train", str(dataset), "--protocol", "er7", "--folds", "2", "--epochs", "500",
         "--out", str(run), "--events"],
    )  # fmt: skip
    try:
        child.wait_for("epoch", timeout_s=90)
    finally:
        code = child.stop(timeout_s=30)
    assert code == 130
    _check_interrupted(run)


def test_ctrl_c_ends_it_with_checkpoints(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    line = command_line(
        "train", str(dataset), "--protocol", "er7", "--folds", "2", "--epochs", "500",
        "--out", str(run),
    )  # fmt: skip
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for text in process.stderr:
            if "epoch 1/500" in text:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "interrupted" in rest
    assert f"Go on with it: emer-studio train --resume {run}" in rest
    assert "Traceback" not in rest
    _check_interrupted(run)


def _check_interrupted(run: Path) -> None:
    assert json.loads((run / "run.json").read_text())["state"] == "interrupted"
    saved = torch.load(run / "fold1_er_emotion_last.pt", weights_only=True)
    assert saved["epoch"] >= 1
    assert not (run / "results.json").exists()


def _unlabelled(folder: Path, people: int) -> Path:
    with CacheWriter(folder, name="d") as writer:
        for i in range(people):
            row = SampleRow(
                sample_id=f"s{i}", participant=f"P{i}", stimulus="c", fer_emotion="fear"
            )
            writer.add(
                row,
                np.full((2, 112, 112, 3), i, np.uint8), np.ones(2, bool), np.arange(2.0),
                np.full((3, 39), i, np.float32), np.arange(3.0),
            )  # fmt: skip
    return folder


def test_bad_input_is_one_clear_message(
    dataset: Path, tmp_path: Path, command: Command
) -> None:
    bare = _unlabelled(tmp_path / "bare", 2)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "x").write_text("x")
    cases: list[tuple[list[object], str]] = [
        ([tmp_path, "--protocol", "er7"], "not a dataset"),
        ([dataset, "--protocol", "er9"], "fer7, all."),
        ([dataset, "--protocol", "er7", "--folds", 5], "at least 5 labelled participants"),
        ([bare, "--protocol", "er7", "--folds", 2], "has the label er_emotion"),
        ([bare, "--protocol", "fer7", "--folds", 2], "one class"),
        ([dataset, "--protocol", "er7", "--folds", 2, "--out", taken], "not empty"),
        ([dataset, "--protocol", "er7", "--epochs", 0], "at least 1 epoch"),
    ]
    for arguments, says in cases:
        assert says in command.refused("train", *arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare", "taken"]


def test_one_participant_is_refused(tmp_path: Path, command: Command) -> None:
    folder = tmp_path / "d"
    synthesise(folder, SynthConfig(participants=1, clips=3, frames=2, clip_s=1.0))
    assert "found 1" in command.refused("train", folder, "--protocol", "er7")


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_gpu_that_is_not_there_is_missing(dataset: Path, command: Command) -> None:
    words = ["train", dataset, "--protocol", "er7", "--folds", 2, "--device", "cuda"]
    assert "no usable GPU" in command.refused(*words, code=3)


def test_evaluate_refuses_what_is_no_run(
    dataset: Path, tmp_path: Path, command: Command
) -> None:
    assert "no run.json" in command.refused("evaluate", tmp_path, "--dataset", dataset)
    assert len(open_cache(dataset).samples) == 16
