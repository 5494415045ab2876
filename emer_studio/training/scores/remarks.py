"""What a reader of the results has to know: what is missing, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from emer_studio.dataset.blind import read_left_out
from emer_studio.dataset.cache import Dataset
from emer_studio.training.comparing.remarks import few_words
from emer_studio.training.scores.calibration import at_limit
from emer_studio.training.scores.subsets import count_remarks
from emer_studio.training.task import Labels, labels_of

if TYPE_CHECKING:
    from emer_studio.training.scores.score import FoldResult

__all__ = ["led_words", "remarks_on"]

_NUMBERS = (
    "Compare with the baselines by MAE or RMSE: what answers one number in a whole fold"
    " correlates below 0 over all folds, because a fold whose own mean is high leaves a low"
    " one to learn from."
)


def remarks_on(
    dataset: Dataset,
    results: Sequence[FoldResult],
    by_label: Mapping[str, Mapping[str, Any]],
    unable: Mapping[str, str],
) -> list[str]:
    """Return sentences about a run's results.

    Parameters
    ----------
    dataset : Dataset
    results : sequence of FoldResult
        Of all tasks and folds.
    by_label : mapping
        The results of each label.
    unable : mapping of str to str
        By baseline, why it is left out; empty where it is not.
    """
    said = [f"No {name} baseline: {why}." for name, why in unable.items() if why]
    said += _of_folds(dataset, results)
    said += _of_labels(dataset, results)
    if any(r.task.regression for r in results):
        said.append(_NUMBERS)
    for label, part in by_label.items():
        task = next(r.task for r in results if r.task.label == label)
        if part["class_counts"]:
            said += count_remarks(task, part["class_counts"])
        if part["ci95_crossed"] is None:
            said.append(f"{label}: one stimulus only, so intervals are over people alone.")
        if (why := part["calibration"]["missing"]) and not task.regression:
            said.append(f"{label}: not calibrated, {why}.")
        if unsure := at_limit(part["calibration"]["temperatures"]):
            said.append(
                f"{label}: the temperature of fold {unsure} is at its limit; the validation"
                " part is too small, or all of it right or wrong."
            )
        if why := part["discordant"]["missing"]:
            said.append(f"{label}: no accuracy where felt and shown differ: {why}.")
    return said


def _of_labels(dataset: Dataset, results: Sequence[FoldResult]) -> list[str]:
    """Say what the faces' labels are worth as a test."""
    shown = {r.task.label: r.task for r in results if r.task.label.startswith("fer")}
    said = []
    for task in shown.values():
        labels = labels_of(dataset, task)
        if labels.unled is None:
            said.append(
                f"{task.label}: the dataset does not tell which labels were given before"
                " anybody saw a suggestion; all of them are tested on."
            )
        elif told := led_words(dataset, labels):
            said.append(f"{task.label}: {told}.")
    return said


def led_words(dataset: Dataset, labels: Labels) -> str:
    """Say how many samples have no blind label, and why; empty where all have one."""
    assert labels.unled is not None
    led = np.flatnonzero(labels.usable & ~labels.unled.usable)
    if not len(led):
        return ""
    told = (
        f"{len(led)} samples are learnt from but never tested on: the blind pass alone"
        " gave them no label"
    )
    left_out = read_left_out(dataset.folder)
    n = sum(left_out.get(dataset.samples[i].sample_id, 0) > 0 for i in led)
    have = "has" if n == 1 else "have"
    why = f" ({n} of them {have} imported labels that do not say they were made blind)"
    return told + why * bool(n)


def _of_folds(dataset: Dataset, results: Sequence[FoldResult]) -> list[str]:
    first = results[0].task.label
    mine = [r for r in results if r.task.label == first]
    tested = [i for r in mine for i in r.test]
    people = {dataset.samples[i].participant for i in tested}
    said = few_words(len(people), len(_names(dataset, tested)))
    by = mine[0].split.by
    shared = [r for r in mine if _names(dataset, r.train) & _names(dataset, r.test)]
    if by == "participant" and shared:
        said.append(
            "Clips are on both sides of these folds: the clip identity baseline is the one"
            " to beat, and folds that keep people and clips apart are the stricter test."
        )
    if by == "participant":
        said.append("Nobody is on both sides: the participant baseline is the majority.")
    if not shared:
        said.append("No clip is on both sides: the clip identity baseline is the majority.")
    if by == "stimulus":
        said.append(
            "The same people are on both sides of these folds; folds that keep people and"
            " clips apart are the stricter test."
        )
    if by == "both":
        used = int(mine[0].labels.usable.sum())
        said.append(
            f"{len(tested)} of {used} samples are tested: the others share a person or a"
            " clip with their fold's training part."
        )
    return said


def _names(dataset: Dataset, indices: Sequence[int]) -> set[str]:
    return {dataset.samples[i].stimulus for i in indices}
