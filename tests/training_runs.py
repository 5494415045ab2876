"""Small trainings: one frame and four rows of a clip, two clips a step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.dataset.cache import open_cache
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.nets.checkpoint import load_checkpoint
from emer_studio.training.presets import View
from emer_studio.training.runs.begin import Ready, begin_run, ready_for

EPOCHS = 8


def small(dataset: Path) -> Ready:
    """Return the studio preset, made small enough for a second of training."""
    request = TrainingRequest(
        dataset=str(dataset), protocol="er7", folds=2, epochs=EPOCHS, device="cpu"
    )
    ready = ready_for(request, open_cache(dataset), "er7", None)
    preset = replace(ready.settings.preset, view=View(frames=1, rows=4), batch_size=2)
    return replace(ready, settings=replace(ready.settings, preset=preset))


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
