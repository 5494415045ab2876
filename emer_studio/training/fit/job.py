"""What a model is asked to learn, how, and what comes back: the one interface of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.console import Console
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.training.fit.pace import Pace
from emer_studio.training.nets.network import MODALITIES, FaceNet, Head
from emer_studio.training.nets.precision import Precision
from emer_studio.training.presets import STUDIO, Preset

__all__ = ["Fitted", "FoldJob", "Learner", "Predictions", "Settings", "Watch"]

Targets = Mapping[str, NDArray[Any]]
"""By label: class numbers (N,) int64, -1 where not labelled, or numbers (N,) float32, NaN
where not labelled; N samples of the dataset."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions for some samples, in the order asked for.

    Attributes
    ----------
    values : (N,) float64
        Predicted numbers, or class numbers for a classification.
    probabilities : (N, C) float64
        Class probabilities; (N, 0) when numbers are predicted.
    """

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train, the same for all folds of a run.

    Attributes
    ----------
    preset : Preset
        Input and optimiser.
    epochs : int
        Also the period of the schedule.
    seed : int
        Initial weights, order, sampling and dropout.
    device : str
        "cpu" or "cuda".
    modalities : tuple of str
        Streams that are looked at; the others are zero in training and test.
    maps : bool
        Whether the fixation maps are looked at, where the dataset has them.
    face_net : {"resnet18", "small"}
        What looks at a picture.
    cnn_weights : dict, optional
        Initial weights of a ResNet-18; drawn at random when absent.
    precision : {"fp32", "bf16"}
        Of the network's arithmetic, see `precision.best_precision`.
    frozen : bool
        The face network stays as it begins, see `frozen`.
    graph : bool
        A GPU records its step once and repeats it, see `step.recorded`.
    compiled : bool
        Face network and fusion are compiled, see `compiling`.
    without : tuple of str
        Parts that the network is trained without, see `variants`.
    variant : str
        Its name in an ablation; empty otherwise.
    """

    preset: Preset = STUDIO
    epochs: int = 30
    seed: int = 0
    device: str = "cpu"
    modalities: tuple[str, ...] = MODALITIES
    maps: bool = False
    face_net: FaceNet = "small"
    cnn_weights: dict[str, Any] | None = None
    precision: Precision = "fp32"
    frozen: bool = False
    graph: bool = False
    compiled: bool = False
    without: tuple[str, ...] = ()
    variant: str = ""


@dataclass(frozen=True, slots=True)
class FoldJob:
    """One model to train on one fold.

    Attributes
    ----------
    dataset : Dataset
        The data.
    scored : tuple of Head
        What it is asked for.
    others : tuple of Head
        What it may learn beside, where a sample has the label.
    targets : mapping
        Labels of all samples for all heads.
    fold, folds : int
        Number of the fold and of all folds.
    train, validation : sequence of int
        Sample numbers; every one has at least one label. Without validation the last epoch
        is taken.
    folder : Path
        Of the run.
    name : str
        Beginning of the names of its files.
    """

    dataset: Dataset
    scored: tuple[Head, ...]
    others: tuple[Head, ...]
    targets: Targets
    fold: int
    folds: int
    train: Sequence[int]
    validation: Sequence[int]
    folder: Path
    name: str

    @property
    def heads(self) -> tuple[Head, ...]:
        """Everything it learns."""
        return (*self.scored, *self.others)

    def file(self, ending: str) -> Path:
        """Return the path of one of its files, e.g. ``fold1_er_emotion_best.pt``."""
        return self.folder / f"fold{self.fold}_{self.name}_{ending}"


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears how it goes, and who may end it.

    Attributes
    ----------
    console : Console
        Hears an event for each epoch and the progress of each step.
    check_stop : callable
        Called before each step and each batch that is predicted; waits while the run is
        paused, raises KeyboardInterrupt or StoppedError to end it.
    pace : Pace
        How fast it goes, for how long it will take.
    """

    console: Console
    check_stop: Callable[[], None]
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained model.

    Attributes
    ----------
    predict : callable
        From sample numbers to predictions by label of the scored heads.
    epoch : int
        The epoch that was chosen; 0 for what has no epochs.
    samples, seconds : int, float
        Samples trained on and the time it took, evaluation left out.
    facts : mapping
        What to keep of how it was made, e.g. how many parameters.
    """

    predict: Callable[[Sequence[int]], dict[str, Predictions]]
    epoch: int = 0
    samples: int = 0
    seconds: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


class Learner(Protocol):
    """Anything that learns from the training part of a fold and predicts other samples."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""

    @property
    def words(self) -> str:
        """What it is, for a table."""

    @property
    def joint(self) -> bool:
        """Whether one model learns all labels; else one is made for each."""

    def fit(self, job: FoldJob, settings: Settings, watch: Watch) -> Fitted:
        """Learn, keeping the best epoch on the validation participants."""

    def again(self, job: FoldJob, settings: Settings) -> Fitted:
        """Return what `fit` returned, from the files it left."""
