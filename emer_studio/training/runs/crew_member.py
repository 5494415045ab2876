"""A process that trains one fold after another, as `crew.Crew` tells it.

It is told everything in files: the run folder's ``run.json`` says how, the checkpoints
there say how far it is. Standard input says which fold is next and where the dataset lies
now, and to rest or go on; its end ends the process after the step it is at, so a parent
that was killed leaves nobody training.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from emer_studio.core.console import Console
from emer_studio.core.errors import WorkFailedError
from emer_studio.core.process import Control
from emer_studio.dataset.cache import Dataset, open_cache
from emer_studio.training.feed.residency import Tier, stored
from emer_studio.training.fit.job import FoldJob, Watch
from emer_studio.training.fit.pace import Pace
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.runs.fold_jobs import jobs_of
from emer_studio.training.runs.keeping import said_clearly
from emer_studio.training.runs.remake import remade
from emer_studio.training.runs.run_info import read_run, settings_of

__all__ = ["Member"]

_EVERY_S = 0.1  # a rest is long; chosen by us


@dataclass(slots=True)
class _Orders:
    """What standard input asked for, as the reading thread left it."""

    jobs: queue.Queue[dict[str, Any] | None] = field(default_factory=queue.Queue)
    resting: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def hear(self, command: dict[str, Any]) -> None:
        if command["cmd"] == "fit":
            self.jobs.put(command)
        elif command["cmd"] == "pause":
            self.resting.set()
        elif command["cmd"] == "continue":
            self.resting.clear()

    def end(self) -> None:
        self.ended.set()
        self.jobs.put(None)

    def gate(self, pace: Pace) -> None:
        """Wait while it is to rest; raise KeyboardInterrupt when it is to end."""
        if self.resting.is_set() and not self.ended.is_set():
            pace.rest(True)
            while self.resting.is_set() and not self.ended.is_set():
                time.sleep(_EVERY_S)
            pace.rest(False)
        if self.ended.is_set():
            raise KeyboardInterrupt


class Member:
    """Trains what it is told to until its input ends.

    Parameters
    ----------
    console : Console
        Tells everything, and ``fitted`` after each training.
    device : str
        "cpu" or "cuda" (the current one).
    cnn_weights : Path, optional
        Where the face networks start from.
    tier : str, optional
        Where frames lie; where they fit by default.
    """

    def __init__(
        self, console: Console, device: str, cnn_weights: Path | None, tier: Tier | None
    ) -> None:
        self._console, self._device, self._tier = console, device, tier
        self._weights = load_cnn_weights(cnn_weights) if cnn_weights else None
        self._dataset: Dataset | None = None

    def work(self) -> None:
        """Train until there is nothing more to do."""
        orders = _Orders()
        Control(orders.hear, on_end=orders.end)
        while (order := orders.jobs.get()) is not None:
            folder = Path(order["run"])
            with said_clearly(folder):
                dataset = self._opened(Path(order["dataset"]))
                self._fit(folder, dataset, int(order["fold"]), order["name"], orders)
            self._console.event("fitted", fold=order["fold"], name=order["name"])

    def _fit(
        self, folder: Path, dataset: Dataset, fold: int, name: str, orders: _Orders
    ) -> None:
        info = read_run(folder)
        prepared = remade(info, dataset)
        settings = settings_of(info, self._device, self._weights)
        learner = model_named(info.model)
        pace = Pace()
        watch = Watch(self._console, lambda: orders.gate(pace), pace)
        for split in prepared.split:
            if split.fold == fold:
                jobs = jobs_of(prepared, learner, settings, split, folder)
                job = _named(name, [one for _, one in jobs])
                learner.fit(job, settings, watch)
        if self._device == "cuda":
            torch.cuda.empty_cache()  # others share the GPU

    def _opened(self, folder: Path) -> Dataset:
        if self._dataset is None or self._dataset.folder != folder:
            self._dataset = open_cache(folder)
            stored(self._dataset, torch.device(self._device), self._tier)
        return self._dataset


def _named(name: str, jobs: list[FoldJob]) -> FoldJob:
    for job in jobs:
        if job.name == name:
            return job
    raise WorkFailedError(f"There is no training {name!r} in this run.")
