"""The consensus as a table in EMER's schema: three classes, seven, intensity, V, A."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.agreement.rows import THREE
from emer_studio.labels.consensus import Consensus
from emer_studio.labels.places import Place
from emer_studio.schema.dataset import polarity

__all__ = ["consensus_rows"]


def consensus_rows(
    agreed: Mapping[str, Consensus], places: Mapping[str, Place]
) -> list[dict[str, Any]]:
    """Return a row for each labelled item; an empty cell is what is not known.

    ``fer3`` comes from the valence, and from the category where no valence was given
    (surprise has none then). ``intensity_…`` is the median over the raters that chose the
    category, ``votes_…`` how many they are, ``soft_…`` the soft label.
    """
    return [_row(one, places.get(item)) for item, one in agreed.items()]


def _row(one: Consensus, place: Place | None) -> dict[str, Any]:
    three = polarity(one.valence) if one.valence is not None else None
    levels, soft = one.intensities or {}, one.soft or {}
    return {
        "item": one.item,
        "participant": place.participant if place else None,
        "stimulus": place.stimulus if place else None,
        "fer3": three or THREE.get(one.category or ""),
        "fer7": one.category,
        "second": one.second,
        "intensity": one.intensity,
        **{f"intensity_{name}": levels.get(name) for name in EMOTIONS},
        "valence": _rounded(one.valence),
        "arousal": _rounded(one.arousal),
        "n_raters": one.raters,
        "agreement": _rounded(one.agreement),
        "state": one.state,
        "reason": one.reason or None,
        **{f"votes_{name}": one.votes.get(name, 0) for name in EMOTIONS},
        **{f"soft_{name}": _rounded(soft.get(name, 0.0)) for name in EMOTIONS},
        "events": " ".join(one.events),
        "code_version": one.code,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
