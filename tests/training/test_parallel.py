"""Folds and runs that are trained at the same time, by real processes."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from emer_studio.cli import main
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, StoppedError, WorkFailedError
from emer_studio.core.files import new_folder
from emer_studio.core.process import command_line
from emer_studio.dataset.cache import open_cache
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.training.fit.job import FoldJob, Watch
from emer_studio.training.runs.begin import begin_run
from emer_studio.training.runs.control import ask
from emer_studio.training.runs.crew import Crew, crew_of
from emer_studio.training.runs.crew_words import Telling
from training_runs import EPOCHS, events, info, numbers, small, train, until


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute with one thread here, as two processes do on two cores: bits are compared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parallel") / "d"
    synthesise(folder, SynthConfig(participants=6, clips=2, seed=3, frames=2, clip_s=0.5))
    return folder


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one fold after another."""
    return train(dataset, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def crew(dataset: Path) -> Iterator[Crew]:
    with crew_of(2, "cpu", open_cache(dataset), None) as found:
        assert found is not None
        yield found


def members() -> list[psutil.Process]:
    """Return the processes that train for this one."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if "train-folds" in child.cmdline():
                found.append(child)
    return found


def same_numbers(run: Path, other: Path) -> bool:
    return numbers(run) == numbers(other)


def test_it_leaves_what_one_after_another_leaves_and_goes_on_after_a_kill(
    dataset: Path, whole: Path, crew: Crew, tmp_path: Path
) -> None:
    run = new_folder(tmp_path / "run")
    place, other_place = tmp_path / "d", tmp_path / "moved"
    shutil.copytree(dataset, place)
    console = Console()

    def kill(event: dict[str, Any]) -> None:
        if event["event"] == "epoch" and event["epoch"] == 2:
            for member in members():
                member.kill()

    console.listeners.append(kill)
    with pytest.raises(WorkFailedError, match=r"(?s)exit code.*--parallel 1"):
        begin_run(small(place), run, console, lambda: None, crew)
    assert info(run)["state"] == "failed"
    assert "ended" in info(run)["problem"]
    place.rename(other_place)
    assert main(["train", str(other_place), "--resume", str(run), "--json"]) == 0
    assert same_numbers(run, whole)
    found = info(run)
    assert (found["parallel"], len(found["resumed"])) == (2, 1)
    told = {(event["fold"], event["epoch"]) for event in events(run, "epoch")}
    every = {(fold, epoch) for fold in (1, 2) for epoch in range(1, EPOCHS + 1)}
    assert told <= every
    assert len(every - told) <= 2  # who is killed between keeping and telling tells no more
    last = events(run, "progress")[-1]
    assert (last["step"], last["total"]) == ("2 of 2 folds done", 2 * EPOCHS)
    assert events(run, "resources")[0]["rss_mb"] > 0
    assert not members()


def test_who_trains_rests_goes_on_and_stops_with_the_run(
    dataset: Path, crew: Crew, tmp_path: Path
) -> None:
    run = new_folder(tmp_path / "run")
    console = Console()
    still: list[int] = []

    def checked() -> None:
        """Play the other terminal, once the first epochs are told."""
        told = len(events(run, "epoch"))
        if told and not still:
            ask(run, "pause")
            still.append(-1)
        elif info(run)["state"] == "paused" and len(still) < 8:
            still.append(told)
        elif len(still) == 8:
            ask(run, "continue")
            still.append(told)
        elif len(still) > 8 and told > still[-1]:
            ask(run, "stop")

    with pytest.raises(StoppedError, match="was stopped"):
        begin_run(small(dataset), run, console, checked, crew)
    assert info(run)["state"] == "interrupted"
    assert still[-1] - still[1] <= 2  # an epoch that each was about to end


def test_runs_of_one_call_share_the_processes_and_end_with_their_parent(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = ["train", str(dataset), "--protocol", "er3", "--folds", "2", "--device", "cpu"]
    words += ["--epochs", "2", "--model", "eye-only"]
    line = command_line(*words, "--seeds", "0,1", "--parallel", "2", "--out", str(out))
    with subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as it:
        until(lambda: events(out, "epoch"))
        trainers = psutil.Process(it.pid).children(recursive=True)
        it.kill()
    gone, alive = psutil.wait_procs(trainers, timeout=30)
    assert gone
    assert not alive
    moved = tmp_path / "moved"
    shutil.copytree(dataset, moved)
    manifest = moved / "manifest.json"
    ours = manifest.read_bytes()
    manifest.write_bytes(ours + b"\n")
    assert main(["train", str(moved), "--resume", str(out)]) == 2
    assert "changed since the run began" in capsys.readouterr().err
    manifest.write_bytes(ours)
    again = ["train", str(moved), "--resume", str(out), "--cnn-weights", "none", "--json"]
    assert main(again) == 0
    alone = tmp_path / "alone"
    assert main([*words, "--seed", "1", "--out", str(alone)]) == 0
    assert same_numbers(out / "seed1", alone)
    for seed in (0, 1):
        run = out / f"seed{seed}"
        assert {event["seed"] for event in events(run, "run")} == {seed}
        assert info(run)["parallel"] == 2
    told = json.loads((out / "all.json").read_text())
    assert told["dataset"] == str(moved)
    assert [run["seed"] for run in told["runs"]] == [0, 1]


def test_one_that_died_idle_is_replaced_and_what_one_refuses_is_said_as_it_says_it(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = small(dataset)
    ready = replace(ready, settings=replace(ready.settings, epochs=1))
    with Crew(1, ["train-folds", "--device", "cpu", "--threads", "1"]) as crew:
        begin_run(ready, new_folder(tmp_path / "one"), Console(), lambda: None, crew)
        (idle,) = members()
        idle.kill()
        idle.wait(10)
        run = new_folder(tmp_path / "two")
        (run / "fold2_er_emotion_last.pt").write_bytes(b"no checkpoint")
        with pytest.raises(BadInputError, match="fold2_er_emotion_last"):
            begin_run(ready, run, Console(), lambda: None, crew)
    assert (run / "fold1_er_emotion_best.pt").is_file()
    words = ["train", str(dataset), "--protocol", "er7", "--parallel", "0"]
    assert main(words) == 2
    assert "found 0" in capsys.readouterr().err


def test_all_of_them_are_told_as_one(dataset: Path, tmp_path: Path) -> None:
    ready = small(dataset)
    heard: list[dict[str, Any]] = []
    console = Console()
    console.listeners.append(heard.append)
    telling = Telling(Watch(console, lambda: None), jobs=3, epochs=10)
    jobs = [_job(ready, fold, tmp_path) for fold in (1, 2, 3)]
    for job, done in ((jobs[0], 0), (jobs[1], 4)):
        telling.hear(job, {"event": "feed", "epochs_done": done})
    for job, megabytes in ((jobs[0], 100.0), (jobs[1], 50.0)):
        told = {"samples_per_s": 5.0, "cpu_percent": 90.0, "rss_mb": megabytes}
        telling.hear(job, {"event": "resources", **told})
    telling.hear(jobs[1], {"event": "progress", "done": 1, "total": 2})
    telling.ended(jobs[1])
    progress = [event for event in heard if event["event"] == "progress"]
    assert progress[-1]["step"] == "1 of 3 folds done"
    assert (progress[-1]["done"], progress[-1]["total"]) == (4, 30)
    assert progress[-1]["eta_s"] >= 0
    assert next(e for e in heard if e["event"] == "resources")["rss_mb"] == 100.0


def _job(ready: Any, fold: int, folder: Path) -> FoldJob:
    data = ready.prepared.dataset
    return FoldJob(data, (), (), {}, fold, 3, (0,), (), folder, "er_emotion")
