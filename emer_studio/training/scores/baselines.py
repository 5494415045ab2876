"""What a program that looks at nobody reaches: the yardsticks beside every result.

Each is fitted on the training part of a fold alone, as the network is. A new one is an
entry of `BASELINES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.dataset.cache import Dataset
from emer_studio.dataset.clip_facts import read_clips
from emer_studio.schema.dataset import StoredSample
from emer_studio.training.fit.job import Predictions
from emer_studio.training.task import Labels, Task

Group = Callable[[StoredSample], str]

__all__ = ["BASELINES", "Baseline", "target_of", "usable_baselines"]

_MEANT = {
    "happy": "happiness", "sad": "sadness", "afraid": "fear", "scared": "fear",
    "surprised": "surprise", "disgusted": "disgust", "angry": "anger",
    **{name: name for name in EMOTIONS},
}  # fmt: skip
"""Words of a clip's name for what it is meant to evoke: our class names, those of EMER's
sample names (``3_film_happy``) and their adjectives."""


class Baseline(Protocol):
    """Anything that learns from the samples of one part and predicts others."""

    @property
    def name(self) -> str:
        """What it is called in ``results.json``."""

    @property
    def words(self) -> str:
        """What it knows, for a table."""

    def missing(self, dataset: Dataset) -> str:
        """Return why it says nothing about a dataset; empty where it does."""

    def predict(
        self,
        dataset: Dataset,
        task: Task,
        labels: Labels,
        train: Sequence[int],
        test: Sequence[int],
    ) -> Predictions:
        """Learn from the samples `train` alone and predict the samples `test`."""


@dataclass(frozen=True, slots=True)
class ByGroup:
    """Predict the usual training label of a sample's group.

    For classes the commonest (of equally common ones the first), for numbers the mean; that
    of all training samples where the group was never seen.

    Attributes
    ----------
    name, words : str
        See `Baseline`.
    group : callable
        From a dataset to what tells the group of a sample; an empty one is no group.
    otherwise : str
        Why it says nothing about a dataset without groups.
    """

    name: str
    words: str
    group: Callable[[Dataset], Group]
    otherwise: str = ""

    def missing(self, dataset: Dataset) -> str:
        """Return why it says nothing about a dataset; empty where it does."""
        group = self.group(dataset)
        if not self.otherwise or any(group(sample) for sample in dataset.samples):
            return ""
        return self.otherwise

    def predict(
        self,
        dataset: Dataset,
        task: Task,
        labels: Labels,
        train: Sequence[int],
        test: Sequence[int],
    ) -> Predictions:
        """Learn from the samples `train` alone and predict the samples `test`."""
        truth = labels.values if task.regression else labels.classes
        group = self.group(dataset)
        groups: dict[str, list[int]] = {}
        for index in train:
            groups.setdefault(group(dataset.samples[index]), []).append(index)
        groups.pop("", None)
        everywhere = _usual(truth[list(train)], task)
        known = {name: _usual(truth[mine], task) for name, mine in groups.items()}
        found = [known.get(group(dataset.samples[i]), everywhere) for i in test]
        return Predictions(
            np.array([value for value, _ in found]), np.array([share for _, share in found])
        )


def target_of(stimulus: str) -> str:
    """Return the emotion in a clip's name, empty when it names none or several."""
    words = re.split(r"[^a-z]+", stimulus.lower())
    found = {_MEANT[word] for word in words if word in _MEANT}
    return found.pop() if len(found) == 1 else ""


def _by_target(dataset: Dataset) -> Group:
    """Tell by what the clip manifest says, else by the clip's name."""
    clips = read_clips(dataset.folder)
    told = {name: facts.emotion for name, facts in clips.items() if facts.emotion}
    return lambda sample: told.get(sample.stimulus) or target_of(sample.stimulus)


BASELINES: tuple[Baseline, ...] = (
    ByGroup("majority", "always the usual training label", lambda _: lambda sample: ""),
    ByGroup(
        "target",
        "stimulus only: knows what the clip is meant to evoke",
        _by_target,
        "neither a clip manifest nor a clip's name says what it is meant to evoke",
    ),
    ByGroup(
        "stimulus",
        "clip identity: the usual training label of the same clip",
        lambda _: lambda sample: sample.stimulus,
    ),
    ByGroup(
        "participant",
        "the usual training label of the same person",
        lambda _: lambda sample: sample.participant,
    ),
)
"""`stimulus` is the one to beat where clips are shared, `participant` where people are, and
`target` where the clips are new."""


def usable_baselines(dataset: Dataset) -> tuple[Baseline, ...]:
    """Return the baselines that have something to say about a dataset."""
    return tuple(b for b in BASELINES if not b.missing(dataset))


def _usual(
    truth: NDArray[np.float32] | NDArray[np.int64], task: Task
) -> tuple[float, NDArray[np.float64]]:
    """Return the usual label, and the share of each class."""
    if task.regression:
        return float(truth.mean()), np.zeros(0)
    counts = np.bincount(truth.astype(np.int64), minlength=len(task.classes))
    return float(counts.argmax()), counts / counts.sum()
