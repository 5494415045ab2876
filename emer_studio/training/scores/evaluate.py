"""Evaluate a finished run again from its checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import METRICS, load_benchmark
from emer_studio.schema.training import FoldSplit, RunInfo
from emer_studio.training.fit.job import Learner, Settings
from emer_studio.training.folds import check_leakage
from emer_studio.training.models.registry import model_named
from emer_studio.training.prepare import Prepared, members
from emer_studio.training.runs.fold_jobs import fold_results, jobs_of
from emer_studio.training.runs.run_info import read_run, settings_of
from emer_studio.training.scores.score import summarise
from emer_studio.training.task import Labels, labels_of, tasks_of

__all__ = ["Again", "evaluate_run", "open_again"]

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Again:
    """A finished run whose networks are asked once more.

    Attributes
    ----------
    info, learner, settings
        How it was made.
    prepared : Prepared
        Its folds and tasks with the labels of the dataset that was given.
    """

    info: RunInfo
    learner: Learner
    settings: Settings
    prepared: Prepared


def open_again(run: Path, dataset: Dataset, device: str) -> Again:
    """Open a finished run with a dataset that holds its people.

    Raises
    ------
    BadInputError
        When the run is unfinished, or the dataset lacks its participants or leaks.
    """
    info = read_run(run)
    if info.state != "done":
        raise BadInputError(
            f"{run} is not finished (state {info.state!r}); there is nothing to compare."
        )
    benchmark = load_benchmark(info.protocol)
    tasks = [(task, labels_of(dataset, task)) for task in tasks_of(benchmark)]
    for split in info.split:
        check_leakage([s for s in dataset.samples if not s.excluded], split)
        for _, labels in tasks:
            _check_parts(dataset, split, labels)
    prepared = Prepared(dataset, benchmark, tuple(tasks), info.split, info.folds)
    return Again(info, model_named(info.model), settings_of(info, device), prepared)


def evaluate_run(run: Path, dataset: Dataset, device: str) -> dict[str, Any]:
    """Predict each fold's test participants with its best checkpoint and score them.

    Parameters
    ----------
    run : Path
        A finished run folder.
    dataset : Dataset
        The data; another dataset than the run's is allowed and said.
    device : str
        "cpu" or "cuda".

    Returns
    -------
    dict
        As ``results.json``, with ``same_dataset`` and ``same_as_run`` (None when the
        datasets differ).

    Raises
    ------
    BadInputError
        When the run is unfinished or the dataset lacks its test participants.
    """
    again = open_again(run, dataset, device)
    info, prepared, settings = again.info, again.prepared, again.settings
    results = []
    for split in info.split:
        for asked, job in jobs_of(prepared, again.learner, settings, split, run):
            fitted = again.learner.again(job, settings)
            results += fold_results(prepared, split, asked, job, fitted)
    summary = {
        "protocol": info.protocol,
        **summarise(dataset, results, info.seed),
        "folds_by": info.folds,
        "model": info.model,
        "preset": info.preset,
        "device": device,
        "run": str(run),
        "dataset": str(dataset.folder),
        "epochs": info.epochs,
        "samples": sum(len(r.test) for r in results if r.task is prepared.tasks[0][0]),
        "synthetic": info.synthetic or dataset.manifest.synthetic,
        "simulated": info.simulated or dataset.manifest.simulated,
    }
    same = dataset.manifest_sha256 == info.dataset_manifest_sha256
    summary["same_dataset"] = same
    summary["same_as_run"] = (
        _agrees(summary, read_json(run / "results.json")) if same else None
    )
    return summary


def _check_parts(dataset: Dataset, split: FoldSplit, labels: Labels) -> None:
    for part in ("test", "train"):
        if not members(dataset, labels, split, part):
            raise BadInputError(
                f"Expected {dataset.folder} to hold labelled samples of the participants "
                f"of fold {split.fold} ({', '.join(split.test)}), found none.",
                fix="Give the dataset the run was trained on.",
            )


def _agrees(summary: dict[str, Any], recorded: Any) -> bool:
    """Whether the headline scores are those of the run."""
    names = [name for name in METRICS if name in summary]
    return isinstance(recorded, dict) and all(
        abs(summary[name] - recorded.get(name, float("inf"))) <= _TOLERANCE
        for name in names
    )
