"""A whole run: check, split, train every fold, score, write the run folder.

RUN/ run.json (how), results.json (the numbers), predictions.csv, and for each fold and
label ``fold1_er_emotion_best.pt`` and ``…_last.pt``.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, read_json, write_atomic, write_json
from emer_studio.dataset.cache import Dataset
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
    parse_run,
)
from emer_studio.training.checkpoint import Checkpoint
from emer_studio.training.data import Batcher
from emer_studio.training.folds import check_leakage, make_folds, official_folds
from emer_studio.training.loop import FoldJob, Settings, train_fold
from emer_studio.training.predict import predict
from emer_studio.training.score import FoldResult, predictions_csv, summarise
from emer_studio.training.stimulus_folds import crossed_folds, stimulus_folds
from emer_studio.training.subsets import class_counts, count_remarks
from emer_studio.training.task import Labels, Task, labels_of, tasks_of

__all__ = ["Prepared", "checkpoint_path", "members", "prepare", "read_run", "train_all"]


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
    split = tuple(_folds(dataset, samples, folds, seed, by))
    for fold in split:
        check_leakage(samples, fold)
        for task, labels in tasks:
            _check_fold(dataset, task, labels, fold)
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
    return tuple(
        i
        for i, sample in enumerate(dataset.samples)
        if labels.usable[i] and split.part_of(sample.participant, sample.stimulus) in parts
    )


def checkpoint_path(run: Path, fold: int, label: str, which: str) -> Path:
    """Return the file of a fold's ``best`` or ``last`` checkpoint."""
    return run / f"fold{fold}_{label}_{which}.pt"


def read_run(run: Path) -> RunInfo:
    """Read ``run.json``.

    Raises
    ------
    BadInputError
        When `run` is not a run folder.
    """
    path = run / "run.json"
    if not path.is_file():
        raise BadInputError(f"{run} is not a training run: it has no run.json.")
    return parse_run(read_json(path), str(path))


def train_all(
    prepared: Prepared,
    settings: Settings,
    folder: Path,
    console: Console,
    check_stop: Callable[[], None],
    cnn_init: str,
) -> dict[str, Any]:
    """Train all folds and return the results, which are also in the run folder.

    Parameters
    ----------
    prepared : Prepared
        From `prepare`.
    settings : Settings
        How to train.
    folder : Path
        The run folder to create.
    console : Console
        Hears the progress.
    check_stop : callable
        Called before each step; raises KeyboardInterrupt to end the run.
    cnn_init : str
        Where the face network starts, for the record.
    """
    new_folder(folder)
    dataset = prepared.dataset
    results: list[FoldResult] = []
    trained, seconds = 0, 0.0
    with _recorded(folder, _info(prepared, settings, cnn_init)):
        _warn_of_classes(prepared, console)
        for split in prepared.split:
            _announce(split, len(prepared.split), console)
            for task, labels in prepared.tasks:
                job = _job(prepared, split, task, labels, folder)
                done = train_fold(job, settings, console, check_stop)
                results.append(_result(prepared, split, job, done.checkpoint, settings))
                trained, seconds = trained + done.samples, seconds + done.seconds
        summary = {
            "protocol": prepared.benchmark.name,
            **summarise(dataset, results, settings.seed),
            "folds_by": prepared.folds,
            "device": settings.device,
            "samples_per_s": round(trained / max(seconds, 1e-9), 2),
            "run": str(folder),
            "epochs": settings.epochs,
            "samples": sum(len(r.test) for r in results if r.task is prepared.tasks[0][0]),
            "units": list(dataset.manifest.units),
            "weak_labels": _weak(prepared),
            "synthetic": dataset.manifest.synthetic,
            "simulated": dataset.manifest.simulated,
        }
        write_atomic(folder / "predictions.csv", predictions_csv(dataset, results))
        parse_results(summary, "The summary of the run")
        write_json(folder / "results.json", summary)
    return summary


def _result(
    prepared: Prepared,
    split: FoldSplit,
    job: FoldJob,
    best: Checkpoint,
    settings: Settings,
) -> FoldResult:
    """Predict the test and the validation part with the chosen epoch."""
    device = torch.device(settings.device)
    batcher = Batcher(prepared.dataset, best.scale, settings.sampling, device)
    model = best.model.to(device)
    test = members(prepared.dataset, job.labels, split, "test")
    kept = tuple(job.validation)
    return FoldResult(
        task=job.task,
        labels=job.labels,
        split=split,
        train=tuple(job.train),
        test=test,
        found=predict(model, batcher, test),
        epoch=best.epoch,
        validation=kept,
        held_out=predict(model, batcher, kept) if kept else None,
    )


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


def _job(
    prepared: Prepared, split: FoldSplit, task: Task, labels: Labels, folder: Path
) -> FoldJob:
    return FoldJob(
        dataset=prepared.dataset,
        task=task,
        labels=labels,
        fold=split.fold,
        folds=len(prepared.split),
        train=members(prepared.dataset, labels, split, "train"),
        validation=members(prepared.dataset, labels, split, "validation"),
        best=checkpoint_path(folder, split.fold, task.label, "best"),
        last=checkpoint_path(folder, split.fold, task.label, "last"),
    )


def _warn_of_classes(prepared: Prepared, console: Console) -> None:
    """Say before hours of training what no training will mend."""
    for task, labels in prepared.tasks:
        if task.regression:
            continue
        parts = [
            {"fold": split.fold}
            | {part: members(prepared.dataset, labels, split, part) for part in PARTS}
            for split in prepared.split
        ]
        counts = class_counts(task, labels.classes, parts)
        for remark in count_remarks(task, counts):
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


@contextmanager
def _recorded(folder: Path, info: RunInfo) -> Iterator[None]:
    """Keep ``run.json`` true about how the run ended."""
    path = folder / "run.json"
    write_json(path, info.model_dump(mode="json"))
    state = "failed"
    try:
        yield
        state = "done"
    except KeyboardInterrupt:
        state = "interrupted"
        raise
    finally:
        ended = info.model_copy(update={"state": state, "finished": utc_now()})
        write_json(path, ended.model_dump(mode="json"))


def _info(prepared: Prepared, settings: Settings, cnn_init: str) -> RunInfo:
    manifest = prepared.dataset.manifest
    return RunInfo(
        state="running",
        protocol=prepared.benchmark.name,
        preset="official-2024",
        sampling=settings.sampling,
        cnn_init=cnn_init,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=settings.seed,
        device=settings.device,
        split=prepared.split,
        folds=prepared.folds,
        dataset=str(prepared.dataset.folder.resolve()),
        dataset_name=manifest.name,
        dataset_manifest_sha256=prepared.dataset.manifest_sha256,
        synthetic=manifest.synthetic,
        simulated=manifest.simulated,
        app_version=__version__,
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        started=utc_now(),
    )
