"""What is wrong with the data of a run, said before hours are spent on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emer_studio.dataset.cache import Dataset
from emer_studio.schema.training import Part
from emer_studio.training.scores.subsets import class_counts, count_remarks
from emer_studio.training.task import Labels, Task

__all__ = ["Folds", "doubts_of_classes", "doubts_of_data", "doubts_of_labels"]

Folds = Sequence[tuple[int, Labels, Mapping[Part, Sequence[int]]]]
"""For each fold its number, the labels that count in it, and the sample numbers of its
parts."""

_ROWS = 1 << 16  # eye rows looked at together, chosen by us: 10 MB of a large file


def doubts_of_data(dataset: Dataset) -> list[str]:
    """Name the eye columns that hold no number in any clip."""
    names = dataset.manifest.eye_names()
    empty = np.ones(len(names), bool)
    for first in range(0, len(dataset.eyes), _ROWS):
        rows = dataset.eyes[first : first + _ROWS, empty]
        empty[empty] = ~np.isfinite(rows).any(axis=0)
        if not empty.any():
            return []
    if empty.all():
        return ["No clip has any eye data: what is trained sees faces only."]
    named = ", ".join(name for name, none in zip(names, empty, strict=True) if none)
    return [f"No clip has a number in these eye columns, which tell nothing: {named}."]


def doubts_of_labels(task: Task, labels: Labels, folds: Folds) -> list[str]:
    """Say what is missing or uneven in the labels of a task.

    Parameters
    ----------
    task : Task
    labels : Labels
        Of the dataset.
    folds : Folds
    """
    said = []
    if without := int((~labels.usable).sum()):
        said.append(
            f"{without} of {len(labels.usable)} samples are left out of {task.label}:"
            " they have no label, or are excluded."
        )
    return said if task.regression else said + doubts_of_classes(task, folds)


def doubts_of_classes(task: Task, folds: Folds) -> list[str]:
    """Say which classes are rarer than the folds, never trained on, or uneven."""
    said = []
    counts = [
        class_counts(task, mine.classes, number, parts) for number, mine, parts in folds
    ]
    found = np.sum([row["test"] for row in counts], axis=0)
    few = [
        f"{name} ({count})"
        for name, count in zip(task.classes, found, strict=True)
        if 0 < count < len(folds)
    ]
    if few:
        said.append(
            f"Fewer samples than the {len(folds)} folds have these classes of"
            f" {task.label}: {', '.join(few)}. Not every fold is tested on them."
        )
    return said + count_remarks(task, counts)
