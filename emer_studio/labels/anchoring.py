"""Whether a suggestion draws people towards it: the assisted review against itself.

A part of the review hides the suggestion at random. Where it was shown, people agree with
the model as often as where it was hidden, plus what the suggestion did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.core.resampling import (
    DRAWS,
    Interval,
    drawn_weights,
    interval,
    share_interval,
)
from emer_studio.labels.ratings import BLIND, Rating

__all__ = ["Anchoring", "Reviewed", "anchoring_of", "reviewed_of"]

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One decision of the assisted review.

    Attributes
    ----------
    annotator, participant, stimulus : str
    shown : bool
        Whether the suggestion was in view.
    suggested, before, after : str or None
        What was suggested or would have been, and what the annotator said blind and in the
        review.
    """

    annotator: str
    participant: str
    stimulus: str
    shown: bool
    suggested: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How much one annotator, or all, went with the model.

    Attributes
    ----------
    annotator : str
        Empty for all of them.
    shown, hidden : int
        Decisions with the suggestion in view and without.
    agree_shown, agree_hidden : Interval
        Share that agrees with the model.
    difference : Interval
        The first less the second: what the suggestion did.
    toward : Interval
        Of what was said otherwise than the model when blind and shown then, the share that
        changed to the model's word.
    changed : Interval
        Share of the reviewed labels that are not those of the blind pass.
    """

    annotator: str
    shown: int
    hidden: int
    agree_shown: Interval
    agree_hidden: Interval
    difference: Interval
    toward: Interval
    changed: Interval


def reviewed_of(
    ratings: Sequence[Rating],
    suggested: Mapping[str, str],
    about: Mapping[str, tuple[str, str]],
) -> list[Reviewed]:
    """Return the decisions of the review on items that have a suggestion.

    Parameters
    ----------
    ratings : sequence of Rating
        Of all stages.
    suggested : mapping of str to str
        What the model says of an item. What a rating says was suggested goes before it:
        the model may be another one by now, and a suggestion may be wrong on purpose.
    about : mapping of str to (str, str)
        Participant and stimulus of an item.
    """
    blind = {(r.annotator, r.item): r.category for r in ratings if r.stage == BLIND}
    found = []
    for r in ratings:
        word = r.visible.get("suggested") or suggested.get(r.item)
        if r.stage == "B" and r.category and word:
            person, clip = about.get(r.item, (r.item.split("/")[0], r.item))
            shown = "model" in r.visible or any("model" in seen for seen in r.shown)
            before = blind.get((r.annotator, r.item))
            found.append(
                Reviewed(r.annotator, person, clip, shown, word, before, r.category)
            )
    return found


def anchoring_of(
    reviewed: Sequence[Reviewed], *, draws: int = DRAWS, seed: int = 0
) -> list[Anchoring]:
    """Return the anchoring of all annotators together, then of each.

    Parameters
    ----------
    reviewed : sequence of Reviewed
    draws, seed : int
        Of the bootstrap over participants and stimuli.
    """
    found = []
    names = sorted({one.annotator for one in reviewed})
    for name in ["", *names] if len(names) > 1 else names:
        mine = [one for one in reviewed if name in ("", one.annotator)]
        found.append(_anchoring(name, mine, draws, seed))
    return found


def _anchoring(name: str, mine: Sequence[Reviewed], draws: int, seed: int) -> Anchoring:
    people, clips = [r.participant for r in mine], [r.stimulus for r in mine]
    weights = drawn_weights(people, clips, draws=draws, seed=seed)
    shown = _where(r.shown for r in mine)
    agrees = _where(r.after == r.suggested for r in mine)
    before = _where(r.before is not None for r in mine)
    otherwise = _where(r.before not in (None, r.suggested) for r in mine)
    changed = _where(r.before != r.after for r in mine)
    sides = []
    for among in (shown, ~shown):
        total = weights @ among
        share = (weights @ (agrees & among)) / np.where(total > 0, total, 1.0)
        sides.append(np.where(total > 0, share, np.nan))
    return Anchoring(
        annotator=name,
        shown=int(shown.sum()),
        hidden=int((~shown).sum()),
        agree_shown=interval(sides[0]),
        agree_hidden=interval(sides[1]),
        difference=interval(sides[0] - sides[1]),
        toward=share_interval(weights, agrees, otherwise & shown),
        changed=share_interval(weights, changed, before),
    )


def _where(facts: Iterable[bool]) -> Bools:
    return np.array(list(facts), bool)
