"""What a benchmark asks of one model: its labels as arrays, its network variant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import Benchmark
from emer_studio.training.emert import Variant
from emer_studio.training.losses import MISSING_CLASS

__all__ = ["Labels", "Task", "labels_of", "tasks_of"]


@dataclass(frozen=True, slots=True)
class Task:
    """One model to train: a label column and how it is predicted.

    Attributes
    ----------
    label : str
        Column of samples.csv.
    variant : {"value", "discrete", "intensity"}
        Network.
    classes : tuple of str
        Class names; those of the auxiliary label for the intensity variant.
    auxiliary : str or None
        Class column learnt beside the number.
    """

    label: str
    variant: Variant
    classes: tuple[str, ...]
    auxiliary: str | None = None

    @property
    def regression(self) -> bool:
        """Whether a number is predicted."""
        return self.variant != "discrete"


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
    """

    values: NDArray[np.float32]
    classes: NDArray[np.int64]
    usable: NDArray[np.bool_]


def tasks_of(benchmark: Benchmark) -> tuple[Task, ...]:
    """Return one task for each label of the benchmark."""
    if benchmark.kind == "classification":
        return (Task(benchmark.labels[0], "discrete", benchmark.classes),)
    if benchmark.auxiliary is not None:
        return tuple(
            Task(label, "intensity", EMOTIONS, benchmark.auxiliary)
            for label in benchmark.labels
        )
    return tuple(Task(label, "value", ()) for label in benchmark.labels)


def labels_of(dataset: Dataset, task: Task) -> Labels:
    """Collect the labels of one task.

    Raises
    ------
    BadInputError
        When no sample carries the label.
    """
    n = len(dataset.samples)
    values = np.zeros(n, np.float32)
    classes = np.full(n, MISSING_CLASS, np.int64)
    usable = np.zeros(n, np.bool_)
    class_column = task.auxiliary or task.label
    for i, sample in enumerate(dataset.samples):
        own = getattr(sample, task.label)
        usable[i] = own is not None and not sample.excluded
        if task.regression and own is not None:
            values[i] = own
        name = getattr(sample, class_column) if task.classes else None
        if name is not None:
            classes[i] = task.classes.index(name)
    if not usable.any():
        raise BadInputError(
            f"No sample of {dataset.folder} has the label {task.label}.",
            fix="Choose a protocol whose labels exist, or label the samples first.",
        )
    return Labels(values, classes, usable)
