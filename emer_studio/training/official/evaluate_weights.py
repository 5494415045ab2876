"""Score weights of the official code on a dataset, as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import Dataset
from emer_studio.dataset.sets import read_sets
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.training.feed.inputs import Feed, fit_scale
from emer_studio.training.fit.predict import predict
from emer_studio.training.nets.network import channels_last
from emer_studio.training.official.batch_averages import batch_averaged
from emer_studio.training.official.network import OfficialNetwork
from emer_studio.training.official.weights import import_official
from emer_studio.training.presets import OFFICIAL
from emer_studio.training.scores.metrics import (
    bootstrap_classification,
    bootstrap_regression,
    classification_scores,
    confusion_matrix,
    regression_scores,
)
from emer_studio.training.task import Task, labels_of, tasks_of

__all__ = ["evaluate_weights"]


def evaluate_weights(
    path: Path, dataset: Dataset, protocol: str, label: str, number: int | None, device: str
) -> dict[str, Any]:
    """Predict with weights of the official code and score what they predict.

    Parameters
    ----------
    path : Path
        As the official code saved them.
    dataset : Dataset
    protocol : str
        Benchmark.
    label : str
        Which of its labels; empty where there is one.
    number : int, optional
        Only the samples of this official set: those the weights never saw.
    device : str

    Raises
    ------
    BadInputError
    """
    task = _task(protocol, label)
    labels = labels_of(dataset, task)
    heads = (task.head, *task.beside)
    view = OFFICIAL.view
    feed = Feed(dataset, view, fit_scale(dataset, view, []), torch.device(device))
    network = OfficialNetwork(feed.shape(), heads)
    imported = import_official(path, network.body)
    network.body.load_state_dict(imported.state)
    chosen = np.flatnonzero((labels.unled or labels).usable).tolist()
    if number is not None:
        sets = read_sets(dataset.folder)
        chosen = [i for i in chosen if sets.get(dataset.samples[i].sample_id) == number]
    if not chosen:
        raise BadInputError(f"No sample of {dataset.folder} with {task.label} to test on.")
    network = channels_last(network).to(device)
    values = predict(network, feed, (task.head,), chosen)[task.label].values
    source = labels.unled or labels
    truth = (source.values if task.regression else source.classes)[chosen].astype(float)
    people = [dataset.samples[i].participant for i in chosen]
    said = [f"{len(imported.by_place)} tensors were told by their place in the file alone."]
    if number is None:
        said.append(
            "All samples were tested: the weights may have been trained on some of them."
        )
    return {
        "protocol": protocol,
        "label": task.label,
        "samples": len(chosen),
        **_scores(task, truth, values, people),
        "batch_averaged": batch_averaged([(truth, values)], len(task.classes)),
        "by_place": list(imported.by_place),
        "unused": list(imported.unused),
        "remarks": said,
        "weights": str(path),
        "dataset": str(dataset.folder),
        "synthetic": dataset.manifest.synthetic,
        "simulated": dataset.manifest.simulated,
    }


def _scores(
    task: Task, truth: np.ndarray, values: np.ndarray, people: list[str]
) -> dict[str, Any]:
    if task.regression:
        found = regression_scores(truth, values)
        return {**found, "ci95": bootstrap_regression(truth, values, people, 0)}
    whole = truth.astype(np.int64), values.astype(np.int64)
    n = len(task.classes)
    table = confusion_matrix(*whole, n)
    ends = bootstrap_classification(*whole, people, n, 0)
    return {**classification_scores(table), "ci95": ends, "confusion": table.tolist()}


def _task(protocol: str, label: str) -> Task:
    tasks = tasks_of(load_benchmark(protocol))
    named = [task for task in tasks if task.label == label]
    if not named and (label or len(tasks) > 1):
        raise BadInputError(
            f"Expected one of the labels of {protocol}, found {label!r}.",
            fix=f"Give --label {' or '.join(task.label for task in tasks)}.",
        )
    return (named or list(tasks))[0]
