"""The runs of one call: one after another, or side by side with the folds of all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import StoppedError
from emer_studio.core.files import read_json
from emer_studio.schema.benchmark import METRICS
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.runs.begin import Ready, begin_run
from emer_studio.training.runs.control import Gate
from emer_studio.training.runs.crew import Crew
from emer_studio.training.runs.events import logged
from emer_studio.training.runs.keeping import alone
from emer_studio.training.runs.resume import resume_run
from emer_studio.training.runs.run_info import read_run

__all__ = ["One", "trained"]

CheckStop = Callable[[], None]


@dataclass(frozen=True, slots=True)
class One:
    """A run of several: what was asked for, what it needs, and where it lies."""

    request: TrainingRequest
    ready: Ready
    folder: Path


def trained(
    every: Sequence[One],
    folder: Path,
    console: Console,
    check_stop: CheckStop,
    crew: Crew | None,
) -> list[dict[str, Any]]:
    """Read, go on with or begin each run; return their pooled scores in order.

    Parameters
    ----------
    every : sequence of One
    folder : Path
        Of them all; wishes may lie there (`control`).
    console, check_stop
        See `fit.job.Watch`.
    crew : Crew, optional
        With one, runs stand side by side, so that whoever has no fold left to train in one
        finds one in the next.
    """
    if crew is None:
        gate = Gate(folder, console, check_stop)
        return [_train(one, console, gate, None) for one in every]
    over = threading.Event()

    def check() -> None:
        check_stop()
        if over.is_set():
            raise StoppedError("Another run of the same call has ended the training.")

    def train(one: One) -> dict[str, Any]:
        branch = _Branch(console, str(one.folder.relative_to(folder)))
        try:
            return _train(one, branch, Gate(folder, branch, check), crew)
        except BaseException:
            over.set()
            raise

    with ThreadPoolExecutor(crew.size, thread_name_prefix="run") as pool:
        futures = [pool.submit(train, one) for one in every]
        try:
            for future in futures:
                future.exception()
        finally:
            if not all(future.done() for future in futures):
                over.set()  # Ctrl-C: nobody waits any more
    problems = [problem for one in futures if (problem := one.exception()) is not None]
    for problem in sorted(problems, key=lambda p: isinstance(p, StoppedError)):
        raise problem
    return [future.result() for future in futures]


class _Branch(Console):
    """A run's own console: its log hears of no other run, the caller's console of all."""

    def __init__(self, trunk: Console, name: str) -> None:
        super().__init__()
        self._trunk, self._name = trunk, name
        self.listeners.append(self._pass_on)

    def _pass_on(self, event: dict[str, Any]) -> None:
        told = dict(event)
        self._trunk.event(told.pop("event"), **told)

    def note(self, text: str) -> None:
        """Print a line for a person, who sees those of several runs."""
        self._trunk.note(f"{self._name}: {text}")

    def progress(self, step: str, done: int, total: int, /, **fields: Any) -> None:
        """Report how far it is; several bars would hide each other."""
        self.event("progress", step=step, done=done, total=total, **fields)


def _train(
    one: One, console: Console, gate: Callable[[], None], crew: Crew | None
) -> dict[str, Any]:
    """Read, go on with or begin one run; return its pooled scores."""
    request, ready, folder = one.request, one.ready, one.folder
    protocol, seed = ready.prepared.benchmark.name, ready.settings.seed
    begun = (folder / "run.json").is_file()
    if begun and read_run(folder).state == "done":
        return _told(protocol, seed, folder, read_json(folder / "results.json"))
    console.say(f"{protocol}, seed {seed}: {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, f"training {protocol}"), logged(folder, console, resumed=begun):
        if begun:
            given = request.cnn_weights not in ("", "none")
            file = Path(request.cnn_weights) if given else None
            results = resume_run(
                folder, console, gate,
                dataset=ready.prepared.dataset.folder, cnn_weights=file,
                device=request.device, parallel=1, crew=crew,
            )  # fmt: skip
        else:
            results = begin_run(ready, folder, console, gate, crew)
        told = _told(protocol, seed, folder, results)
        console.event("run", **told)
    return told


def _told(
    protocol: str, seed: int, folder: Path, results: Mapping[str, Any]
) -> dict[str, Any]:
    scores = {name: results[name] for name in METRICS if name in results}
    return {"protocol": protocol, "seed": seed, "run": str(folder), "scores": scores}
