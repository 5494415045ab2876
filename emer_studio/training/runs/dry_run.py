"""``train --dry-run``: what would be trained on, and what not, before anything is."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import EmerError
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.benchmark import benchmark_names, load_benchmark
from emer_studio.schema.training import PARTS, FoldSplit, Part
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.prepare import Prepared, members
from emer_studio.training.runs.asked import checked
from emer_studio.training.runs.doubts import doubts_of_classes, doubts_of_data
from emer_studio.training.task import Labels, Task

__all__ = ["dry_run", "dry_run_text"]


def dry_run(request: TrainingRequest, dataset: Dataset) -> dict[str, Any]:
    """Pass every check of a training and count what it would see.

    Parameters
    ----------
    request : TrainingRequest
        What is asked for; of several seeds, the first draws the folds that are told.
    dataset : Dataset
        The one that it names.

    Returns
    -------
    dict
        ``samples`` of the dataset, ``remarks`` on its data, ``unused``: trials that never
        became samples, by reason; and one object for each of ``benchmarks``: its numbers
        of ``samples``, ``participants`` and ``stimuli``, ``tested`` samples, ``labels``
        with their class counts or spread, ``split`` with the samples of each fold and who
        is tested in it, ``left_out`` by reason, and ``remarks``. One that cannot be trained
        has a ``problem`` in their place.
    """
    every = request.protocol == "all"
    names = benchmark_names() if every else (request.protocol,)
    return {
        "dataset": str(dataset.folder),
        "samples": len(dataset.samples),
        "synthetic": dataset.manifest.synthetic,
        "simulated": dataset.manifest.simulated,
        "unused": _unused(dataset.folder),
        "remarks": doubts_of_data(dataset),
        "benchmarks": [_benchmark(request, dataset, name) for name in names],
    }


def _benchmark(request: TrainingRequest, dataset: Dataset, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"protocol": name, "title": load_benchmark(name).title}
    try:
        prepared = checked(request, dataset, name)
    except EmerError as problem:
        return {**found, "problem": problem.message, "fix": problem.fix}
    used = np.any([labels.usable for _, labels in prepared.tasks], axis=0)
    tested = {i for fold in prepared.split for i in _members(prepared, fold, "test")}
    samples = [dataset.samples[i] for i in np.flatnonzero(used)]
    return {
        **found,
        "problem": "",
        "fix": "",
        "samples": len(samples),
        "participants": len({sample.participant for sample in samples}),
        "stimuli": len({sample.stimulus for sample in samples}),
        "tested": len(tested),
        "folds": len(prepared.split),
        "folds_by": prepared.folds,
        "split": [_fold(prepared, fold) for fold in prepared.split],
        "labels": [_label(task, labels) for task, labels in prepared.tasks],
        "left_out": _left_out(dataset, used),
        "remarks": list(dict.fromkeys(_remarks(prepared, samples, len(tested)))),
    }


def _fold(prepared: Prepared, fold: FoldSplit) -> dict[str, Any]:
    told: dict[str, Any] = {"fold": fold.fold}
    for part in PARTS:
        told[part] = len(_members(prepared, fold, part))
    people = () if fold.by == "stimulus" else fold.test
    clips = () if fold.stimuli is None else fold.stimuli.test
    return {**told, "test_participants": list(people), "test_stimuli": list(clips)}


def _members(prepared: Prepared, fold: FoldSplit, part: Part) -> set[int]:
    """Return the samples of a part that have any of the labels that are asked for."""
    return {
        i
        for _, labels in prepared.tasks
        for i in members(
            prepared.dataset, labels.of_fold(prepared.dataset, fold), fold, part
        )
    }


def _label(task: Task, labels: Labels) -> dict[str, Any]:
    if task.regression:
        values = labels.values[labels.usable]
        spread = {"mean": values.mean(), "sd": values.std(), "low": values.min()}
        spread["high"] = values.max()
        told = {name: round(float(value), 3) for name, value in spread.items()}
        return {"label": task.label, "counts": {}, "spread": told}
    found = np.bincount(labels.classes[labels.usable], minlength=len(task.classes))
    counts = dict(zip(task.classes, found.tolist(), strict=True))
    return {"label": task.label, "counts": counts, "spread": {}}


def _left_out(dataset: Dataset, used: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Count by reason what is in the dataset and is not trained on."""
    why: Counter[str] = Counter()
    for sample, taken in zip(dataset.samples, used, strict=True):
        if not taken:
            why[f"excluded: {sample.reason}" if sample.excluded else "no label"] += 1
    return [{"why": reason, "samples": count} for reason, count in why.most_common()]


def _unused(folder: Path) -> list[dict[str, Any]]:
    """Count by reason the trials that the dataset left out when it was built."""
    path = folder / "trials.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row.get("used") == "left out"]
    why = Counter(row.get("reason") or "not said" for row in rows)
    return [{"why": reason, "trials": count} for reason, count in why.most_common()]


def _remarks(prepared: Prepared, samples: list[Any], tested: int) -> Iterator[str]:
    dataset = prepared.dataset
    for task, labels in prepared.tasks:
        folds: list[Any] = []
        for fold in prepared.split:
            mine = labels.of_fold(dataset, fold)
            parts = {part: members(dataset, mine, fold, part) for part in PARTS}
            folds.append((fold.fold, mine, parts))
        if not task.regression:
            yield from doubts_of_classes(task, folds)
        if labels.unled is not None:
            led = int((labels.usable & ~labels.unled.usable).sum())
            if led:
                yield (
                    f"{led} samples have no blind label of {task.label}: they are learnt"
                    " from, and never tested on."
                )
        elif task.label.startswith("fer"):
            yield (
                "The dataset does not tell which labels were given before anybody saw a"
                " suggestion; all of them are tested on."
            )
    yield from _sides(prepared, samples, tested)
    weak = sum(sample.er_weak for sample in samples)
    if weak and any(task.label.startswith("er") for task, _ in prepared.tasks):
        yield f"{weak} samples are parts of clips with what was felt in the whole clip."


def _sides(prepared: Prepared, samples: list[Any], tested: int) -> Iterator[str]:
    """Say what training and test share, and what that costs."""
    if any(not fold.validation for fold in prepared.split):
        yield "Too few people for a validation part: the last epoch is used."
    if prepared.folds == "stimulus":
        yield "The same people are on both sides of these folds."
    elif prepared.folds == "both" and tested < len(samples):
        yield (
            f"{tested} of {len(samples)} samples are tested: the others share a person or a"
            " clip with their fold's training part."
        )
    elif prepared.folds in ("participant", "official"):
        yield (
            "Clips are on both sides of these folds, so knowing the clip helps: the clip"
            " identity baseline in the results is the one to beat."
        )


def dry_run_text(told: Mapping[str, Any]) -> str:
    """Return the same for a person."""
    lines = [f"{told['dataset']}: {told['samples']} samples"]
    lines += [f"  {one['trials']} trials left out: {one['why']}" for one in told["unused"]]
    lines += [f"  {remark}" for remark in told["remarks"]]
    for one in told["benchmarks"]:
        lines.append(f"{one['protocol']}: {one['title']}")
        if one["problem"]:
            lines.append(f"  cannot be trained: {one['problem']} {one['fix']}".rstrip())
            continue
        lines.append(
            f"  {one['samples']} samples of {one['participants']} people and"
            f" {one['stimuli']} clips, {one['folds']} folds ({one['folds_by']})"
        )
        for label in one["labels"]:
            values = label["counts"] or label["spread"]
            cells = ", ".join(f"{name} {value}" for name, value in values.items())
            lines.append(f"  {label['label']}: {cells}")
        lines += [f"  left out: {row['samples']} {row['why']}" for row in one["left_out"]]
        lines += [f"  {remark}" for remark in one["remarks"]]
    return "\n".join(lines)
