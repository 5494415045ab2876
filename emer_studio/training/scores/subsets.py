"""The samples that ask most of a model, and how many of each class there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.resampling import share_interval
from emer_studio.dataset.blind import read_blind
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.training import Part
from emer_studio.training.comparing.compare import span
from emer_studio.training.task import Task

__all__ = ["class_counts", "count_remarks", "discordant_table"]

Floats = NDArray[np.float64]
_OTHER = {
    "er3": "fer3", "fer3": "er3", "er_emotion": "fer_emotion", "fer_emotion": "er_emotion",
}  # fmt: skip


def discordant_table(
    dataset: Dataset,
    task: Task,
    test: Sequence[int],
    found: Mapping[str, Floats],
    weights: Floats,
) -> dict[str, Any]:
    """Return the accuracy where felt and shown differ, and where they agree.

    Parameters
    ----------
    dataset : Dataset
        What was shown is what its blind pass says, where it has one: the review may have
        been led by a model.
    task : Task
    test : sequence of int
        Sample numbers.
    found : mapping of str to (n,) float64
        Predicted class numbers of the model (``model``) and of each baseline.
    weights : (1 + draws, n) float64
        Draws of the test samples.

    Returns
    -------
    dict
        ``missing``: why there is none, empty otherwise; ``both``, ``discordant``: samples
        with both labels, and those where they differ; ``accuracy``: by name, ``discordant``
        and ``concordant``, each a share and its 95 % interval; ``other``: how often the
        model's answer on discordant samples is the other label (what was shown instead of
        what was felt, or the other way round).
    """
    empty = {"both": 0, "discordant": 0, "accuracy": {}, "other": None}
    if task.label not in _OTHER:
        return {"missing": "felt and shown are compared by class, not by number", **empty}
    number = {name: k for k, name in enumerate(task.classes)}
    blind = read_blind(dataset.folder)

    def column(label: str) -> NDArray[np.int64]:
        samples = [dataset.samples[i] for i in test]
        if blind is not None and label.startswith("fer"):
            names = [blind.get(sample.sample_id, {}).get(label) for sample in samples]
        else:
            names = [getattr(sample, label) for sample in samples]
        return np.array([number.get(str(name), -1) for name in names], np.int64)

    own, other = column(task.label), column(_OTHER[task.label])
    both = (own >= 0) & (other >= 0)
    apart = both & (own != other)
    if not both.any():
        return {"missing": f"no test sample has {_OTHER[task.label]} as well", **empty}
    if not apart.any():
        counts = {"both": int(both.sum())}
        return {"missing": "felt and shown never differ", **empty, **counts}
    accuracy = {
        name: {
            "discordant": _share(weights, guess == own, apart),
            "concordant": _share(weights, guess == own, both & ~apart),
        }
        for name, guess in found.items()
    }
    return {
        "missing": "",
        "both": int(both.sum()),
        "discordant": int(apart.sum()),
        "accuracy": accuracy,
        "other": _share(weights, found["model"] == other, apart),
    }


def class_counts(
    task: Task,
    classes: NDArray[np.int64],
    fold: int,
    parts: Mapping[Part, Sequence[int]],
) -> dict[str, Any]:
    """Return how many samples of each class every part of a fold has.

    Parameters
    ----------
    task : Task
    classes : (N,) int64
        Class numbers of all samples.
    fold : int
        Its number.
    parts : mapping
        Sample numbers of ``train``, ``validation`` and ``test``.
    """
    counts: dict[str, Any] = {
        part: np.bincount(classes[list(mine)], minlength=len(task.classes)).tolist()
        for part, mine in parts.items()
    }
    return {"fold": fold, **counts}


def count_remarks(task: Task, counts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which classes a fold never trains on, and how uneven they are."""
    said = []
    for row in counts:
        unseen = [
            name
            for name, train, test in zip(
                task.classes, row["train"], row["test"], strict=True
            )
            if test and not train
        ]
        if unseen:
            said.append(
                f"Fold {row['fold']} is tested on {', '.join(unseen)} ({task.label}),"
                " of which it has no training sample."
            )
    total = np.sum([row["test"] for row in counts], axis=0)
    if total.max() >= 3 * total[total > 0].min():  # chosen by us: then WAR hides a class
        most, least = (
            int(total.argmax()),
            int(np.where(total > 0, total, total.max()).argmin()),
        )
        said.append(
            f"Classes of {task.label} are uneven: {total[most]} test samples of"
            f" {task.classes[most]}, {total[least]} of {task.classes[least]}."
            " UAR counts each class the same."
        )
    return said


def _share(
    weights: Floats, hit: NDArray[np.bool_], among: NDArray[np.bool_]
) -> dict[str, Any] | None:
    found = share_interval(weights, hit, among)
    if np.isnan(found.value):
        return None
    return {"value": found.value, "ci95": span(found)}
