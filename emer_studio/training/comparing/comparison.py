"""What a comparison of runs says, and the correction for making several."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emer_studio.training.comparing.paired_tests import McNemar, holm

__all__ = ["Comparison", "FoldGap", "OfLabel", "Pair", "ScoreGap", "corrected"]

Span = tuple[float, float]
_Question = tuple[str, str, str]  # label, score and kind of p


@dataclass(frozen=True, slots=True)
class ScoreGap:
    """One score of two runs and what lies between them.

    Attributes
    ----------
    score : str
        Higher is better for war, uar, wf1, ccc and pearson, lower for mae and rmse.
    run, against : float
        Of each, on the compared samples.
    run_ci95, against_ci95 : tuple of float, optional
        Over participants and stimuli, or participants alone with a single stimulus.
    difference : float
        `run` less `against`.
    ci95, p
        Paired, over participants; None where nothing could be paired.
    ci95_crossed, p_crossed
        Over participants and stimuli at once.
    p_holm, p_crossed_holm
        Corrected for all pairs of this comparison.
    """

    score: str
    run: float
    against: float
    run_ci95: Span | None
    against_ci95: Span | None
    difference: float
    ci95: Span | None = None
    p: float | None = None
    p_holm: float | None = None
    ci95_crossed: Span | None = None
    p_crossed: float | None = None
    p_crossed_holm: float | None = None


@dataclass(frozen=True, slots=True)
class FoldGap:
    """The main score of two runs on one fold that both have."""

    fold: int
    samples: int
    run: float
    against: float
    difference: float


@dataclass(frozen=True, slots=True)
class OfLabel:
    """Two runs and one label.

    Attributes
    ----------
    label : str
    samples : int
        That were compared; 0 where nothing could be paired.
    run_only, against_only : int
        Samples that only one of them was tested on.
    scores : tuple of ScoreGap
        The main score first.
    right : McNemar, optional
        Which samples they get right, of classes only.
    folds : tuple of FoldGap
        Empty where their folds differ.
    """

    label: str
    samples: int
    run_only: int
    against_only: int
    scores: tuple[ScoreGap, ...]
    right: McNemar | None
    folds: tuple[FoldGap, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs; `paired` says whether they were compared on the same samples."""

    run: str
    against: str
    paired: bool
    same_folds: bool
    labels: tuple[OfLabel, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some runs of one protocol."""

    protocol: str
    runs: tuple[dict[str, Any], ...]
    pairs: tuple[Pair, ...]
    remarks: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)


def corrected(pairs: Sequence[Pair]) -> list[Pair]:
    """Correct each p by Holm for all pairs that ask the same: one label, one score."""
    asked: dict[_Question, list[float | None]] = defaultdict(list)
    for pair in pairs:
        for label in pair.labels:
            for score in label.scores:
                asked[label.label, score.score, "p"].append(score.p)
                asked[label.label, score.score, "p_crossed"].append(score.p_crossed)
            if label.right is not None:
                asked[label.label, "right", "p"].append(label.right.p)
    answers = {question: iter(holm(ps)) for question, ps in asked.items()}
    return [
        replace(pair, labels=tuple(_with_holm(one, answers) for one in pair.labels))
        for pair in pairs
    ]


def _with_holm(label: OfLabel, answers: dict[_Question, Iterator[float | None]]) -> OfLabel:
    """Return a label with the next corrected p of each of its questions."""
    scores = tuple(
        replace(
            score,
            p_holm=next(answers[label.label, score.score, "p"]),
            p_crossed_holm=next(answers[label.label, score.score, "p_crossed"]),
        )
        for score in label.scores
    )
    right = label.right
    if right is not None:
        mended = next(answers[label.label, "right", "p"])
        right = replace(right, p_holm=right.p if mended is None else mended)
    return replace(label, scores=scores, right=right)
