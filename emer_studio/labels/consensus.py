"""From several experts' labels to one: a quorum, a majority, or an adjudicator's word.

Nothing here is kept: it is made anew from the events whenever it is asked for. Training
and silent repeats never count, and a model's prediction never is a vote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median
from typing import Any, Literal

from emer_studio import __version__
from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.dawid_skene import dawid_skene
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.ratings import BLIND, Rating, ratings_of
from emer_studio.labels.votes import against_the_others, majority
from emer_studio.schema.consensus import ConsensusRules

__all__ = [
    "Consensus",
    "State",
    "against_the_others",
    "consensus",
    "consensus_of_ratings",
    "majority",
]

State = Literal[
    "agreed",
    "adjudicated",
    "model",
    "disagreed",
    "too few",
    "flagged",
    "unclear",
    "no_face",
]
_ADJUDICATION, _REVIEW = "adjudication", "B"
_JUDGED = frozenset(("category", "quality"))
_MEASURED = frozenset(("intensity", "valence", "arousal"))
_OWN_WORD = ("category", "second", "quality")  # a review replaces these together


@dataclass(frozen=True, slots=True)
class Consensus:
    """What the experts agree on for one item.

    Attributes
    ----------
    item : str
    category : str or None
        More than half of the votes, or the adjudicator's; None where it waits.
    intensity : float or None
        Median over the raters, 0 to 3.
    votes : dict of str to int
        How many raters chose each category: the soft label.
    raters : int
        Who labelled it, also those that could not judge the face.
    valence, arousal : float or None
        Mean over the raters, -1 to 1.
    second : str or None
        The second category that more than half of the raters named.
    intensities : dict of str to float
        Median intensity over the raters that chose the category.
    state : str
        ``agreed``, ``adjudicated``, ``model`` (Dawid and Skene), or why it has no
        category: ``disagreed`` (waits for adjudication), ``too few`` raters, ``flagged``
        (a rater asks for adjudication), ``unclear``, ``no_face``.
    agreement : float or None
        Share of the votes that chose the winning category.
    soft : dict of str to float
        Probability of each category where the method is a model; else the share of votes.
    reason : str
        Of the adjudicator.
    events : tuple of str
        The events that it stands on.
    code : str
        Version of the program that made it.
    """

    item: str
    category: str | None
    intensity: float | None
    votes: dict[str, int]
    raters: int
    valence: float | None = None
    arousal: float | None = None
    second: str | None = None
    intensities: dict[str, float] | None = None
    state: State = "agreed"
    agreement: float | None = None
    soft: dict[str, float] | None = None
    reason: str = ""
    events: tuple[str, ...] = ()
    code: str = __version__

    @property
    def waits(self) -> bool:
        """Whether an adjudicator has to decide."""
        return self.state in ("disagreed", "flagged")


def consensus(
    events: Iterable[LabelEvent], rules: ConsensusRules | None = None
) -> dict[str, Consensus]:
    """Return the consensus of every labelled item. Only human labels count.

    Parameters
    ----------
    events : iterable of LabelEvent
    rules : ConsensusRules, optional
        Of the study; three raters and more than half of them unless given.
    """
    return consensus_of_ratings(ratings_of(events), rules)


def consensus_of_ratings(
    ratings: Iterable[Rating], rules: ConsensusRules | None = None
) -> dict[str, Consensus]:
    """Return the same from ratings of all stages."""
    rules = rules or ConsensusRules()
    by_item: dict[str, dict[str, dict[str, Rating]]] = {}
    for rating in ratings:
        if rating.stage in (BLIND, _REVIEW, _ADJUDICATION):
            stages = by_item.setdefault(rating.item, {}).setdefault(rating.annotator, {})
            stages[rating.stage] = rating
    final = {item: _final_words(people) for item, people in by_item.items()}
    found = {item: _of_item(item, said, rules) for item, said in final.items()}
    if rules.method == "dawid-skene":
        _by_model(found, final, rules)
    for item, people in by_item.items():
        last = [r for own in people.values() if (r := own.get(_ADJUDICATION))]
        if last:
            found[item] = _adjudicated(found[item], max(last, key=lambda r: r.utc))
    return found


def _final_words(people: Mapping[str, Mapping[str, Rating]]) -> list[Rating]:
    """Return each rater's label: that of the review in place of the blind one."""
    found = []
    for stages in people.values():
        blind, review = stages.get(BLIND), stages.get(_REVIEW)
        if blind is not None and review is not None:
            kept = blind.fields
            if any(name in review.fields for name in _OWN_WORD):
                kept = {k: v for k, v in kept.items() if k not in _OWN_WORD}
            found.append(
                replace(
                    review,
                    fields={**kept, **review.fields},
                    event_ids=blind.event_ids + review.event_ids,
                )
            )
        elif (only := review or blind) is not None:
            found.append(only)
    return [r for r in found if (_JUDGED | _MEASURED) & r.fields.keys()]


def _of_item(item: str, said: Sequence[Rating], rules: ConsensusRules) -> Consensus:
    votes = Counter(r.category for r in said if r.category)
    qualities = Counter(r.fields.get("quality") for r in said)
    seconds = Counter(r.fields["second"] for r in said if r.fields.get("second"))
    judges = sum(bool(_JUDGED & r.fields.keys()) for r in said)
    state, best = _verdict(votes, qualities, judges, enough=judges >= rules.quorum)
    enough = len(said) >= rules.quorum
    return Consensus(
        item=item,
        category=best,
        intensity=_middle(said, "intensity") if enough else None,
        votes=dict(votes),
        raters=len(said),
        valence=_mean(said, "valence") if enough else None,
        arousal=_mean(said, "arousal") if enough else None,
        second=next((s for s, n in seconds.items() if 2 * n > len(said)), None),
        intensities={
            name: level
            for name in votes
            if (level := _middle([r for r in said if r.category == name], "intensity"))
            is not None
        },
        state=state,
        agreement=max(votes.values()) / votes.total() if votes else None,
        soft={name: n / votes.total() for name, n in votes.items()},
        events=tuple(event for r in said for event in r.event_ids),
    )


def _verdict(
    votes: Mapping[str, int], qualities: Mapping[Any, int], raters: int, *, enough: bool
) -> tuple[State, str | None]:
    if not enough:
        return "too few", None
    quality: State
    for quality in ("no_face", "unclear"):
        if 2 * qualities.get(quality, 0) > raters:
            return quality, None
    if qualities.get("flag"):
        return "flagged", None
    best = majority(votes)
    return ("agreed", best) if best else ("disagreed", None)


def _adjudicated(found: Consensus, by: Rating) -> Consensus:
    """Return what the adjudicator says, with the raters' numbers where nothing is said."""
    said = by.fields
    quality = said.get("quality")
    state: State = quality if quality in ("unclear", "no_face") else "adjudicated"
    kept = {
        name: float(said[name])
        for name in ("intensity", "valence", "arousal")
        if isinstance(said.get(name), int | float)
    }
    return replace(
        found,
        category=by.category,
        second=said.get("second", found.second),
        state=state,
        reason=str(said.get("reason", "")),
        events=found.events + by.event_ids,
        **kept,  # type: ignore[arg-type]
    )


def _by_model(
    found: dict[str, Consensus],
    final: Mapping[str, Sequence[Rating]],
    rules: ConsensusRules,
) -> None:
    """Let Dawid and Skene's model decide where enough raters could judge the face."""
    open_items = {
        item: said
        for item, said in final.items()
        if len(said) >= rules.quorum and found[item].state in ("agreed", "disagreed")
    }
    for item, probabilities in dawid_skene(open_items).items():
        soft = dict(zip(EMOTIONS, probabilities.tolist(), strict=True))
        best = max(soft, key=lambda name: soft[name])
        sure = soft[best] > 0.5
        found[item] = replace(
            found[item],
            category=best if sure else None,
            state="model" if sure else "disagreed",
            soft={name: round(p, 6) for name, p in soft.items()},
        )


def _numbers(said: Sequence[Rating], name: str) -> list[float]:
    return [float(v) for r in said if isinstance(v := r.fields.get(name), int | float)]


def _mean(said: Sequence[Rating], name: str) -> float | None:
    values = _numbers(said, name)
    return fmean(values) if values else None


def _middle(said: Sequence[Rating], name: str) -> float | None:
    values = _numbers(said, name)
    return median(values) if values else None
