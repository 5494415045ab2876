"""Beginning one run: from what was asked for to its results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.files import sha256_file
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.device import choose_device
from emer_studio.training.fit.job import Learner, Settings, Watch
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.nets.precision import best_precision
from emer_studio.training.prepare import Prepared
from emer_studio.training.runs.asked import (
    Start,
    prepared_for,
    refuse_what_networks_take,
    start_of,
)
from emer_studio.training.runs.crew import Crew
from emer_studio.training.runs.experiment import train_all
from emer_studio.training.runs.run_info import describe

__all__ = ["Ready", "begin_run", "ready_for"]


@dataclass(frozen=True, slots=True)
class Ready:
    """One run that can begin.

    Attributes
    ----------
    prepared : Prepared
    learner : Learner
    settings : Settings
    cnn_init : str
        Where the face network starts: "random", or the hash of a weights file.
    cnn_file : Path, optional
        That file.
    """

    prepared: Prepared
    learner: Learner
    settings: Settings
    cnn_init: str
    cnn_file: Path | None = None


def ready_for(
    request: TrainingRequest, dataset: Dataset, protocol: str, seed: int | None
) -> Ready:
    """Collect and check everything that one run needs, without writing anything.

    Parameters
    ----------
    request : TrainingRequest
    dataset : Dataset
        The one that it names.
    protocol : str
        One benchmark.
    seed : int, optional
        The benchmark's first by default.

    Raises
    ------
    EmerError
        When the dataset does not have what the benchmark needs, or the computer or a file
        not what was asked for.
    """
    learner = model_named(request.model)
    if not isinstance(learner, NetworkModel):
        refuse_what_networks_take(request)
    prepared = prepared_for(request, dataset, protocol, seed)
    drawn = prepared.benchmark.seeds[0] if seed is None else seed
    start = start_of(request, has_maps=dataset.maps is not None)
    settings = _settings(request, start, drawn)
    file = start.weights
    cnn_init = f"sha256:{sha256_file(file)}" if file else "random"
    return Ready(prepared, learner, settings, cnn_init, file)


def begin_run(
    ready: Ready,
    folder: Path,
    console: Console,
    check_stop: Callable[[], None],
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Train in a new folder, with a crew several folds at a time; return the results."""
    info = describe(ready.prepared, ready.learner.name, ready.settings, ready.cnn_init)
    if ready.settings.frozen:
        known = "given" if ready.settings.cnn_weights else "random"
        console.say(f"FROZEN backbone: the face network keeps its {known} weights.")
    watch = Watch(console, check_stop)
    return train_all(
        ready.prepared, ready.learner, ready.settings, folder, watch, info, crew
    )


def _settings(request: TrainingRequest, start: Start, seed: int) -> Settings:
    device = choose_device(request.device)
    precision = request.precision
    return Settings(
        preset=start.preset,
        epochs=request.epochs or start.preset.epochs,
        seed=seed,
        device=device,
        modalities=request.modalities,
        maps=request.maps,
        face_net=start.face_net,
        cnn_weights=load_cnn_weights(start.weights) if start.weights else None,
        precision=best_precision(device) if precision == "auto" else precision,
        frozen=request.frozen,
        compiled=request.compiled,
        graph=request.graph,
    )
