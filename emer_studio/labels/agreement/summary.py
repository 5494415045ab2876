"""Everything about the agreement in one study, as rows of one table.

Only stage A counts (and its silent repeats, against it): what is decided with predictions
or other raters in view says nothing about how far people agree by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.resampling import DRAWS, drawn_weights
from emer_studio.labels.agreement.rows import Row, Tables, rows_of
from emer_studio.labels.places import Place
from emer_studio.labels.ratings import BLIND, Rating

__all__ = ["Agreement", "agreement_of"]


@dataclass(frozen=True)
class Agreement:
    """The agreement of a study's raters.

    Attributes
    ----------
    items, participants : int
        Rated blind, and of whom.
    raters : tuple of str
    rows : tuple of Row
        Every coefficient.
    given : dict of str to int
        How many items each rater labelled.
    together : ndarray, shape (raters, raters), int64
        How many items two raters both labelled.
    confusions : dict of str to ndarray, shape (7, 7), int64
        What each rater said (columns) where the majority of the others said the row.
    qualities : dict of str to int
        How often ``unclear``, ``no_face`` and ``flag`` were said.
    imported : int
        Ratings from elsewhere, of which nobody knows what the rater could see.
    shown : int
        Ratings of stage A that were made with a prediction in view, and are left out.
    """

    items: int
    participants: int
    raters: tuple[str, ...]
    rows: tuple[Row, ...]
    given: dict[str, int]
    together: npt.NDArray[np.int64]
    confusions: dict[str, npt.NDArray[np.int64]]
    qualities: dict[str, int] = field(default_factory=dict)
    imported: int = 0
    shown: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``; what is undefined is null, with its reason."""
        return {
            "items": self.items,
            "participants": self.participants,
            "raters": list(self.raters),
            "given": self.given,
            "together": self.together.tolist(),
            "qualities": self.qualities,
            "imported": self.imported,
            "shown": self.shown,
            "confusions": {who: table.tolist() for who, table in self.confusions.items()},
            "coefficients": [row.as_json() for row in self.rows],
        }


def agreement_of(
    ratings: Sequence[Rating],
    places: Mapping[str, Place],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Agreement:
    """Work out how far the raters of a study agree.

    Parameters
    ----------
    ratings : sequence of Rating
        Of all stages.
    places : mapping of str to Place
        Whose face and which clip each item is; an item without a place counts as a
        participant's of its session and as a clip of its own.
    draws, seed : int
        Of the bootstrap.
    """
    blind = [rating for rating in ratings if rating.blind]
    items = tuple(dict.fromkeys(rating.item for rating in blind))
    raters = tuple(sorted({rating.annotator for rating in blind}))
    who = [_participant(item, places) for item in items]
    what = [places[item].stimulus if item in places else item for item in items]
    weights = drawn_weights(who, what, draws=draws, seed=seed)
    study = Tables(items, raters, weights, tuple(blind), tuple(ratings))
    said = Counter(r.fields.get("quality") for r in blind)
    known = np.isfinite(study.codes)
    return Agreement(
        items=len(items),
        participants=len(set(who)),
        raters=raters,
        rows=tuple(rows_of(study)),
        given=dict(zip(raters, known.sum(axis=0).tolist(), strict=True)),
        together=(known.T.astype(int) @ known.astype(int)).astype(np.int64),
        confusions=study.confusions(),
        qualities={str(k): n for k, n in sorted(said.items(), key=str) if k},
        imported=sum(rating.imported for rating in blind),
        shown=sum(r.stage == BLIND and not r.blind for r in ratings),
    )


def _participant(item: str, places: Mapping[str, Place]) -> str:
    return places[item].participant if item in places else item.split("/")[0]
