"""The folds of a run that was begun, made again from its ``run.json``."""

from __future__ import annotations

from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.training import RunInfo
from emer_studio.training.folds import check_leakage
from emer_studio.training.prepare import Prepared
from emer_studio.training.task import labels_of, tasks_of

__all__ = ["remade"]


def remade(info: RunInfo, dataset: Dataset) -> Prepared:
    """Return what a run was prepared with; its folds stay as they were drawn.

    Parameters
    ----------
    info : RunInfo
    dataset : Dataset
        The one that it began with.

    Raises
    ------
    BadInputError
        When a fold leaks.
    """
    benchmark = load_benchmark(info.protocol)
    tasks = tuple((task, labels_of(dataset, task)) for task in tasks_of(benchmark))
    for fold in info.split:
        check_leakage([s for s in dataset.samples if not s.excluded], fold)
    return Prepared(dataset, benchmark, tasks, info.split, info.folds)
