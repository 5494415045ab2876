"""What experts agree on who saw nothing but the face: the only judge of a pre-labeller.

A label that was given beside a model's suggestion flatters that model, and whoever learns
from it. Of an imported one nobody knows what could be seen, unless its file tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emer_studio.labels.consensus import Consensus, consensus_of_ratings
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.ratings import Rating, ratings_of
from emer_studio.schema.consensus import ConsensusRules

__all__ = [
    "LEAST_CLIPS",
    "LEAST_PARTICIPANTS",
    "BlindLabels",
    "blind_labels",
    "unled",
    "unproven",
]

LEAST_CLIPS = 100
"""Clips with a blind consensus below which no pre-labeller is trained. Chosen by us: some
14 of each category if they were equal, of which a fifth judges. On drawn faces, which are
plainer than people's, 133 clips gave an accuracy of 0.89 where the commonest is 0.27."""
LEAST_PARTICIPANTS = 5
"""People in them. Chosen by us: with fewer, a fold hangs on one person."""


@dataclass(frozen=True)
class BlindLabels:
    """The blind consensus of a study.

    Attributes
    ----------
    agreed : dict of str to Consensus
        By item, only those that have a category.
    elsewhere : int
        Items that have a category, but not a blind one: they were settled in the review,
        by an adjudicator, or with imported labels that do not say they were made blind.
    """

    agreed: dict[str, Consensus]
    elsewhere: int


def blind_labels(
    events: Iterable[LabelEvent], rules: ConsensusRules | None = None
) -> BlindLabels:
    """Return what the blind pass alone agrees on, by the study's rules."""
    ratings = ratings_of(events)
    blind = [rating for rating in ratings if unled(rating)]
    agreed = _decided(consensus_of_ratings(blind, rules))
    everything = _decided(consensus_of_ratings(ratings, rules))
    return BlindLabels(agreed, len(everything.keys() - agreed.keys()))


def unled(rating: Rating) -> bool:
    """Tell whether no suggestion can have led a rating, as far as anybody can know."""
    return rating.blind and not rating.shown and not unproven(rating)


def unproven(rating: Rating) -> bool:
    """Tell whether a rating of the blind pass was imported without a word on blindness."""
    return rating.blind and rating.imported and not rating.said_blind


def _decided(found: dict[str, Consensus]) -> dict[str, Consensus]:
    return {item: one for item, one in found.items() if one.category}
