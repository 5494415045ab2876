"""Small trainings: one frame and four rows of a clip, two clips a step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.console import Console
from emer_studio.dataset.cache import CacheWriter, open_cache
from emer_studio.schema.dataset import MAP_SHAPE, SampleRow
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.nets.checkpoint import load_checkpoint
from emer_studio.training.presets import View
from emer_studio.training.runs.begin import Ready, begin_run, ready_for

EPOCHS = 8


def small(dataset: Path, **asked: Any) -> Ready:
    """Return a preset (studio), made small enough for a second of training."""
    words = {"protocol": "er7", "folds": 2, "epochs": EPOCHS, "device": "cpu"}
    request = TrainingRequest(dataset=str(dataset), **(words | asked))
    ready = ready_for(request, open_cache(dataset), request.protocol, None)
    own = ready.settings.preset.view
    view = View(own.sampling, own.pixels, own.eyes, frames=1, rows=4)
    preset = replace(ready.settings.preset, view=view, batch_size=2)
    return replace(ready, settings=replace(ready.settings, preset=preset))


def write_random(folder: Path) -> Path:
    """Write a dataset of two clips of each of four people, with fixation maps."""
    rng = np.random.default_rng(5)
    with CacheWriter(folder, name="random", synthetic=True, maps=True) as writer:
        width = len(writer.manifest.eye_columns)
        for place in range(8):
            writer.add(
                SampleRow(
                    sample_id=f"s{place}", participant=f"P{place // 2}",
                    stimulus=f"c{place % 2}", er3=("negative", "positive")[place % 2],
                ),
                rng.integers(0, 256, (3, 112, 112, 3), dtype=np.uint8),
                np.ones(3),
                np.arange(3) / 3.0,
                rng.normal(size=(30, width)).astype(np.float32),
                np.arange(30) / 30.0,
                rng.random(MAP_SHAPE, np.float32),
            )  # fmt: skip
    return folder


def train(
    dataset: Path,
    folder: Path,
    check_stop: Callable[[], None] = lambda: None,
    *listeners: Callable[[dict[str, Any]], None],
) -> Path:
    """Train in a new folder."""
    folder.mkdir()
    console = Console()
    console.listeners.extend(listeners)
    begin_run(small(dataset), folder, console, check_stop)
    return folder


def numbers(run: Path) -> tuple[str, dict[str, Any], dict[str, bytes]]:
    """Return what must not depend on interruptions: all but where and how fast.

    Also every parameter after the last epoch: the best one may be of an early epoch.
    """
    results = json.loads((run / "results.json").read_text())
    del results["run"], results["samples_per_s"]
    weights = {
        f"{path.name} {name}": value.numpy().tobytes()
        for path in sorted(run.glob("*.pt"))
        for name, value in load_checkpoint(path).state.items()
    }
    assert weights
    return (run / "predictions.csv").read_text(), results, weights


def events(run: Path, *names: str) -> list[dict[str, Any]]:
    """Return what a run told, as far as the lines are whole."""
    path = run / "events.jsonl"
    lines = path.read_text().splitlines() if path.is_file() else []
    told = [json.loads(line) for line in lines if line.endswith("}")]
    return [event for event in told if not names or event["event"] in names]


def info(run: Path) -> dict[str, Any]:
    """Return ``run.json``."""
    return dict(json.loads((run / "run.json").read_text()))


def until(true: Callable[[], object], timeout_s: float = 60.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
