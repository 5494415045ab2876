"""A whole run: train every fold, score, write the run folder.

RUN/ run.json (how), results.json (the numbers), predictions.csv, and for each fold and
network ``fold1_er_emotion_best.pt`` and ``…_last.pt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic, write_json
from emer_studio.schema.results import parse_results
from emer_studio.schema.training import (
    PARTS,
    FoldSplit,
    RunInfo,
)
from emer_studio.training.fit.job import Fitted, FoldJob, Learner, Settings, Watch
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.fit.pace import JobSize
from emer_studio.training.fit.team import team
from emer_studio.training.prepare import Prepared, members, part_of
from emer_studio.training.runs.crew import Crew
from emer_studio.training.runs.doubts import doubts_of_data, doubts_of_labels
from emer_studio.training.runs.fold_jobs import fold_results, jobs_of
from emer_studio.training.runs.keeping import kept
from emer_studio.training.scores.score import FoldResult, predictions_csv, summarise

__all__ = ["train_all"]


def train_all(
    prepared: Prepared,
    learner: Learner,
    settings: Settings,
    folder: Path,
    watch: Watch,
    info: RunInfo,
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Train all folds and return the results, which are also in the run folder.

    A folder that holds a part of this run already is gone on with.

    Parameters
    ----------
    prepared : Prepared
        From `prepare`.
    learner : Learner
        The model.
    settings : Settings
        How to train.
    folder : Path
        The run folder; it exists.
    watch : Watch
        Who hears the progress and may end it.
    info : RunInfo
        How the run is made, for the record.
    crew : Crew, optional
        Trains several folds at the same time.
    """
    info = info.model_copy(update={"parallel": crew.size if crew else 1})
    results: list[FoldResult] = []
    fits: list[Fitted] = []
    with kept(folder, info, watch) as watch:
        _warn(prepared, watch.console)
        plan = [
            (split, list(jobs_of(prepared, learner, settings, split, folder)))
            for split in prepared.split
        ]
        sizes = [_size(prepared, split, job) for split, jobs in plan for _, job in jobs]
        watch.pace.plan(sizes, settings.epochs)
        network = isinstance(learner, NetworkModel)
        _join_team(info, network=network)
        apart = crew is not None and network
        if crew is not None and apart:
            crew.train([job for _, jobs in plan for _, job in jobs], settings.epochs, watch)
        for split, jobs in plan:
            _announce(split, len(plan), watch.console)
            for tasks, job in jobs:
                fit = learner.again if apart else partial(learner.fit, watch=watch)
                fits.append(fit(job, settings))
                results += fold_results(prepared, split, tasks, job, fits[-1])
                watch.pace.job_done()
        seconds = sum(fit.seconds for fit in fits)
        summary = {
            "protocol": prepared.benchmark.name,
            **summarise(prepared.dataset, results, settings.seed),
            "folds_by": prepared.folds,
            "model": learner.name,
            "preset": settings.preset.name,
            "cnn_init": info.cnn_init,
            **fits[0].facts,
            "device": settings.device,
            "precision": settings.precision,
            "samples_per_s": round(sum(f.samples for f in fits) / max(seconds, 1e-9), 2),
            "run": str(folder),
            "epochs": settings.epochs,
            "samples": _tested(prepared, results),
            "units": list(prepared.dataset.manifest.units),
            "weak_labels": _weak(prepared),
            "synthetic": prepared.dataset.manifest.synthetic,
            "simulated": prepared.dataset.manifest.simulated,
        }
        if settings.frozen:
            summary["remarks"] = [_frozen(info), *summary["remarks"]]
        told = predictions_csv(prepared.dataset, results)
        write_atomic(folder / "predictions.csv", told)
        parse_results(summary, "The summary of the run")
        write_json(folder / "results.json", summary)
    return summary


def _join_team(info: RunInfo, *, network: bool) -> None:
    """Tell the other processes of a team what they begin with (`follow`)."""
    if team().size > 1 and not network:
        raise BadInputError(
            f"{info.model} is no network; several processes cannot train it together.",
            fix="Start it without torchrun.",
        )
    team().same(info.model_dump(mode="json"))


def _frozen(info: RunInfo) -> str:
    known = "random weights" if info.cnn_init == "random" else "the weights it was given"
    return (
        f"FROZEN: a quick look. The face network kept {known}, only the rest has learnt;"
        " a whole training is another model."
    )


def _size(prepared: Prepared, split: FoldSplit, job: FoldJob) -> JobSize:
    used = np.any([labels.usable for _, labels in prepared.tasks], axis=0)
    test = part_of(prepared.dataset, used, split, "test")
    return JobSize(len(job.train), len(job.validation), len(test))


def _tested(prepared: Prepared, results: Sequence[FoldResult]) -> int:
    first = prepared.tasks[0][0]
    return sum(len(r.test) for r in results if r.task is first)


def _weak(prepared: Prepared) -> int:
    """Return how many samples have as label what was felt in the whole clip."""
    felt = [labels.usable for task, labels in prepared.tasks if task.label.startswith("er")]
    used = np.any(felt, axis=0) if felt else np.zeros(len(prepared.dataset.samples), bool)
    return sum(prepared.dataset.samples[i].er_weak for i in np.flatnonzero(used))


def _warn(prepared: Prepared, console: Console) -> None:
    """Say before hours of training what no training will mend."""
    dataset = prepared.dataset
    for remark in doubts_of_data(dataset):
        console.say(remark)
    for task, labels in prepared.tasks:
        folds = []
        for split in prepared.split:
            mine = labels.of_fold(dataset, split)
            parts = {part: members(dataset, mine, split, part) for part in PARTS}
            folds.append((split.fold, mine, parts))
        for remark in doubts_of_labels(task, labels, folds):
            console.say(remark)


def _announce(split: FoldSplit, folds: int, console: Console) -> None:
    console.event(
        "fold", fold=split.fold, folds=folds, train=list(split.train),
        validation=list(split.validation), test=list(split.test),
    )  # fmt: skip
    if not split.validation:
        few = {"participant": "participants", "stimulus": "stimuli"}.get(
            split.by, "participants or stimuli"
        )
        console.say(
            f"Fold {split.fold}: too few {few} for a validation part; "
            "the last epoch is used."
        )
