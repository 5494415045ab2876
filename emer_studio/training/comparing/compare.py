"""A model beside a baseline: the same test samples, the same draws, one difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.resampling import DRAWS, Interval, drawn_weights, interval
from emer_studio.training.scores.metrics import drawn_scores

__all__ = ["Draws", "compare", "crossed_intervals", "draws_of", "paired_p", "span"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each test sample counts in each draw, (1 + draws, n); the first is of ones.

    Attributes
    ----------
    people : ndarray
        Participants are drawn anew.
    crossed : ndarray or None
        Participants and stimuli are, independently; None with a single stimulus.
    """

    people: Floats
    crossed: Floats | None


def draws_of(
    participants: Sequence[str], stimuli: Sequence[str], seed: int, draws: int = DRAWS
) -> Draws:
    """Draw once for everything that is compared on the same test samples."""
    alike = [""] * len(participants)
    people = drawn_weights(participants, alike, draws=draws, seed=seed)
    if len(set(stimuli)) < 2:
        return Draws(people, None)
    return Draws(people, drawn_weights(participants, stimuli, draws=draws, seed=seed))


def crossed_intervals(
    truth: Floats, found: Floats, n_classes: int, draws: Draws
) -> dict[str, tuple[float, float]] | None:
    """Return 95 % intervals of the scores over people and stimuli at once."""
    if draws.crossed is None:
        return None
    scores = drawn_scores(truth, found, n_classes, draws.crossed)
    ends = {name: span(interval(values)) for name, values in scores.items()}
    return {name: both for name, both in ends.items() if both is not None}


def compare(
    truth: Floats, model: Floats, other: Floats, n_classes: int, draws: Draws
) -> dict[str, dict[str, object]]:
    """Return the difference of each score, model less the other, with interval and p.

    Every draw scores both on the same drawn samples, so what makes a participant easy or
    hard for both cancels.

    Parameters
    ----------
    truth, model, other : (n,) float64
        Numbers or class numbers of the same test samples.
    n_classes : int
        0 for numbers.
    draws : Draws

    Returns
    -------
    dict
        By score: ``difference``, ``ci95`` and ``p`` over participants, ``ci95_crossed`` and
        ``p_crossed`` over participants and stimuli (None with a single stimulus).
    """
    out: dict[str, dict[str, object]] = {}
    for weights, ends, p in (
        (draws.people, "ci95", "p"),
        (draws.crossed, "ci95_crossed", "p_crossed"),
    ):
        if weights is None:
            for row in out.values():
                row |= {ends: None, p: None}
            continue
        mine = drawn_scores(truth, model, n_classes, weights)
        yours = drawn_scores(truth, other, n_classes, weights)
        for name in mine:
            gap = mine[name] - yours[name]
            row = out.setdefault(name, {"difference": float(gap[0])})
            row |= {ends: span(interval(gap)), p: paired_p(gap)}
    return out


def paired_p(differences: Floats) -> float:
    """Return the two-sided p of a drawn difference, the first value being what was found.

    The smallest level whose percentile interval leaves zero out (Efron & Tibshirani 1993,
    *An Introduction to the Bootstrap*, 15.4), with one added to the counts so that it is
    never 0 (Davison & Hinkley 1997, *Bootstrap Methods and their Application*, 4.2).
    """
    drawn = differences[1:][np.isfinite(differences[1:])]
    least = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2.0 * (1 + least) / (1 + len(drawn)))


def span(found: Interval) -> tuple[float, float] | None:
    """Return the ends of an interval, None where nothing could be estimated."""
    return None if np.isnan(found.value) else (found.low, found.high)
