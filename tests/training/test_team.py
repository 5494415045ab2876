"""One network trained by several processes that torchrun starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.training.nets.checkpoint import load_checkpoint
from training_runs import events, info

SCRIPT = Path(__file__).parents[1] / "together.py"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eleven clips to learn from in each fold: batches that cannot be shared evenly."""
    folder = tmp_path_factory.mktemp("team") / "d"
    synthesise(
        folder,
        SynthConfig(participants=6, clips=4, seed=3, frames=2, clip_s=0.5, missing=0.2),
    )
    return folder


def run(dataset: Path, out: Path, *words: str, processes: int = 1) -> None:
    start = [sys.executable]
    if processes > 1:
        start += ["-m", "torch.distributed.run", "--standalone"]
        start += ["--nproc-per-node", str(processes)]
    words = (*words, "--epochs", "2", "--folds", "2", "--device", "cpu")
    words = (*words, "--precision", "fp32", "--out", str(out))
    line = [*start, str(SCRIPT), "train", str(dataset), "--protocol", "er7", *words]
    threads = {"OMP_NUM_THREADS": "1"}  # as torchrun sets it
    done = subprocess.run(
        line, env={**os.environ, **threads}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def test_what_two_learn_together_one_learns_alone(dataset: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    run(dataset, one, "--model", "eye-only")
    run(dataset, two, "--model", "eye-only", processes=2)
    assert info(two)["state"] == "done"
    for a, b in zip(events(one, "epoch"), events(two, "epoch"), strict=True):
        assert b["loss"] == pytest.approx(a["loss"], rel=1e-4)
        assert b["val_loss"] == pytest.approx(a["val_loss"], rel=1e-4)
    for path in sorted(one.glob("*.pt")):
        here, there = load_checkpoint(path), load_checkpoint(two / path.name)
        assert here.epoch == there.epoch
        for name, value in here.state.items():
            np.testing.assert_allclose(
                there.state[name].numpy(), value.numpy(), atol=2e-4, err_msg=name
            )


def test_they_train_the_whole_network(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    run(dataset, out, processes=2)
    losses = [event["loss"] for event in events(out, "epoch")]
    assert len(losses) == 4
    assert losses[1] < losses[0]
    assert main(["evaluate", str(out), "--dataset", str(dataset), "--json"]) == 0


def test_what_they_cannot_do_together_is_refused(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    words = ["train", str(dataset), "--protocol", "er7"]
    for more, named in (
        (["--parallel", "2"], "--parallel"),
        (["--seeds", "0,1"], "one seed"),
    ):
        assert main([*words, *more]) == 2
        assert named in capsys.readouterr().err
    assert main([*words, "--device", "cpu"]) == 2  # torchrun said nothing else
    assert "start them with torchrun" in capsys.readouterr().err.lower()
