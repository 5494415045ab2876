"""A run before it starts: labels, folds, and every check that can refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import Dataset
from emer_studio.dataset.clip_facts import read_clips
from emer_studio.dataset.sets import read_sets
from emer_studio.schema.benchmark import Benchmark
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.training import FoldKind, FoldSplit, Part
from emer_studio.training.folds import (
    check_films,
    check_leakage,
    make_folds,
    official_folds,
)
from emer_studio.training.stimulus_folds import crossed_folds, stimulus_folds
from emer_studio.training.task import Labels, Task, labels_of, tasks_of

__all__ = ["Prepared", "members", "part_of", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that has passed every check and may start.

    Attributes
    ----------
    dataset, benchmark
        The data and what is asked.
    tasks : tuple of (Task, Labels)
        One network each.
    split : tuple of FoldSplit
        The folds.
    folds : {"participant", "stimulus", "both", "official"}
        Where they come from.
    """

    dataset: Dataset
    benchmark: Benchmark
    tasks: tuple[tuple[Task, Labels], ...]
    split: tuple[FoldSplit, ...]
    folds: FoldKind | Literal["official"] = "participant"


def prepare(
    dataset: Dataset,
    benchmark: Benchmark,
    folds: int | Literal["official"],
    seed: int,
    by: FoldKind = "participant",
) -> Prepared:
    """Collect the labels, make the folds and run every check that can refuse.

    Parameters
    ----------
    dataset : Dataset
    benchmark : Benchmark
    folds : int or "official"
        How many, or the dataset's official sets.
    seed : int
    by : {"participant", "stimulus", "both"}, optional
        What training and test never share; official sets are by participant.

    Raises
    ------
    BadInputError
        When labels are missing, participants or stimuli too few, official sets missing or
        incomplete, or a fold leaks.
    """
    tasks = tuple((task, labels_of(dataset, task)) for task in tasks_of(benchmark))
    used = np.any([labels.usable for _, labels in tasks], axis=0)
    samples = [dataset.samples[i] for i in np.flatnonzero(used)]
    allowed = [sample for sample in dataset.samples if not sample.excluded]
    split = tuple(_folds(dataset, samples, folds, seed, by))
    clips = read_clips(dataset.folder)
    for fold in split:
        # Those without the label, too: a joint network learns their other labels.
        check_leakage(allowed, fold)
        check_films(fold, clips)
        for task, labels in tasks:
            _check_fold(dataset, task, labels.of_fold(dataset, fold), fold)
    return Prepared(dataset, benchmark, tasks, split, folds if folds == "official" else by)


def _folds(
    dataset: Dataset,
    samples: Sequence[StoredSample],
    folds: int | Literal["official"],
    seed: int,
    by: FoldKind,
) -> list[FoldSplit]:
    if folds == "official":
        if by != "participant":
            raise BadInputError(
                f"Official sets are by participant; they cannot be by {by} as well.",
                fix="Leave out --folds-by, or give a number with --folds.",
            )
        return official_folds(samples, read_sets(dataset.folder), seed)
    if by == "participant":
        return make_folds([s.participant for s in samples], folds, seed)
    return (stimulus_folds if by == "stimulus" else crossed_folds)(samples, folds, seed)


def members(
    dataset: Dataset, labels: Labels, split: FoldSplit, *parts: Part
) -> tuple[int, ...]:
    """Return the usable samples of some parts of a fold, in dataset order."""
    return part_of(dataset, labels.usable, split, *parts)


def part_of(
    dataset: Dataset, usable: NDArray[np.bool_], split: FoldSplit, *parts: Part
) -> tuple[int, ...]:
    """Return some samples of some parts of a fold, in dataset order."""
    return tuple(
        i
        for i, sample in enumerate(dataset.samples)
        if usable[i] and split.part_of(sample.participant, sample.stimulus) in parts
    )


def _check_fold(dataset: Dataset, task: Task, labels: Labels, fold: FoldSplit) -> None:
    train = members(dataset, labels, fold, "train")
    if not train or not members(dataset, labels, fold, "test"):
        raise BadInputError(
            f"Fold {fold.fold} has no sample with {task.label} to "
            f"{'test' if train else 'train'} on.",
            fix="Ask for fewer folds with --folds, or label more samples.",
        )
    if not task.regression and len(set(labels.classes[list(train)])) < 2:
        raise BadInputError(
            f"Fold {fold.fold} would train on one class of {task.label} only; "
            "at least two are needed."
        )
