"""From the predictions of all folds to the numbers of a results table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset
from emer_studio.schema.training import FoldSplit
from emer_studio.training.baselines import BASELINES, baseline
from emer_studio.training.metrics import (
    bootstrap_classification,
    bootstrap_regression,
    classification_scores,
    confusion_matrix,
    regression_scores,
)
from emer_studio.training.predict import Predictions
from emer_studio.training.task import Labels, Task

__all__ = ["FoldResult", "predictions_csv", "summarise"]

Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class FoldResult:
    """Test predictions of one network on its fold.

    Attributes
    ----------
    task, labels
        What was predicted, and the truth.
    split : FoldSplit
        The participants.
    train, test : tuple of int
        Sample numbers used.
    found : Predictions
        One for each test sample.
    epoch : int
        The epoch that was chosen.
    """

    task: Task
    labels: Labels
    split: FoldSplit
    train: tuple[int, ...]
    test: tuple[int, ...]
    found: Predictions
    epoch: int

    @property
    def truth(self) -> NDArray[Any]:
        """True numbers or class numbers of the test samples."""
        source = self.labels.values if self.task.regression else self.labels.classes
        return source[list(self.test)].astype(np.float64)


def summarise(dataset: Dataset, results: Sequence[FoldResult], seed: int) -> dict[str, Any]:
    """Pool all folds and score them.

    Parameters
    ----------
    dataset : Dataset
        For participants and stimuli.
    results : sequence of FoldResult
        Of all tasks and folds.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        The pooled scores (means over labels when there are several), ``ci95`` by
        participant bootstrap, ``baselines``, ``fold_mean``, ``fold_sd``, ``by_label`` and
        ``folds``. ``fold_sd`` is the sample standard deviation over folds.
    """
    labels = list(dict.fromkeys(result.task.label for result in results))
    by_label = {
        label: _pooled(dataset, [r for r in results if r.task.label == label], seed)
        for label in labels
    }
    folds = [
        _fold(number, [r for r in results if r.split.fold == number])
        for number in sorted({r.split.fold for r in results})
    ]
    names = list(by_label[labels[0]]["scores"])
    summary: dict[str, Any] = _mean_scores([part["scores"] for part in by_label.values()])
    summary["baselines"] = {
        kind: _mean_scores([part["baselines"][kind] for part in by_label.values()])
        for kind in BASELINES
    }
    summary["fold_mean"] = {n: float(np.mean([f[n] for f in folds])) for n in names}
    summary["fold_sd"] = {n: float(np.std([f[n] for f in folds], ddof=1)) for n in names}
    if len(labels) == 1:
        summary["ci95"] = by_label[labels[0]]["ci95"]
    summary["by_label"] = by_label
    summary["folds"] = folds
    return summary


def predictions_csv(dataset: Dataset, results: Sequence[FoldResult]) -> str:
    """Return one line per test sample: truth, prediction and class probabilities."""
    classes = next((r.task.classes for r in results if not r.task.regression), ())
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    head = ["sample_id", "participant", "label", "fold", "truth", "prediction"]
    table.writerow(head + [f"p_{name}" for name in classes])
    for r in results:
        show: Callable[[float], str] = (
            (lambda v: f"{v:.6f}") if r.task.regression else (lambda v: classes[int(v)])
        )
        for i, index in enumerate(r.test):
            sample = dataset.samples[index]
            row = [sample.sample_id, sample.participant, r.task.label, str(r.split.fold)]
            row += [show(r.truth[i]), show(r.found.values[i])]
            table.writerow(row + [f"{p:.6f}" for p in r.found.probabilities[i]])
    return text.getvalue()


def _pooled(dataset: Dataset, results: Sequence[FoldResult], seed: int) -> dict[str, Any]:
    task = results[0].task
    truth = np.concatenate([r.truth for r in results])
    found = np.concatenate([r.found.values for r in results])
    people = [dataset.samples[i].participant for r in results for i in r.test]
    out: dict[str, Any] = {"scores": _scores(task, truth, found), "samples": len(truth)}
    if task.regression:
        out["ci95"] = bootstrap_regression(truth, found, people, seed)
    else:
        whole = truth.astype(np.int64), found.astype(np.int64)
        out["ci95"] = bootstrap_classification(*whole, people, len(task.classes), seed)
        out["classes"] = list(task.classes)
        out["confusion"] = confusion_matrix(*whole, len(task.classes)).tolist()
    out["baselines"] = {}
    for kind in BASELINES:
        guess = [baseline(kind, dataset, task, r.labels, r.train, r.test) for r in results]
        out["baselines"][kind] = _scores(task, truth, np.concatenate(guess))
    return out


def _fold(number: int, results: Sequence[FoldResult]) -> dict[str, Any]:
    split = results[0].split
    scores = [_scores(r.task, r.truth, r.found.values) for r in results]
    return {
        "fold": number,
        "test_participants": list(split.test),
        "validation_participants": list(split.validation),
        "train_participants": list(split.train),
        "samples": len(results[0].test),
        **_mean_scores(scores),
        "epoch": {r.task.label: r.epoch for r in results},
    }


def _scores(task: Task, truth: NDArray[Any], found: NDArray[Any]) -> Scores:
    if task.regression:
        return regression_scores(truth, found)
    return classification_scores(
        confusion_matrix(truth.astype(np.int64), found.astype(np.int64), len(task.classes))
    )


def _mean_scores(parts: Sequence[Scores]) -> Scores:
    return {name: float(np.mean([part[name] for part in parts])) for name in parts[0]}
