"""What a training was asked for, checked as far as it can be without loading torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from emer_studio.core.errors import BadInputError
from emer_studio.core.modelfiles import locate
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import benchmark_names, load_benchmark
from emer_studio.schema.models import load_manifest
from emer_studio.schema.training_models import NO_NETWORKS, TRAINING_MODELS
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.names import FaceNet
from emer_studio.training.prepare import Prepared, prepare
from emer_studio.training.presets import PRESETS, Preset

__all__ = [
    "Start",
    "checked",
    "prepared_for",
    "refuse_at_once",
    "refuse_what_networks_take",
    "start_of",
]


@dataclass(frozen=True, slots=True)
class Start:
    """Where the networks of a training begin, and how they are fed and optimised.

    Attributes
    ----------
    preset : Preset
    face_net : {"resnet18", "small"}
    weights : Path or None
        What the face network starts from; None where it is drawn at random.
    """

    preset: Preset
    face_net: FaceNet
    weights: Path | None


def refuse_at_once(request: TrainingRequest, dataset: Dataset) -> None:
    """Refuse what cannot be trained, before anybody waits for it.

    Raises
    ------
    EmerError
        As `checked`; of all benchmarks when none of them can be trained.
    """
    if request.protocol != "all":
        checked(request, dataset, request.protocol)
        return
    problems = []
    for name in benchmark_names():
        try:
            checked(request, dataset, name)
            return
        except BadInputError as problem:
            problems.append(problem.message)
    raise BadInputError(f"No benchmark can be trained on {request.dataset}: {problems[0]}")


def checked(request: TrainingRequest, dataset: Dataset, protocol: str) -> Prepared:
    """Pass every check of a training; torch is loaded only where it alone can tell.

    Raises
    ------
    EmerError
        As `begin.ready_for`, of the first seed.
    """
    seed = next(iter(request.seeds), None)
    if _needs_torch(request):
        from emer_studio.training.runs.begin import ready_for

        return ready_for(request, dataset, protocol, seed).prepared
    prepared = prepared_for(request, dataset, protocol, seed)
    start_of(request, has_maps=dataset.maps is not None)
    return prepared


def _needs_torch(request: TrainingRequest) -> bool:
    """Torch knows GPUs, what is in a file of weights, and models that are in no table."""
    own_weights = request.cnn_weights not in ("", "none")
    return request.device == "cuda" or own_weights or request.model not in TRAINING_MODELS


def prepared_for(
    request: TrainingRequest, dataset: Dataset, protocol: str, seed: int | None
) -> Prepared:
    """Return the labels and folds of one run; its seed is the benchmark's first by default.

    Raises
    ------
    BadInputError
        When the dataset does not have what the benchmark needs, or something was asked for
        that only networks have.
    """
    if request.model in NO_NETWORKS:
        refuse_what_networks_take(request)
    benchmark = load_benchmark(protocol)
    folds = benchmark.folds if request.folds is None else request.folds
    usual = "participant" if folds == "official" else benchmark.folds_by
    drawn = benchmark.seeds[0] if seed is None else seed
    return prepare(dataset, benchmark, folds, drawn, request.folds_by or usual)


def refuse_what_networks_take(request: TrainingRequest) -> None:
    """Refuse what was asked for of a model that is no network, and would not be heard.

    Raises
    ------
    BadInputError
    """
    asked = {
        "--preset": request.preset != "studio",
        "--epochs": request.epochs is not None,
        "--maps": request.maps,
        "--face-net": request.face_net != "auto",
        "--cnn-weights": request.cnn_weights not in ("", "none"),
        "--frozen": request.frozen,
        "--compile": request.compiled,
        "--graph": request.graph,
    }
    for word, given in asked.items():
        if given:
            raise BadInputError(
                f"{request.model} is no network: {word} has no meaning for it.",
                fix=f"Leave out {word}.",
            )


def start_of(request: TrainingRequest, *, has_maps: bool) -> Start:
    """Return where the networks begin.

    Raises
    ------
    BadInputError
        When what was asked for does not fit together, or is not in the dataset.
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
    file = _weights_of(request)
    whole = file is not None or preset.name == "official-2024"
    auto: FaceNet = "resnet18" if whole else "small"
    face_net = auto if request.face_net == "auto" else request.face_net
    return Start(preset, face_net, file if face_net == "resnet18" else None)


def _weights_of(request: TrainingRequest) -> Path | None:
    """Return the file a ResNet-18 starts from: the one asked for, or the installed one."""
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
