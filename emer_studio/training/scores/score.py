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
from emer_studio.training.comparing.compare import (
    Draws,
    compare,
    crossed_intervals,
    draws_of,
)
from emer_studio.training.fit.job import Predictions
from emer_studio.training.official.batch_averages import batch_averaged
from emer_studio.training.scores.baselines import BASELINES, Baseline, usable_baselines
from emer_studio.training.scores.calibration import calibration_table
from emer_studio.training.scores.metrics import (
    bootstrap_classification,
    bootstrap_regression,
    classification_scores,
    confusion_matrix,
    regression_scores,
)
from emer_studio.training.scores.remarks import remarks_on
from emer_studio.training.scores.subsets import class_counts, discordant_table
from emer_studio.training.task import Labels, Task

__all__ = ["FoldResult", "predictions_csv", "summarise"]

Scores = dict[str, float]
Floats = NDArray[np.float64]


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
    validation : tuple of int
        Sample numbers that chose it; none with few participants.
    held_out : Predictions, optional
        Of the validation samples.
    """

    task: Task
    labels: Labels
    split: FoldSplit
    train: tuple[int, ...]
    test: tuple[int, ...]
    found: Predictions
    epoch: int
    validation: tuple[int, ...] = ()
    held_out: Predictions | None = None

    @property
    def truth(self) -> Floats:
        """True numbers or class numbers of the test samples."""
        source = self.labels.values if self.task.regression else self.labels.classes
        return source[list(self.test)].astype(np.float64)

    def guess(self, dataset: Dataset, baseline: Baseline) -> Floats:
        """Return what a baseline predicts of the test samples."""
        told = baseline.predict(dataset, self.task, self.labels, self.train, self.test)
        return told.values


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
        As `schema.results.Results`: the pooled scores (means over labels when there are
        several), ``ci95`` by participant bootstrap and ``ci95_crossed`` by one of people
        and stimuli, ``baselines``, ``fold_mean``, ``fold_sd``, ``by_label``, ``folds`` and
        ``remarks``. ``fold_sd`` is the sample standard deviation over folds.
    """
    labels = list(dict.fromkeys(result.task.label for result in results))
    by_label = {
        label: _pooled(dataset, [r for r in results if r.task.label == label], seed)
        for label in labels
    }
    folds = [
        _fold(dataset, number, [r for r in results if r.split.fold == number])
        for number in sorted({r.split.fold for r in results})
    ]
    names = list(by_label[labels[0]]["scores"])
    summary: dict[str, Any] = _mean_scores([part["scores"] for part in by_label.values()])
    summary["baselines"] = {
        kind: _mean_scores([part["baselines"][kind] for part in by_label.values()])
        for kind in by_label[labels[0]]["baselines"]
    }
    summary["fold_mean"] = {n: float(np.mean([f[n] for f in folds])) for n in names}
    summary["fold_sd"] = {n: float(np.std([f[n] for f in folds], ddof=1)) for n in names}
    if len(labels) == 1:
        summary["ci95"] = by_label[labels[0]]["ci95"]
        summary["ci95_crossed"] = by_label[labels[0]]["ci95_crossed"]
    summary["by_label"] = by_label
    summary["folds"] = folds
    unable = {b.name: b.missing(dataset) for b in BASELINES}
    summary["remarks"] = remarks_on(dataset, results, by_label, unable)
    return summary


def predictions_csv(dataset: Dataset, results: Sequence[FoldResult]) -> str:
    """Return one line per test sample: truth, prediction and class probabilities."""
    classes = next((r.task.classes for r in results if not r.task.regression), ())
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    head = ["sample_id", "participant", "stimulus", "label", "fold", "truth", "prediction"]
    table.writerow(head + [f"p_{name}" for name in classes])
    for r in results:
        show: Callable[[float], str] = (
            (lambda v: f"{v:.6f}") if r.task.regression else (lambda v: classes[int(v)])
        )
        for i, index in enumerate(r.test):
            sample = dataset.samples[index]
            row = [sample.sample_id, sample.participant, sample.stimulus, r.task.label]
            row += [str(r.split.fold)]
            row += [show(r.truth[i]), show(r.found.values[i])]
            table.writerow(row + [f"{p:.6f}" for p in r.found.probabilities[i]])
    return text.getvalue()


def _pooled(dataset: Dataset, results: Sequence[FoldResult], seed: int) -> dict[str, Any]:
    task = results[0].task
    truth = np.concatenate([r.truth for r in results])
    found = np.concatenate([r.found.values for r in results])
    tested = [i for r in results for i in r.test]
    people = [dataset.samples[i].participant for i in tested]
    draws = draws_of(people, [dataset.samples[i].stimulus for i in tested], seed)
    n_classes = 0 if task.regression else len(task.classes)
    guesses = {
        b.name: np.concatenate([r.guess(dataset, b) for r in results])
        for b in usable_baselines(dataset)
    }
    out: dict[str, Any] = {"scores": _scores(task, truth, found), "samples": len(truth)}
    if task.regression:
        out["ci95"] = bootstrap_regression(truth, found, people, seed)
    else:
        whole = truth.astype(np.int64), found.astype(np.int64)
        out["ci95"] = bootstrap_classification(*whole, people, n_classes, seed)
        out["classes"] = list(task.classes)
        out["confusion"] = confusion_matrix(*whole, n_classes).tolist()
    folds = [(r.truth, r.found.values) for r in results]
    out["batch_averaged"] = batch_averaged(folds, n_classes)
    out["ci95_crossed"] = crossed_intervals(truth, found, n_classes, draws)
    out["baselines"] = {name: _scores(task, truth, g) for name, g in guesses.items()}
    out["comparisons"] = {
        name: compare(truth, found, guess, n_classes, draws)
        for name, guess in guesses.items()
    }
    return out | _of_classes(dataset, results, {"model": found, **guesses}, draws)


def _of_classes(
    dataset: Dataset,
    results: Sequence[FoldResult],
    found: dict[str, Floats],
    draws: Draws,
) -> dict[str, Any]:
    """Return what only classes have: calibration, discordant subset and counts."""
    task = results[0].task
    weights = draws.people if draws.crossed is None else draws.crossed
    tested = [i for r in results for i in r.test]
    out: dict[str, Any] = {
        "discordant": discordant_table(dataset, task, tested, found, weights)
    }
    if task.regression:
        missing = "numbers come without probabilities"
        none: dict[str, Any] = {
            "before": None,
            "after": None,
            "temperatures": [],
            "missing": missing,
        }
        return out | {"calibration": none, "class_counts": []}
    out["calibration"] = calibration_table(
        [r.split.fold for r in results],
        [(r.labels.classes[list(r.test)], r.found) for r in results],
        [(r.labels.classes[list(r.validation)], r.held_out) for r in results],
        weights,
    )
    counts = [
        class_counts(
            task,
            r.labels.classes,
            r.split.fold,
            {"train": r.train, "validation": r.validation, "test": r.test},
        )
        for r in results
    ]
    return out | {"class_counts": counts}


def _fold(dataset: Dataset, number: int, results: Sequence[FoldResult]) -> dict[str, Any]:
    split = results[0].split
    scores = [_scores(r.task, r.truth, r.found.values) for r in results]
    return {
        "fold": number,
        "test_participants": list(split.test),
        "validation_participants": list(split.validation),
        "train_participants": list(split.train),
        "test_stimuli": None if split.stimuli is None else list(split.stimuli.test),
        "samples": len(results[0].test),
        **_mean_scores(scores),
        "baselines": {
            b.name: _mean_scores(
                [_scores(r.task, r.truth, r.guess(dataset, b)) for r in results]
            )
            for b in usable_baselines(dataset)
        },
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
