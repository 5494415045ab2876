"""Simulated experts who look at a drawn face: they err, and how often is known.

So the noise floor of a gap report (how often one rater disagrees with the others) has a
true value to be compared with. Every number is invented.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import factorial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.labels.votes import against_the_others, majority

__all__ = ["Raters"]

Floats = NDArray[np.float64]
_N = len(EMOTIONS)
_FEWEST, _MOST = 3, 9  # raters for a floor, and at all: it counts all their possible votes
_ALIKE: Mapping[str, str] = MappingProxyType(
    {
        "happiness": "neutral",
        "sadness": "neutral",
        "fear": "surprise",
        "surprise": "fear",
        "disgust": "anger",
        "anger": "disgust",
        "neutral": "sadness",
    }
)
_TO_THE_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Raters:
    """Raters who err independently of each other.

    Attributes
    ----------
    number : int
        Of each face. Four by default, the number an early description of EMER gives.
    accuracy : float
        How often one names what the face shows. 0.9 by default, chosen by us for trained
        raters of plain, drawn faces; 0.77 gives the 61 % of agreement of two raters that
        AffectNet reports (Mollahosseini et al. 2017). Half of the errors fall on the
        emotion that looks most alike, the others on all of the rest.
    """

    number: int = 4
    accuracy: float = 0.9

    def check(self) -> None:
        """Refuse what no rater can be.

        Raises
        ------
        BadInputError
            Saying what was expected.
        """
        if not 1 <= self.number <= _MOST:
            raise BadInputError(f"Expected 1 to {_MOST} raters, found {self.number}.")
        if not 0 <= self.accuracy <= 1:
            raise BadInputError(
                f"Expected a rater accuracy from 0 to 1, found {self.accuracy}."
            )

    def named_given_shown(self) -> Floats:
        """Return P(named | shown), shape (7 shown, 7 named)."""
        wrong = 1.0 - self.accuracy
        table = np.full((_N, _N), wrong * (1 - _TO_THE_ALIKE) / (_N - 2))
        for i, (shown, alike) in enumerate((e, _ALIKE[e]) for e in EMOTIONS):
            table[i, EMOTIONS.index(alike)] = wrong * _TO_THE_ALIKE
            table[i, EMOTIONS.index(shown)] = self.accuracy
        return table

    def votes(self, shown: int, rng: np.random.Generator) -> dict[str, int]:
        """Draw the votes for one face; emotions without one are left out."""
        counts = rng.multinomial(self.number, self.named_given_shown()[shown])
        return {e: int(n) for e, n in zip(EMOTIONS, counts, strict=True) if n}

    def noise_floor(self, shown: Floats) -> float | None:
        """Return how often one rater disagrees with the majority of the others, exactly.

        Over the faces that get a label, as in a gap report: ties wait for adjudication.

        Parameters
        ----------
        shown : (7,) float64
            How often each expression is shown; sums to 1.

        Returns
        -------
        float or None
            None for fewer than three raters, of whom none has others with a majority.
        """
        if self.number < _FEWEST:
            return None
        named = self.named_given_shown()
        apart = labelled = 0.0
        for drawn in combinations_with_replacement(range(_N), self.number):
            votes = Counter(EMOTIONS[k] for k in drawn)
            if majority(votes) is None:
                continue
            counts = np.bincount(drawn, minlength=_N)
            ways = factorial(self.number) / math.prod(map(factorial, votes.values()))
            chance = ways * float(shown @ np.prod(named**counts, axis=1))
            apart += chance * against_the_others(votes)[0] / self.number
            labelled += chance
        return apart / labelled

    def described(self, shown: Floats) -> dict[str, Any]:
        """Return all numbers for the manifest, the known floor with them."""
        floor = self.noise_floor(shown)
        return {
            "number": self.number,
            "accuracy": self.accuracy,
            "named_given_shown": self.named_given_shown().round(6).tolist(),
            "noise_floor": None if floor is None else round(floor, 4),
        }
