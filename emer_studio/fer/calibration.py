"""How sure a model may be: temperatures fitted on what the lab's own experts agree on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.fer.panel import Panel

__all__ = [
    "LEAST_ITEMS",
    "LEAST_PARTICIPANTS",
    "Calibration",
    "Mixing",
    "calibration_error",
    "cross_softened",
    "fit_temperature",
    "soften",
]

Floats = npt.NDArray[np.float64]
LEAST_ITEMS, LEAST_PARTICIPANTS = 50, 5
"""Labels below which nothing is fitted. Chosen by us: one number is fitted, and ten bins of
five labels are the least in which a calibration error means anything; five people, so that
no fold hangs on one."""
_BINS = 10  # of equal width; chosen by us: fewer labels than the usual 15 bins want
_FOLDS = 5  # chosen by us; as many as people where they are fewer
_COOLEST, _HOTTEST = 0.2, 10.0  # between which a temperature is looked for; chosen by us
_LEAST = 1e-9  # what a network rounds to zero is not impossible; chosen by us


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a temperature comes to.

    Attributes
    ----------
    temperature : float
        Fitted on all labels; above 1 the model was too sure.
    ece_before, ece_after : float
        Expected calibration error as the model says it, and with temperatures that were
        fitted without the person they are applied to.
    n : int
        Labels.
    participants : int
    """

    temperature: float
    ece_before: float
    ece_after: float
    n: int
    participants: int


def soften(p: Floats, temperature: float) -> Floats:
    """Return p ** (1 / temperature), made to sum to 1 over the last axis.

    Dividing logits by a temperature comes to the same (Guo et al. 2017); 1 changes nothing.
    """
    logits = np.log(np.maximum(p, _LEAST)) / temperature
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float64)


def cross_softened(
    probabilities: Floats,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
    weights: Floats | None = None,
) -> Floats:
    """Return the probabilities with temperatures that their participants had no part in.

    The parameters and errors are those of `fit_temperature`.
    """
    weight = np.ones(len(labels)) if weights is None else weights
    people = np.unique(groups)
    items = round(float(weight.sum()))
    if items < LEAST_ITEMS or len(people) < LEAST_PARTICIPANTS:
        raise BadInputError(
            f"A calibration needs {LEAST_ITEMS} agreed labels of {LEAST_PARTICIPANTS}"
            f" participants; there are {items} of {len(people)}.",
            fix="Label more; until then probabilities are shown as the model says them.",
        )
    after = np.empty_like(probabilities)
    for held_out in np.array_split(people, min(_FOLDS, len(people))):
        out = np.isin(groups, held_out)
        fitted = _fit(probabilities[~out], labels[~out], weight[~out])
        after[out] = soften(probabilities[out], fitted)
    return after


def fit_temperature(
    probabilities: Floats,
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
    weights: Floats | None = None,
) -> Calibration:
    """Fit a temperature by the likelihood of the labels, and measure it by participant.

    Parameters
    ----------
    probabilities : ndarray, shape (n, 7)
        As the model says them.
    labels : ndarray, shape (n,)
        Column of the right emotion.
    groups : ndarray, shape (n,)
        Participant of each row; nobody is in the fitting and the measuring at once.
    weights : ndarray, shape (n,), optional
        Of rows; those of one label should sum to 1.

    Raises
    ------
    BadInputError
        When there are too few labels or participants, with how many are needed.
    """
    weight = np.ones(len(labels)) if weights is None else weights
    after = cross_softened(probabilities, labels, groups, weight)
    return Calibration(
        temperature=round(_fit(probabilities, labels, weight), 4),
        ece_before=round(calibration_error(probabilities, labels, weight), 4),
        ece_after=round(calibration_error(after, labels, weight), 4),
        n=round(float(weight.sum())),
        participants=len(np.unique(groups)),
    )


def _fit(p: Floats, labels: npt.NDArray[np.int64], weights: Floats) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def surprise(log_temperature: float) -> float:
        right = soften(p, float(np.exp(log_temperature)))[rows, labels]
        return float(-(weights * np.log(np.maximum(right, _LEAST))).sum())

    bounds = (float(np.log(_COOLEST)), float(np.log(_HOTTEST)))
    return float(np.exp(minimize_scalar(surprise, bounds=bounds, method="bounded").x))


def calibration_error(
    p: Floats, labels: npt.NDArray[np.int64], weights: Floats | None = None
) -> float:
    """Return the expected calibration error: how far confidence is from being right.

    Over ten bins of the largest probability, each counted by its weight.
    """
    weight = np.ones(len(labels)) if weights is None else weights
    sure, right = p.max(axis=1), p.argmax(axis=1) == labels
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    apart = np.zeros(_BINS)
    np.add.at(apart, bins, weight * (right - sure))
    return float(np.abs(apart).sum() / weight.sum())


@dataclass(frozen=True, slots=True)
class Mixing:
    """How the models of a panel become one answer.

    Each is calibrated, the mean is taken, and that is calibrated again, because a mean of
    models that disagree is less sure than it could be.

    Attributes
    ----------
    members : tuple of float
        Temperature of each model.
    whole : float
        Temperature of the mean; with one model 1.
    """

    members: tuple[float, ...]
    whole: float = 1.0

    @classmethod
    def of(cls, panel: Panel, temperatures: Mapping[str, float]) -> Mixing:
        """Take from temperatures by name what a panel needs; what is not there is 1."""
        members = tuple(temperatures.get(model.name, 1.0) for model in panel.models)
        several = len(members) > 1
        return cls(members, temperatures.get(panel.name, 1.0) if several else 1.0)

    def mix(self, p: Floats) -> Floats:
        """Return probabilities (..., 7) from those of each model (..., m, 7)."""
        each = [
            p[..., k, :] if t == 1.0 else soften(p[..., k, :], t)
            for k, t in enumerate(self.members)
        ]
        mean = np.asarray(np.mean(each, axis=0), np.float64)
        return mean if self.whole == 1.0 else soften(mean, self.whole)
