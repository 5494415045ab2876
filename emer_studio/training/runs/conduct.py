"""One call of the command: a new run, one that goes on, or several; and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import WorkFailedError
from emer_studio.core.files import new_folder
from emer_studio.dataset.cache import open_cache
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.runs.batch import RESULT_FILE, batch_text, train_batch
from emer_studio.training.runs.begin import Ready, begin_run, ready_for
from emer_studio.training.runs.crew import crew_of
from emer_studio.training.runs.events import logged
from emer_studio.training.runs.keeping import alone
from emer_studio.training.runs.resume import resume_run, unfinished
from emer_studio.training.scores.summary import summary_text
from emer_studio.training.train_arguments import weights_word

__all__ = ["begun", "new", "resumed"]

CheckStop = Callable[[], None]


def new(
    request: TrainingRequest, folder: Path, console: Console, check_stop: CheckStop
) -> int:
    """Train one benchmark in a folder that is made once everything has been checked."""
    seed = next(iter(request.seeds), None)
    dataset = open_cache(Path(request.dataset))
    ready = ready_for(request, dataset, request.protocol, seed)
    try:
        new_folder(folder)
    except OSError as problem:
        raise WorkFailedError(
            f"The run folder {folder} could not be written: {problem.strerror or problem}.",
            fix="Free disk space or choose another folder with --out.",
        ) from None
    return _alone(
        folder, console, lambda: _begun(ready, request, folder, console, check_stop)
    )


def begun(
    folder: Path,
    console: Console,
    check_stop: CheckStop,
    *,
    dataset: Path | None = None,
    cnn_weights: Path | None = None,
    device: str | None = None,
    parallel: int | None = None,
) -> int:
    """Do what the folder's ``start.json`` asks for, as far as it is not done.

    The dataset and the weights file may lie elsewhere by now.
    """
    given = {
        "dataset": str(dataset.resolve()) if dataset else None,
        "cnn_weights": weights_word(cnn_weights) or None,
        "device": device,
        "parallel": parallel,
    }
    now = {name: value for name, value in given.items() if value is not None}
    request = TrainingRequest.read(folder).model_copy(update=now)

    def train() -> dict[str, Any]:
        if request.several:
            return train_batch(request, folder, console, check_stop)
        seed = next(iter(request.seeds), None)
        dataset = open_cache(Path(request.dataset))
        ready = ready_for(request, dataset, request.protocol, seed)
        return _begun(ready, request, folder, console, check_stop)

    again = (folder / RESULT_FILE).is_file() or any(folder.glob("**/run.json"))
    return _alone(folder, console, train, resumed=again, several=request.several)


def resumed(
    folder: Path,
    console: Console,
    check_stop: CheckStop,
    *,
    dataset: Path | None,
    cnn_weights: Path | None,
    device: str | None,
    parallel: int | None,
) -> int:
    """Go on with one run."""
    unfinished(folder)
    return _alone(
        folder,
        console,
        lambda: resume_run(
            folder, console, check_stop,
            dataset=dataset, cnn_weights=cnn_weights, device=device, parallel=parallel,
        ),
        resumed=True,
    )  # fmt: skip


def _begun(
    ready: Ready,
    request: TrainingRequest,
    folder: Path,
    console: Console,
    check_stop: CheckStop,
) -> dict[str, Any]:
    data, device = ready.prepared.dataset, ready.settings.device
    with crew_of(request.parallel, device, data, ready.cnn_file) as crew:
        return begin_run(ready, folder, console, check_stop, crew)


def _alone(
    folder: Path,
    console: Console,
    train: Callable[[], dict[str, Any]],
    *,
    resumed: bool = False,
    several: bool = False,
) -> int:
    """Hold the folder and keep its log until the result has been reported."""
    with alone(folder, "training"), logged(folder, console, resumed=resumed):
        try:
            result = train()
        except KeyboardInterrupt:
            again = f"Go on with it: emer-studio train --resume {folder}"
            console.note(f"Finished epochs are kept. {again}")
            raise
        console.result(result, (batch_text if several else summary_text)(result))
    return 0
