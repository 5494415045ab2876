"""``results.json`` of a training run: the numbers, and what they stand beside.

Runs of earlier versions lack the parts that have defaults here.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emer_studio.core.errors import BadInputError

__all__ = ["Results", "parse_results"]

Span = tuple[float, float]
Scores = dict[str, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Difference(_Frozen):
    """The model's score less a baseline's, on the same test samples.

    Parameters
    ----------
    difference : float
        Above 0 is better for war, uar, wf1, ccc and pearson, below 0 for mae and rmse.
    ci95, p
        Over participants; p is two-sided and never 0.
    ci95_crossed, p_crossed
        Over participants and stimuli at once; None with a single stimulus.
    """

    difference: float
    ci95: Span | None
    p: float
    ci95_crossed: Span | None
    p_crossed: float | None


class Share(_Frozen):
    """A share with its 95 % interval over participants and stimuli."""

    value: float
    ci95: Span | None


class Ece(_Frozen):
    """Expected calibration error over all test samples, with its 95 % interval."""

    ece: float
    ci95: Span | None


class Temperature(_Frozen):
    """What a fold's logits are divided by, and from how many validation samples."""

    fold: int
    temperature: float
    samples: int


class CalibrationPart(_Frozen):
    """How sure against how often right; `missing` says why `after` is absent."""

    before: Ece | None
    after: Ece | None
    temperatures: tuple[Temperature, ...]
    missing: str


class OnSubsets(_Frozen):
    """Accuracy where felt and shown differ, and where they agree."""

    discordant: Share | None
    concordant: Share | None


class Discordant(_Frozen):
    """The samples with both labels; `missing` says why there is nothing.

    Parameters
    ----------
    both, discordant : int
        Test samples with a felt and a shown label, and those where they differ.
    accuracy : dict
        Of the ``model`` and of each baseline.
    other : Share, optional
        How often the model's answer to a discordant sample is the other label.
    """

    missing: str
    both: int
    discordant: int
    accuracy: dict[str, OnSubsets]
    other: Share | None


class Counts(_Frozen):
    """Samples of each class in the parts of a fold, in the order of the classes."""

    fold: int
    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


class LabelResults(_Frozen):
    """Everything about one label, pooled over the test samples of all folds.

    ``batch_averaged`` is what the official code would print of the same predictions; it is
    for comparison with printed numbers only.
    """

    scores: Scores
    samples: int
    ci95: dict[str, Span]
    batch_averaged: Scores = Field(default_factory=dict)
    ci95_crossed: dict[str, Span] | None = None
    classes: tuple[str, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    baselines: dict[str, Scores]
    comparisons: dict[str, dict[str, Difference]] = Field(default_factory=dict)
    calibration: CalibrationPart | None = None
    discordant: Discordant | None = None
    class_counts: tuple[Counts, ...] = ()


class Fold(BaseModel):
    """One fold: who and what was tested, its scores (as further keys) and epochs."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    fold: int
    test_participants: tuple[str, ...]
    validation_participants: tuple[str, ...]
    train_participants: tuple[str, ...]
    test_stimuli: tuple[str, ...] | None = None
    samples: int
    baselines: dict[str, Scores] = Field(default_factory=dict)
    epoch: dict[str, int]


class Results(BaseModel):
    """The whole file; the pooled scores stand at the top as further keys.

    Parameters
    ----------
    protocol : str
    folds_by : str
        "participant", "stimulus", "both" or "official".
    baselines, fold_mean, fold_sd : dict
        Means over labels where there are several.
    ci95, ci95_crossed : dict, optional
        Over participants, and over participants and stimuli; with one label only.
    remarks : tuple of str
        What a reader has to know: what is missing, and why.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    protocol: str
    samples: int
    folds_by: str = "participant"
    baselines: dict[str, Scores]
    fold_mean: Scores
    fold_sd: Scores
    ci95: dict[str, Span] | None = None
    ci95_crossed: dict[str, Span] | None = None
    by_label: dict[str, LabelResults]
    folds: tuple[Fold, ...]
    remarks: tuple[str, ...] = ()


def parse_results(raw: Any, where: str) -> Results:
    """Check the content of a ``results.json``.

    Raises
    ------
    BadInputError
        Saying what is wrong in `where`.
    """
    try:
        return Results.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInputError(
            f"{where} are not the results of a run: {place}: {first['msg']}."
        ) from None
