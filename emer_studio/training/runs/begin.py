"""Beginning one run: from what was asked for to its results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.core.modelfiles import locate
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import Benchmark, load_benchmark
from emer_studio.schema.models import load_manifest
from emer_studio.schema.training import FoldKind
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.device import choose_device
from emer_studio.training.fit.job import Learner, Settings, Watch
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.nets.network import FaceNet
from emer_studio.training.nets.precision import best_precision
from emer_studio.training.prepare import Prepared, prepare
from emer_studio.training.presets import PRESETS
from emer_studio.training.runs.crew import Crew
from emer_studio.training.runs.experiment import train_all
from emer_studio.training.runs.run_info import describe

__all__ = ["Ready", "begin_run", "ready_for", "settings_for"]


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
    benchmark = load_benchmark(protocol)
    drawn = benchmark.seeds[0] if seed is None else seed
    folds = benchmark.folds if request.folds is None else request.folds
    by = request.folds_by or _by(benchmark, folds)
    learner = model_named(request.model)
    if request.frozen and not isinstance(learner, NetworkModel):
        raise BadInputError(
            f"{learner.name} has no face network that could stay as it is.",
            fix="Leave out --frozen.",
        )
    prepared = prepare(dataset, benchmark, folds, drawn, by)
    settings = settings_for(request, drawn, has_maps=dataset.maps is not None)
    file = weights_of(request) if settings.cnn_weights is not None else None
    start = f"sha256:{sha256_file(file)}" if file else "random"
    return Ready(prepared, learner, settings, start, file)


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


def settings_for(request: TrainingRequest, seed: int, *, has_maps: bool) -> Settings:
    """Return how to train.

    Raises
    ------
    EmerError
        When something that was asked for is not there.
    """
    preset = PRESETS[request.preset]
    if request.corrected_input:
        if preset.corrected is None:
            raise BadInputError(
                f"--corrected-input is for official-2024; {preset.name} needs none."
            )
        preset = replace(preset, view=preset.corrected)
    if request.maps and not has_maps:
        raise BadInputError(
            f"{request.dataset} has no fixation maps.",
            fix="Leave out --maps, or build the dataset from recordings with gaze.",
        )
    if request.maps and "gaze" not in request.modalities:
        raise BadInputError(
            "Fixation maps belong to the stream gaze, which is not looked at.",
            fix="Leave out --maps, or name gaze in --modalities as well.",
        )
    file = weights_of(request)
    whole = file is not None or preset.name == "official-2024"
    auto: FaceNet = "resnet18" if whole else "small"
    face_net = auto if request.face_net == "auto" else request.face_net
    if face_net == "small":
        file = None
    device = choose_device(request.device)
    precision = request.precision
    return Settings(
        preset=preset,
        epochs=request.epochs or preset.epochs,
        seed=seed,
        device=device,
        modalities=request.modalities,
        maps=request.maps,
        face_net=face_net,
        cnn_weights=load_cnn_weights(file) if file else None,
        precision=best_precision(device) if precision == "auto" else precision,
        frozen=request.frozen,
        compiled=request.compiled,
        graph=request.graph,
    )


def weights_of(request: TrainingRequest) -> Path | None:
    """Return the file a ResNet-18 starts from: the one asked for, or the installed one.

    Raises
    ------
    BadInputError
        When a file is asked for that the face network cannot take.
    """
    if request.cnn_weights == "none":
        return None
    if request.cnn_weights:
        if request.face_net == "small":
            raise BadInputError(
                "The small face network cannot start from ResNet-18 weights.",
                fix="Leave out --cnn-weights or --face-net small.",
            )
        return Path(request.cnn_weights)
    entry = load_manifest().entry("resnet18")
    return locate(entry.file, entry.sha256)


def _by(benchmark: Benchmark, folds: int | Literal["official"]) -> FoldKind:
    return "participant" if folds == "official" else benchmark.folds_by
