"""All folds of a finished run as one: their answers to a sample are averaged.

Who sits before the camera is in no fold's training part, so that every fold may answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache_reader import Dataset, open_cache
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.eye_columns import eye_column_names
from emer_studio.schema.training import RunInfo
from emer_studio.training.feed.inputs import Feed
from emer_studio.training.feed.sampling import clip_span
from emer_studio.training.fit.job import Settings
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.fit.predict import predict
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import Checkpoint, load_checkpoint
from emer_studio.training.nets.network import Head, Network
from emer_studio.training.nets.precision import pixel_type
from emer_studio.training.runs.run_info import read_run, settings_of

__all__ = ["Estimate", "LiveModel", "mean_clip_s"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the folds say on average.

    Attributes
    ----------
    classes : dict of str to dict of str to float
        Probabilities of the classes, by label; they sum to 1.
    numbers : dict of str to float
        By label.
    """

    classes: dict[str, dict[str, float]]
    numbers: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Member:
    network: Network
    found: Checkpoint


class LiveModel:
    """The best checkpoints of all folds of a run.

    Parameters
    ----------
    run : Path
        A finished run folder.
    device : str
        "cpu" or "cuda".

    Raises
    ------
    BadInputError
        When the run is not finished, is no network's, looks at other eye columns than
        those that are computed here, or a checkpoint does not fit.
    """

    def __init__(self, run: Path, device: str) -> None:
        self.info = read_run(run)
        if self.info.state != "done":
            raise BadInputError(
                f"{run} is not finished (state {self.info.state!r}).",
                fix="Choose a finished run: emer-studio runs list STUDY.",
            )
        self._settings = settings_of(self.info, device)
        self._members = _members(run, self.info, self._settings)
        heads = {head: None for member in self._members for head in member.found.heads}
        self.heads: tuple[Head, ...] = tuple(heads)
        self.scored = tuple(load_benchmark(self.info.protocol).labels)
        for member in self._members:
            _check_width(member.found, self._settings)

    @property
    def folds(self) -> int:
        """How many folds answer."""
        return len({member.found.fold for member in self._members})

    @property
    def looks_at(self) -> tuple[str, ...]:
        """The streams it looks at."""
        return self._settings.modalities

    def estimate(self, dataset: Dataset) -> Estimate:
        """Return the mean answer to the first sample of a dataset."""
        told: dict[Head, list[Any]] = {head: [] for head in self.heads}
        for member in self._members:
            heads = member.found.heads
            answers = predict(
                member.network,
                self._feed(dataset, member.found),
                heads,
                [0],
                self._settings.precision,
            )
            for head in heads:
                one = answers[head.label]
                told[head].append((one.probabilities if head.classes else one.values)[0])
        mean = {head: np.mean(answers, axis=0) for head, answers in told.items()}
        return Estimate(
            {h.label: _named(h, m) for h, m in mean.items() if h.classes},
            {h.label: float(m) for h, m in mean.items() if not h.classes},
        )

    def _feed(self, dataset: Dataset, found: Checkpoint) -> Feed:
        settings = self._settings
        return Feed(
            dataset,
            settings.preset.view,
            found.scale,
            torch.device(settings.device),
            modalities=settings.modalities,
            maps=settings.maps,
            pixels=pixel_type(settings.precision),
        )


def mean_clip_s(info: RunInfo) -> float | None:
    """Return the mean length of the samples a run was trained on, s; None if unknown.

    A dataset that has changed since, or is not there any more, tells nothing.
    """
    try:
        dataset = open_cache(Path(info.dataset))
    except BadInputError:
        return None
    if dataset.manifest_sha256 != info.dataset_manifest_sha256:
        return None
    spans = []
    for index in range(len(dataset.samples)):
        clip = dataset.clip(index)
        start_s, end_s = clip_span(clip.face_times_s, clip.eye_times_s)
        spans.append(end_s - start_s)
    return float(np.mean(spans)) if spans else None


def _members(run: Path, info: RunInfo, settings: Settings) -> tuple[_Member, ...]:
    learner = model_named(info.model)
    paths = sorted(run.glob("fold*_best.pt"))
    if not isinstance(learner, NetworkModel) or not paths:
        raise BadInputError(
            f"{run} keeps no network that could be shown a picture ({info.model}).",
            fix="Choose the run of a network, e.g. one of train --model emert.",
        )
    members = []
    for path in paths:
        found = load_checkpoint(path)
        if found.model != learner.name:
            raise BadInputError(
                f"{path} is of the model {found.model}, the run of {learner.name}."
            )
        network = learner.restored(found, settings)
        network.eval()
        members.append(_Member(network, found))
    return tuple(members)


def _check_width(found: Checkpoint, settings: Settings) -> None:
    columns = len(eye_column_names())
    each = 3 if settings.preset.view.eyes == "summary" else 1
    width = len(found.scale.mean)
    if width != each * columns:
        raise BadInputError(
            f"The run was trained on {width // each} eye columns of its own; from a"
            f" running tracker the {columns} default ones are computed.",
            fix="Choose a run that was trained on this program's recordings.",
        )


def _named(head: Head, mean: Mapping[int, float]) -> dict[str, float]:
    return {name: float(mean[place]) for place, name in enumerate(head.classes)}
