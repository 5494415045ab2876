"""What a benchmark asks of one model: its labels as arrays, its network variant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.blind import read_blind
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import Benchmark, benchmark_names, load_benchmark
from emer_studio.schema.training import FoldSplit
from emer_studio.training.names import MISSING_CLASS, Head

__all__ = ["Labels", "Task", "all_heads", "labels_of", "targets_of", "tasks_of"]


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that is asked: a label column, classes or a number.

    Attributes
    ----------
    label : str
        Column of samples.csv.
    classes : tuple of str
        Class names; empty where a number is predicted.
    auxiliary : str or None
        Class column that the official code learns beside the number.
    """

    label: str
    classes: tuple[str, ...] = ()
    auxiliary: str | None = None

    @property
    def regression(self) -> bool:
        """Whether a number is predicted."""
        return not self.classes

    @property
    def head(self) -> Head:
        """What a network predicts for it."""
        return Head(self.label, self.classes)

    @property
    def beside(self) -> tuple[Head, ...]:
        """What the official code learns beside it."""
        return (Head(self.auxiliary, EMOTIONS),) if self.auxiliary else ()


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of all samples of a dataset for one task.

    Attributes
    ----------
    values : (N,) float32
        Numbers; 0 where there is none (see `usable`).
    classes : (N,) int64
        Class numbers, -1 where not labelled.
    usable : (N,) bool
        The task's own label is there and the sample is not excluded.
    unled : Labels or None
        What experts agreed on before anybody saw a suggestion, where the dataset tells: it
        takes the place of the label wherever a model is judged.
    """

    values: NDArray[np.float32]
    classes: NDArray[np.int64]
    usable: NDArray[np.bool_]
    unled: Labels | None = None

    def as_target(self, *, regression: bool) -> NDArray[Any]:
        """Return what a network learns from: as `targets_of`, missing where not usable."""
        if regression:
            return np.where(self.usable, self.values, np.float32(np.nan))
        return np.where(self.usable, self.classes, MISSING_CLASS)

    def of_fold(self, dataset: Dataset, split: FoldSplit) -> Labels:
        """Return the labels of one fold: to learn from in training, unled elsewhere."""
        if self.unled is None:
            return self
        learnt = np.array(
            [split.part_of(s.participant, s.stimulus) == "train" for s in dataset.samples]
        )
        return Labels(
            np.where(learnt, self.values, self.unled.values),
            np.where(learnt, self.classes, self.unled.classes),
            np.where(learnt, self.usable, self.unled.usable),
        )


def tasks_of(benchmark: Benchmark) -> tuple[Task, ...]:
    """Return one task for each label of the benchmark."""
    return tuple(
        Task(label, benchmark.classes, benchmark.auxiliary) for label in benchmark.labels
    )


def all_heads() -> tuple[Head, ...]:
    """Return every label that any benchmark asks for, as heads in their order."""
    heads = {}
    for name in benchmark_names():
        for task in tasks_of(load_benchmark(name)):
            heads[task.label] = task.head
    return tuple(heads.values())


def labels_of(dataset: Dataset, task: Task) -> Labels:
    """Collect the labels of one task.

    Raises
    ------
    BadInputError
        When no sample carries the label.
    """
    target = targets_of(dataset, (task.head,))[task.label]
    allowed = np.array([not sample.excluded for sample in dataset.samples], bool)
    final = _labels(task, target, allowed)
    if not final.usable.any():
        raise BadInputError(
            f"No sample of {dataset.folder} has the label {task.label}.",
            fix="Choose a protocol whose labels exist, or label the samples first.",
        )
    blind = read_blind(dataset.folder) if task.label.startswith("fer") else None
    if blind is None:
        return final
    rows = [blind.get(sample.sample_id, {}) for sample in dataset.samples]
    told = _target(task.head, [row.get(task.label) for row in rows])
    return replace(final, unled=_labels(task, told, allowed))


def _labels(task: Task, target: NDArray[Any], allowed: NDArray[np.bool_]) -> Labels:
    n = len(target)
    known = np.isfinite(target) if task.regression else target != MISSING_CLASS
    numbers = np.nan_to_num(target) if task.regression else np.zeros(n)
    classes = np.full(n, MISSING_CLASS) if task.regression else target
    return Labels(numbers.astype(np.float32), classes.astype(np.int64), known & allowed)


def targets_of(dataset: Dataset, heads: Sequence[Head]) -> dict[str, NDArray[Any]]:
    """Return the labels of all samples by head.

    Class numbers (N,) int64, `MISSING_CLASS` where not labelled, or numbers (N,) float32,
    NaN where not labelled.
    """
    return {
        head.label: _target(head, [getattr(s, head.label) for s in dataset.samples])
        for head in heads
    }


def _target(head: Head, cells: Sequence[Any]) -> NDArray[Any]:
    if head.classes:
        places = {name: place for place, name in enumerate(head.classes)}
        return np.array([places.get(cell, MISSING_CLASS) for cell in cells], np.int64)
    return np.array([np.nan if cell is None else cell for cell in cells], np.float32)
