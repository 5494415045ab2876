"""What a program that looks at nobody reaches: the yardsticks beside every result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset
from emer_studio.training.task import Labels, Task

__all__ = ["BASELINES", "baseline"]

BASELINES = ("majority", "stimulus")
"""The commonest training label (or the mean), overall and for the same stimulus."""


def baseline(
    kind: str,
    dataset: Dataset,
    task: Task,
    labels: Labels,
    train: Sequence[int],
    test: Sequence[int],
) -> NDArray[np.float64]:
    """Predict test samples from training labels alone, shape (len(test),).

    Parameters
    ----------
    kind : {"majority", "stimulus"}
        "stimulus" uses the training labels of the same stimulus, all of them where the
        stimulus was never seen. Beating it shows that the participant's face and eyes were
        read, not only the clip recognised.
    dataset, task, labels
        What is predicted.
    train, test : sequence of int
        Sample numbers.
    """
    truth = labels.values if task.regression else labels.classes
    everywhere = _typical(truth[list(train)], task)
    if kind == "majority":
        return np.full(len(test), everywhere)
    by_stimulus: dict[str, list[int]] = {}
    for index in train:
        by_stimulus.setdefault(dataset.samples[index].stimulus, []).append(index)
    known = {name: _typical(truth[group], task) for name, group in by_stimulus.items()}
    return np.array([known.get(dataset.samples[i].stimulus, everywhere) for i in test])


def _typical(truth: NDArray[np.float32] | NDArray[np.int64], task: Task) -> float:
    if task.regression:
        return float(truth.mean())
    return float(np.bincount(truth.astype(np.int64), minlength=len(task.classes)).argmax())
