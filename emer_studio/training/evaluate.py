"""Evaluate a finished run again from its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.training import FoldSplit, RunInfo
from emer_studio.training.checkpoint import load_checkpoint
from emer_studio.training.data import Batcher
from emer_studio.training.emert import channels_last
from emer_studio.training.experiment import checkpoint_path, members, read_run
from emer_studio.training.folds import check_leakage
from emer_studio.training.predict import predict
from emer_studio.training.score import FoldResult, summarise
from emer_studio.training.task import Labels, Task, labels_of, tasks_of

__all__ = ["evaluate_run"]

_TOLERANCE = 1e-9


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
    info = read_run(run)
    if info.state != "done":
        raise BadInputError(
            f"{run} is not finished (state {info.state!r}); there is nothing to compare."
        )
    benchmark = load_benchmark(info.protocol)
    tasks = [(task, labels_of(dataset, task)) for task in tasks_of(benchmark)]
    results = []
    for split in info.split:
        check_leakage([s for s in dataset.samples if not s.excluded], split)
        for task, labels in tasks:
            results.append(_fold(run, info, dataset, split, task, labels, device))
    summary = {
        "protocol": info.protocol,
        **summarise(dataset, results, info.seed),
        "folds_by": info.folds,
        "device": device,
        "run": str(run),
        "dataset": str(dataset.folder),
        "epochs": info.epochs,
        "samples": sum(len(r.test) for r in results if r.task is tasks[0][0]),
        "synthetic": info.synthetic or dataset.manifest.synthetic,
        "simulated": info.simulated or dataset.manifest.simulated,
    }
    same = dataset.manifest_sha256 == info.dataset_manifest_sha256
    summary["same_dataset"] = same
    summary["same_as_run"] = (
        _agrees(summary, read_json(run / "results.json")) if same else None
    )
    return summary


def _fold(
    run: Path,
    info: RunInfo,
    dataset: Dataset,
    split: FoldSplit,
    task: Task,
    labels: Labels,
    device: str,
) -> FoldResult:
    test = members(dataset, labels, split, "test")
    train = members(dataset, labels, split, "train")
    if not test or not train:
        raise BadInputError(
            f"Expected {dataset.folder} to hold labelled samples of the participants of "
            f"fold {split.fold} ({', '.join(split.test)}), found none.",
            fix="Give the dataset the run was trained on.",
        )
    best = load_checkpoint(checkpoint_path(run, split.fold, task.label, "best"))
    where = torch.device(device)
    # The memory layout decides which convolution runs: the same as in training.
    channels_last(best.model)
    batcher = Batcher(dataset, best.scale, info.sampling, where)
    found = predict(best.model.to(where), batcher, test)
    kept = members(dataset, labels, split, "validation")
    held_out = predict(best.model, batcher, kept) if kept else None
    return FoldResult(task, labels, split, train, test, found, best.epoch, kept, held_out)


def _agrees(summary: dict[str, Any], recorded: Any) -> bool:
    """Whether the headline scores are those of the run."""
    names = [n for n in ("war", "uar", "wf1", "mae", "rmse", "ccc") if n in summary]
    return isinstance(recorded, dict) and all(
        abs(summary[name] - recorded.get(name, float("inf"))) <= _TOLERANCE
        for name in names
    )
