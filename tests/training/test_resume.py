from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emer_studio.cli import main
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import new_folder
from emer_studio.core.lockfile import hand_over, holder_of
from emer_studio.core.process import command_line
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.training.feed import residency
from emer_studio.training.fit.job import Fitted, FoldJob, Settings, Watch
from emer_studio.training.fit.training_state import TrainingState, restore, snapshot
from emer_studio.training.models.emert import MODEL
from emer_studio.training.nets.checkpoint import load_checkpoint, save_checkpoint
from emer_studio.training.runs.begin import begin_run
from training_runs import EPOCHS, events, info, numbers, small, train, until

LAST = "fold{}_er_emotion_last.pt"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("resume") / "d"
    config = SynthConfig(participants=6, clips=2, seed=3, frames=2, clip_s=0.5)
    synthesise(folder, config)
    return folder


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    return train(dataset, tmp_path_factory.mktemp("whole") / "run")


def ctrl_c_at(step: int) -> Any:
    """Return what is called before each step, and presses Ctrl-C at one of them."""
    steps = iter(range(1, 10_000))
    return lambda: next(steps) == step and signal.raise_signal(signal.SIGINT)


def interrupted(dataset: Path, run: Path, step: int = 5) -> Path:
    with pytest.raises(KeyboardInterrupt):
        train(dataset, run, ctrl_c_at(step))
    assert info(run)["state"] == "interrupted"
    return run


def go_on(run: Path, *words: object) -> int:
    return main(["train", "--resume", str(run), *map(str, words)])


def test_after_a_kill_it_goes_on_as_if_nothing_had_happened(
    dataset: Path, whole: Path, tmp_path: Path
) -> None:
    run = interrupted(dataset, tmp_path / "run")
    line = command_line("train", "--resume", str(run))
    with subprocess.Popen(line, stderr=subprocess.DEVNULL) as child:
        until((run / LAST.format(2)).exists)
        child.kill()
    kept = load_checkpoint(run / LAST.format(2))
    assert 1 <= kept.epoch < EPOCHS
    assert info(run)["state"] == "running"
    assert holder_of(run / "train.lock") is None
    first = (run / LAST.format(1)).read_bytes()
    assert go_on(run) == 0
    assert numbers(run) == numbers(whole)
    assert (run / LAST.format(1)).read_bytes() == first
    assert not (run / "train.lock").exists()
    begun = [event["resumed"] for event in events(run, "begin")]
    assert begun == [False, True, True]
    assert [event["code"] for event in events(run, "ended")] == [130, 0]
    resumed = info(run)["resumed"]
    assert [one["versions"]["torch"] for one in resumed] == [torch.__version__] * 2


@pytest.mark.parametrize("step", [1, 8, 27])
def test_after_ctrl_c_at_any_step_the_numbers_are_the_same(
    dataset: Path, whole: Path, tmp_path: Path, step: int
) -> None:
    run = interrupted(dataset, tmp_path / "run", step)
    assert go_on(run) == 0
    assert numbers(run) == numbers(whole)


@pytest.mark.parametrize("trained", [False, True])
def test_what_is_asked_for_while_it_predicts_is_heard_before_the_next_batch(
    dataset: Path, whole: Path, tmp_path: Path, trained: bool
) -> None:
    run = tmp_path / "run"
    last = run / LAST.format(1)

    def ctrl_c() -> None:  # in the first validation, or when the first fold is tested
        if torch.is_inference_mode_enabled() and trained == _has_ended(last):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(dataset, run, ctrl_c)
    assert last.is_file() == trained
    assert info(run)["state"] == "interrupted"
    if trained:
        assert go_on(run) == 0
        assert numbers(run) == numbers(whole)


def _has_ended(last: Path) -> bool:
    training = load_checkpoint(last).training if last.is_file() else None
    return bool(training and training["ended"])


def _learner(seed: int) -> tuple[Any, ...]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5))
    optimiser = torch.optim.AdamW(model.parameters(), 0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.9**step)
    return model, optimiser, schedule, np.random.default_rng(seed)


def _steps(count: int, model: Any, optimiser: Any, schedule: Any, rng: Any) -> None:
    for _ in range(count):
        x = torch.from_numpy(rng.normal(size=(2, 3)).astype(np.float32))
        optimiser.zero_grad()
        model(x).square().sum().backward()
        optimiser.step()
        schedule.step()


@settings(max_examples=20, deadline=None, database=None)
@given(seed=st.integers(0, 2**31), before=st.integers(0, 5), after=st.integers(1, 5))
def test_what_is_restored_learns_bit_by_bit_the_same(
    seed: int, before: int, after: int
) -> None:
    one = _learner(seed)
    _steps(before, *one)
    state = TrainingState(epoch=before, best=(0.25, -1.0), best_epoch=1, waited=2)
    file = io.BytesIO()
    torch.save({"w": one[0].state_dict(), "t": snapshot(state, *one[1:])}, file)
    _steps(after, *one)
    other = _learner(seed + 1)
    file.seek(0)
    kept = torch.load(file, weights_only=True)
    other[0].load_state_dict(kept["w"])
    assert restore(kept["t"], *other[1:]) == state
    _steps(after, *other)
    for name, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[name])


def test_a_full_disk_costs_no_finished_epoch(
    dataset: Path, whole: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    run, limits = tmp_path / "run", resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    try:
        with pytest.raises(MissingError, match=r"full.*finished epochs are kept") as full:
            train(dataset, run, lambda: None, fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert f"--resume {run}" in full.value.fix
    assert load_checkpoint(run / LAST.format(1)).epoch == 2
    assert info(run)["state"] == "failed"
    assert [path.name for path in run.glob(".*")] == []
    assert go_on(run) == 0
    assert numbers(run) == numbers(whole)


class _Greedy:
    """EMERT, whose second fold finds the GPU full."""

    name, words, joint = MODEL.name, MODEL.words, MODEL.joint
    again = MODEL.again

    def fit(self, job: FoldJob, settings: Settings, watch: Watch) -> Fitted:
        if job.fold == 2:
            raise torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total of"
            )
        return MODEL.fit(job, settings, watch)


def test_a_full_gpu_is_said_and_the_run_goes_on_elsewhere(
    dataset: Path, whole: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(MissingError, match="GPU is out of memory") as full:
        begin_run(replace(small(dataset), learner=_Greedy()), run, Console(), lambda: None)
    assert "Close what else uses the GPU" in full.value.fix
    assert "out of memory" in info(run)["problem"]
    assert go_on(run, "--device", "cpu") == 0
    assert numbers(run) == numbers(whole)


def test_what_cannot_go_on_says_why(
    dataset: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path(shutil.copytree(dataset, tmp_path / "own"))
    run = interrupted(own, tmp_path / "run")

    def refused(*words: object, of: Path = run) -> str:
        capsys.readouterr()
        assert go_on(of, *words) == 2
        said = capsys.readouterr().err
        assert said.count("emer-studio:") == 1
        return said

    assert "is done" in refused(of=whole)
    assert "no run.json" in refused(of=tmp_path)
    hand_over(run / "train.lock", os.getppid(), "somebody else")
    assert f"in use: somebody else by process {os.getppid()}" in refused()
    (run / "train.lock").unlink()
    assert "does not belong" in refused("--cnn-weights", tmp_path / "x.pt")
    about = info(run)
    (run / "run.json").write_text(json.dumps({**about, "cnn_init": "sha256:" + "0" * 64}))
    assert "Give the same file" in refused()
    (tmp_path / "x.pt").write_bytes(b"x")
    assert "is not the weights file" in refused("--cnn-weights", tmp_path / "x.pt")
    (run / "run.json").write_text(json.dumps(about))
    eyes = (own / "eyes.f32").read_bytes()
    (own / "eyes.f32").write_bytes(bytes(4) + eyes[4:])
    assert "changed since the run began: in eyes.f32" in refused()
    (own / "eyes.f32").write_bytes(eyes)
    manifest = (own / "manifest.json").read_text()
    (own / "manifest.json").write_text(manifest + "\n")
    assert "changed since the run began: its manifest" in refused()
    assert events(run, "error")[-1]["text"].startswith("The dataset")
    own.rename(tmp_path / "moved")
    assert "is not there" in refused()
    (tmp_path / "moved" / "manifest.json").write_text(manifest)
    assert go_on(run, tmp_path / "moved") == 0


class _Code:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_checkpoint_with_code_in_it_is_not_read(tmp_path: Path, protocol: int) -> None:
    for name, write in (("zip", torch.save), ("plain", pickle.dump)):
        path = tmp_path / f"{name}.pt"
        with path.open("wb") as file:
            more = {"pickle_protocol" if name == "zip" else "protocol": protocol}
            write({"state": _Code(tmp_path / "ran")}, file, **more)
        with pytest.raises(BadInputError, match=r"run code|no file of tensors"):
            load_checkpoint(path)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_architecture_is_refused(
    dataset: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = interrupted(dataset, tmp_path / "run")
    found = load_checkpoint(run / LAST.format(1))
    state = {f"x.{name}": value for name, value in found.state.items()}
    save_checkpoint(run / LAST.format(1), replace(found, state=state))
    assert go_on(run) == 2
    assert "another architecture: 0 of the" in capsys.readouterr().err
    save_checkpoint(run / LAST.format(1), found)
    assert go_on(run) == 0
    assert numbers(run) == numbers(whole)


def test_a_run_that_is_removed_while_it_is_trained_ends_and_stays_removed(
    dataset: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"

    def remove(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 2:
            shutil.rmtree(run)

    with pytest.raises(WorkFailedError, match="was removed while it was trained"):
        train(dataset, run, lambda: time.sleep(0.05), remove)
    assert not (run / "run.json").exists()


def test_a_quick_look_says_so_and_a_folder_of_runs_names_them(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "several"
    ready = small(dataset)
    ready = replace(ready, settings=replace(ready.settings, epochs=1, frozen=True))
    (run := out / "seed0").mkdir(parents=True)
    begin_run(ready, run, Console(), lambda: None)
    assert "FROZEN" in json.loads((run / "results.json").read_text())["remarks"][0]
    for words in (
        ["evaluate", str(out), "--dataset", str(dataset)],
        ["runs", "card", str(out)],
    ):
        assert main(words) == 2
        assert "It holds 1: seed0" in capsys.readouterr().err
    (run / "results.json").unlink()
    assert main(["report", str(out / "seed0"), "--out", str(tmp_path / "r.html")]) == 2
    assert "is not finished" in capsys.readouterr().err


def test_frames_that_do_not_fit_go_to_a_smaller_place_and_that_is_said(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = small(dataset)
    ready = replace(ready, settings=replace(ready.settings, epochs=1))
    cpu, made = torch.device("cpu"), residency._made

    def full(tier: residency.Tier, *rest: Any) -> residency.Store:
        if tier == "gpu":
            raise torch.cuda.OutOfMemoryError
        return made(tier, *rest)

    monkeypatch.setattr(residency, "_made", full)
    assert residency.stored(ready.prepared.dataset, cpu, "gpu").tier == "gpu-32"
    said: list[str] = []
    console = Console()
    console.listeners.append(lambda event: said.append(str(event.get("text", ""))))
    begin_run(ready, new_folder(tmp_path / "run"), console, lambda: None)
    assert f"Fold 1: {residency.SMALLER['gpu-32']}" in said
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["frames_in"] == "gpu-32"
