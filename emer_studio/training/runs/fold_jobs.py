"""The jobs of a fold: what each network of a run learns from, and what it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset
from emer_studio.schema.training import FoldSplit
from emer_studio.training.fit.job import Fitted, FoldJob, Learner, Settings
from emer_studio.training.nets.losses import MISSING_CLASS
from emer_studio.training.nets.network import Head
from emer_studio.training.prepare import Prepared, members, part_of
from emer_studio.training.scores.score import FoldResult
from emer_studio.training.task import Labels, Task, all_heads, targets_of

__all__ = ["fold_results", "jobs_of"]


def jobs_of(
    prepared: Prepared,
    learner: Learner,
    settings: Settings,
    split: FoldSplit,
    folder: Path,
) -> Iterator[tuple[tuple[tuple[Task, Labels], ...], FoldJob]]:
    """Yield the jobs of one fold, each with the tasks that it answers.

    One job for all labels of the benchmark where model and preset learn them together,
    with whatever other label there is beside; one for each label otherwise.
    """
    joint = learner.joint and settings.preset.joint
    groups = (prepared.tasks,) if joint else tuple((pair,) for pair in prepared.tasks)
    for tasks in groups:
        scored = tuple(task.head for task, _ in tasks)
        others = _others(prepared.dataset, scored) if joint else tasks[0][0].beside
        targets = targets_of(prepared.dataset, (*scored, *others))
        mine = [(task, labels.of_fold(prepared.dataset, split)) for task, labels in tasks]
        for task, labels in mine:
            targets[task.label] = labels.as_target(regression=task.regression)
        known = np.any(
            [_known(head, targets[head.label]) for head in (*scored, *others)], 0
        )
        chosen = np.any([labels.usable for _, labels in mine], axis=0)
        yield (
            tasks,
            FoldJob(
                dataset=prepared.dataset,
                scored=scored,
                others=others,
                targets=targets,
                fold=split.fold,
                folds=len(prepared.split),
                train=part_of(
                    prepared.dataset, known & _allowed(prepared.dataset), split, "train"
                ),
                validation=part_of(prepared.dataset, chosen, split, "validation"),
                folder=folder,
                name=scored[0].label if len(scored) == 1 else prepared.benchmark.name,
            ),
        )


def fold_results(
    prepared: Prepared,
    split: FoldSplit,
    tasks: Sequence[tuple[Task, Labels]],
    job: FoldJob,
    fitted: Fitted,
) -> list[FoldResult]:
    """Predict the test and the validation part of every label of a job."""
    found = []
    for task, every in tasks:
        labels = every.of_fold(prepared.dataset, split)
        test = members(prepared.dataset, labels, split, "test")
        kept = members(prepared.dataset, labels, split, "validation")
        found.append(
            FoldResult(
                task=task,
                labels=labels,
                split=split,
                train=members(prepared.dataset, labels, split, "train"),
                test=test,
                found=fitted.predict(test)[task.label],
                epoch=fitted.epoch,
                validation=kept,
                held_out=fitted.predict(kept)[task.label] if kept else None,
            )
        )
    return found


def _others(dataset: Dataset, scored: Sequence[Head]) -> tuple[Head, ...]:
    """Return the labels that can be learnt beside: there are some, and they differ."""
    heads = tuple(head for head in all_heads() if head not in scored)
    targets = targets_of(dataset, heads)
    found = []
    for head in heads:
        values = targets[head.label]
        if len(set(values[_known(head, values)].tolist())) > 1:
            found.append(head)
    return tuple(found)


def _known(head: Head, values: NDArray[Any]) -> NDArray[np.bool_]:
    known = values != MISSING_CLASS if head.classes else np.isfinite(values)
    return np.asarray(known)


def _allowed(dataset: Dataset) -> NDArray[np.bool_]:
    return ~np.array([sample.excluded for sample in dataset.samples], bool)
