"""A whole run: check, split, train every fold, score, write the run folder.

RUN/ run.json (how), results.json (the numbers), predictions.csv, and for each fold and
network ``fold1_er_emotion_best.pt`` and ``…_last.pt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic, write_json
from emer_studio.dataset.cache import Dataset
from emer_studio.dataset.clip_facts import read_clips
from emer_studio.dataset.sets import read_sets
from emer_studio.schema.benchmark import Benchmark
from emer_studio.schema.dataset import StoredSample
from emer_studio.schema.results import parse_results
from emer_studio.schema.training import (
    PARTS,
    FoldKind,
    FoldSplit,
    Part,
    RunInfo,
)
from emer_studio.training.doubts import doubts_of_data, doubts_of_labels
from emer_studio.training.folds import (
    check_films,
    check_leakage,
    make_folds,
    official_folds,
)
from emer_studio.training.job import Fitted, FoldJob, Learner, Settings, Watch
from emer_studio.training.keeping import kept
from emer_studio.training.losses import MISSING_CLASS
from emer_studio.training.network import Head
from emer_studio.training.pace import JobSize
from emer_studio.training.score import FoldResult, predictions_csv, summarise
from emer_studio.training.stimulus_folds import crossed_folds, stimulus_folds
from emer_studio.training.task import (
    Labels,
    Task,
    all_heads,
    labels_of,
    targets_of,
    tasks_of,
)

__all__ = [
    "Prepared",
    "fold_results",
    "jobs_of",
    "members",
    "prepare",
    "train_all",
]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that has passed every check and may start.

    Attributes
    ----------
    dataset, benchmark
        The data and what is asked.
    tasks : tuple of (Task, Labels)
        One network each.
    split : tuple of FoldSplit
        The folds.
    folds : {"participant", "stimulus", "both", "official"}
        Where they come from.
    """

    dataset: Dataset
    benchmark: Benchmark
    tasks: tuple[tuple[Task, Labels], ...]
    split: tuple[FoldSplit, ...]
    folds: FoldKind | Literal["official"] = "participant"


def prepare(
    dataset: Dataset,
    benchmark: Benchmark,
    folds: int | Literal["official"],
    seed: int,
    by: FoldKind = "participant",
) -> Prepared:
    """Collect the labels, make the folds and run every check that can refuse.

    Parameters
    ----------
    dataset : Dataset
    benchmark : Benchmark
    folds : int or "official"
        How many, or the dataset's official sets.
    seed : int
    by : {"participant", "stimulus", "both"}, optional
        What training and test never share; official sets are by participant.

    Raises
    ------
    BadInputError
        When labels are missing, participants or stimuli too few, official sets missing or
        incomplete, or a fold leaks.
    """
    tasks = tuple((task, labels_of(dataset, task)) for task in tasks_of(benchmark))
    used = np.any([labels.usable for _, labels in tasks], axis=0)
    samples = [dataset.samples[i] for i in np.flatnonzero(used)]
    allowed = [sample for sample in dataset.samples if not sample.excluded]
    split = tuple(_folds(dataset, samples, folds, seed, by))
    clips = read_clips(dataset.folder)
    for fold in split:
        # Those without the label, too: a joint network learns their other labels.
        check_leakage(allowed, fold)
        check_films(fold, clips)
        for task, labels in tasks:
            _check_fold(dataset, task, labels.of_fold(dataset, fold), fold)
    return Prepared(dataset, benchmark, tasks, split, folds if folds == "official" else by)


def _folds(
    dataset: Dataset,
    samples: Sequence[StoredSample],
    folds: int | Literal["official"],
    seed: int,
    by: FoldKind,
) -> list[FoldSplit]:
    if folds == "official":
        if by != "participant":
            raise BadInputError(
                f"Official sets are by participant; they cannot be by {by} as well.",
                fix="Leave out --folds-by, or give a number with --folds.",
            )
        return official_folds(samples, read_sets(dataset.folder), seed)
    if by == "participant":
        return make_folds([s.participant for s in samples], folds, seed)
    return (stimulus_folds if by == "stimulus" else crossed_folds)(samples, folds, seed)


def members(
    dataset: Dataset, labels: Labels, split: FoldSplit, *parts: Part
) -> tuple[int, ...]:
    """Return the usable samples of some parts of a fold, in dataset order."""
    return _part(dataset, labels.usable, split, *parts)


def _part(
    dataset: Dataset, usable: NDArray[np.bool_], split: FoldSplit, *parts: Part
) -> tuple[int, ...]:
    return tuple(
        i
        for i, sample in enumerate(dataset.samples)
        if usable[i] and split.part_of(sample.participant, sample.stimulus) in parts
    )


def train_all(
    prepared: Prepared,
    learner: Learner,
    settings: Settings,
    folder: Path,
    watch: Watch,
    info: RunInfo,
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
    """
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
        for split, jobs in plan:
            _announce(split, len(plan), watch.console)
            for tasks, job in jobs:
                fits.append(learner.fit(job, settings, watch))
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
        told = predictions_csv(prepared.dataset, results)
        write_atomic(folder / "predictions.csv", told)
        parse_results(summary, "The summary of the run")
        write_json(folder / "results.json", summary)
    return summary


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
                train=_part(
                    prepared.dataset, known & _allowed(prepared.dataset), split, "train"
                ),
                validation=_part(prepared.dataset, chosen, split, "validation"),
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


def _size(prepared: Prepared, split: FoldSplit, job: FoldJob) -> JobSize:
    used = np.any([labels.usable for _, labels in prepared.tasks], axis=0)
    test = _part(prepared.dataset, used, split, "test")
    return JobSize(len(job.train), len(job.validation), len(test))


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


def _tested(prepared: Prepared, results: Sequence[FoldResult]) -> int:
    first = prepared.tasks[0][0]
    return sum(len(r.test) for r in results if r.task is first)


def _weak(prepared: Prepared) -> int:
    """Return how many samples have as label what was felt in the whole clip."""
    felt = [labels.usable for task, labels in prepared.tasks if task.label.startswith("er")]
    used = np.any(felt, axis=0) if felt else np.zeros(len(prepared.dataset.samples), bool)
    return sum(prepared.dataset.samples[i].er_weak for i in np.flatnonzero(used))


def _check_fold(dataset: Dataset, task: Task, labels: Labels, fold: FoldSplit) -> None:
    train = members(dataset, labels, fold, "train")
    if not train or not members(dataset, labels, fold, "test"):
        raise BadInputError(
            f"Fold {fold.fold} has no sample with {task.label} to "
            f"{'test' if train else 'train'} on.",
            fix="Ask for fewer folds with --folds, or label more samples.",
        )
    if not task.regression and len(set(labels.classes[list(train)])) < 2:
        raise BadInputError(
            f"Fold {fold.fold} would train on one class of {task.label} only; "
            "at least two are needed."
        )


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
