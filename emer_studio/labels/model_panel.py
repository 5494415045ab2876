"""How good the model is that pre-labels: against what people said who did not see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.resampling import DRAWS, Interval, drawn_weights, share_interval
from emer_studio.labels.calibration_curve import Calibration, calibration_of
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.predictions import Predicted

__all__ = ["ClassResult", "Judged", "ModelPanel", "judged_of", "model_panel"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """The items that have both a consensus and a prediction.

    Attributes
    ----------
    probabilities : ndarray, shape (items, 7), float64
    truth : ndarray, shape (items,), int64
        Numbers of `EMOTIONS`.
    participants, stimuli : tuple of str
    model : str
    """

    probabilities: Floats
    truth: npt.NDArray[np.int64]
    participants: tuple[str, ...]
    stimuli: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One category: how many items have it, and how the model does there."""

    emotion: str
    items: int
    precision: Interval
    recall: Interval


@dataclass(frozen=True)
class ModelPanel:
    """The model against the consensus.

    Attributes
    ----------
    model : str
    items, participants : int
    accuracy : Interval
    confusion : ndarray, shape (7, 7), int64
        Consensus by row, the model's likeliest category by column.
    classes : tuple of ClassResult
    before, after : Calibration
        As the model says it, and with a temperature that each participant's items had no
        part in; None where that could not be fitted.
    """

    model: str
    items: int
    participants: int
    accuracy: Interval
    confusion: npt.NDArray[np.int64]
    classes: tuple[ClassResult, ...]
    before: Calibration
    after: Calibration | None


def judged_of(
    agreed: Mapping[str, Consensus],
    predicted: Mapping[str, Predicted],
    about: Mapping[str, tuple[str, str]],
) -> Judged:
    """Return the items that can be compared.

    Parameters
    ----------
    agreed : mapping of str to Consensus
        Of the blind stage alone: labels of people who were shown the model's word would
        flatter it.
    predicted : mapping of str to Predicted
    about : mapping of str to (str, str)
        Participant and stimulus of an item.
    """
    items = [
        item
        for item, one in agreed.items()
        if one.category in EMOTIONS and item in predicted
    ]
    places = [about.get(item, (item.split("/")[0], item)) for item in items]
    models = sorted({predicted[item].model for item in items})
    return Judged(
        np.array([predicted[item].probabilities for item in items]).reshape(-1, 7),
        np.array([EMOTIONS.index(agreed[i].category or "") for i in items], np.int64),
        tuple(person for person, _ in places),
        tuple(clip for _, clip in places),
        ", ".join(models),
    )


def model_panel(
    judged: Judged,
    calibrated: Floats | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> ModelPanel:
    """Compare a model with the consensus.

    Parameters
    ----------
    judged : Judged
    calibrated : ndarray, shape (items, 7), optional
        The probabilities after calibration, fitted without each item's participant.
    draws, seed : int
        Of the bootstrap over participants and stimuli.
    """
    weights = drawn_weights(judged.participants, judged.stimuli, draws=draws, seed=seed)
    said, truth = judged.probabilities.argmax(axis=1), judged.truth
    table = np.zeros((7, 7), np.int64)
    np.add.at(table, (truth, said), 1)
    after = None if calibrated is None else calibration_of(calibrated, truth, weights)
    return ModelPanel(
        model=judged.model,
        items=len(truth),
        participants=len(set(judged.participants)),
        accuracy=share_interval(weights, said == truth, np.ones(len(truth), bool)),
        confusion=table,
        classes=tuple(_classes(said, truth, weights)),
        before=calibration_of(judged.probabilities, truth, weights),
        after=after,
    )


def _classes(
    said: npt.NDArray[np.int64], truth: npt.NDArray[np.int64], weights: Floats
) -> Sequence[ClassResult]:
    found = []
    for k, emotion in enumerate(EMOTIONS):
        called, is_one = said == k, truth == k
        precision = share_interval(weights, is_one, called)
        recall = share_interval(weights, called, is_one)
        found.append(ClassResult(emotion, int(is_one.sum()), precision, recall))
    return found
