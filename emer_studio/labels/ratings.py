"""From label events to ratings: what each annotator says of each item in each stage.

The one place where statistics and exports touch events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.labels.events import LabelEvent
from emer_studio.labels.fold import standing
from emer_studio.labels.store import find_store
from emer_studio.study.folder import Study

__all__ = [
    "BLIND",
    "CLAIMED",
    "IMPORTED",
    "Rating",
    "codes_of",
    "events_of",
    "fingerprint",
    "numbers_of",
    "ratings_of",
]

Floats = npt.NDArray[np.float64]
BLIND = "A"
"""The stage of first, blind ratings; events from before there were stages count as it."""
IMPORTED = "imported"
"""The input of labels that came from elsewhere."""
CLAIMED = "claimed"
"""In what was visible: the mode that an imported file tells, and that nobody can check."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What one annotator says of one item in one stage.

    Attributes
    ----------
    annotator, item, stage : str
    fields : dict
        What stands: ``category``, ``intensity``, ``valence`` …
    visible : dict
        What the annotator could see with the last of it.
    shown : tuple of dict
        Predictions that the annotator was shown of this item in this stage.
    position : int or None
        Place of the item in the annotator's own order.
    elapsed_ms : int or None
        From when the item was shown to the last label.
    utc : str
        Of the last label.
    input : str
        ``key``, ``mouse`` …; ``imported`` where any of it came from elsewhere.
    said_blind : bool
        Whether all of it says that nothing was in view, be it that we saw to it or that
        the file says so which it was imported from.
    event_ids : tuple of str
        The events that it stands on.
    """

    annotator: str
    item: str
    stage: str
    fields: dict[str, Any] = field(default_factory=dict)
    visible: dict[str, Any] = field(default_factory=dict)
    shown: tuple[dict[str, Any], ...] = ()
    position: int | None = None
    elapsed_ms: int | None = None
    utc: str = ""
    input: str = ""
    said_blind: bool = False
    event_ids: tuple[str, ...] = ()

    @property
    def category(self) -> str | None:
        """The category, None where none was given or the face could not be judged."""
        if self.fields.get("quality") in ("unclear", "no_face"):
            return None
        return self.fields.get("category")

    @property
    def blind(self) -> bool:
        """Whether it is of the blind stage, and no prediction was in view.

        Labels from before there were stages may have been made with one.
        """
        return self.stage == BLIND and "model" not in self.visible

    @property
    def imported(self) -> bool:
        """Whether we did not see ourselves what this annotator could see."""
        return self.input == IMPORTED


def events_of(study: Study) -> list[LabelEvent]:
    """Return a study's label events in order; none where nobody labelled.

    Raises
    ------
    BadInputError
        When this login reads its own labels only, as a rater's on a server does.
    """
    store = find_store(study)
    if store is None:
        return []
    try:
        if not store.sees_everything():
            raise BadInputError(
                "This login sees its own labels only, which keeps raters blind.",
                fix="Ask whoever leads the study: their login sees all labels.",
            )
        return store.events()
    finally:
        store.close()


def fingerprint(study: Study, events: Iterable[LabelEvent]) -> str:
    """Return a hash of a study's file and of its label events, in whatever order."""
    text = (study.folder / "study.yaml").read_bytes()
    parts = [hashlib.sha256(text).hexdigest(), *sorted(event.hash for event in events)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def ratings_of(events: Iterable[LabelEvent]) -> list[Rating]:
    """Return the ratings that stand, in the order in which they were begun."""
    listed = list(events)
    labels: dict[tuple[str, str, str], list[LabelEvent]] = {}
    for event in standing(listed):
        labels.setdefault(_key(event), []).append(event)
    shown: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for event in listed:
        if event.op == "seen":
            shown.setdefault(_key(event), []).append(event.visible)
    found = (_rating(key, mine, tuple(shown.get(key, ()))) for key, mine in labels.items())
    return [rating for rating in found if rating.fields]


def _key(event: LabelEvent) -> tuple[str, str, str]:
    return event.annotator, event.item, event.stage or BLIND


def _rating(
    key: tuple[str, str, str], mine: Sequence[LabelEvent], shown: tuple[dict[str, Any], ...]
) -> Rating:
    last = {event.field: event for event in mine}
    left = {name: event for name, event in last.items() if event.value is not None}
    positions = [e.position for e in mine if e.position is not None]
    elapsed = [e.elapsed_ms for e in mine if e.elapsed_ms is not None]
    return Rating(
        *key,
        fields={name: event.value for name, event in left.items()},
        visible=mine[-1].visible,
        shown=shown,
        position=positions[0] if positions else None,
        elapsed_ms=max(elapsed) if elapsed else None,
        utc=mine[-1].utc,
        input=IMPORTED if _imported(left.values()) else mine[-1].input,
        said_blind=all(_says_blind(event.visible) for event in left.values()),
        event_ids=tuple(event.event_id for event in left.values()),
    )


def _imported(events: Iterable[LabelEvent]) -> bool:
    return any(event.input == IMPORTED for event in events)


def _says_blind(visible: Mapping[str, Any]) -> bool:
    return "blind" in (visible.get("mode"), visible.get(CLAIMED))


def codes_of(
    ratings: Iterable[Rating], items: Sequence[str], raters: Sequence[str]
) -> Floats:
    """Return the categories as numbers of `EMOTIONS`, shape (items, raters).

    NaN is missing; so is a category that is not one of the seven.
    """
    numbers = {name: float(k) for k, name in enumerate(EMOTIONS)}
    pairs = ((r, numbers.get(r.category or "")) for r in ratings)
    return _table(pairs, items, raters)


def numbers_of(
    ratings: Iterable[Rating], name: str, items: Sequence[str], raters: Sequence[str]
) -> Floats:
    """Return a field that is a number, such as valence, shape (items, raters)."""
    pairs = ((r, r.fields.get(name)) for r in ratings)
    return _table(pairs, items, raters)


def _table(
    pairs: Iterable[tuple[Rating, Any]], items: Sequence[str], raters: Sequence[str]
) -> Floats:
    rows = {item: i for i, item in enumerate(items)}
    columns = {rater: j for j, rater in enumerate(raters)}
    table = np.full((len(items), len(raters)), np.nan)
    for rating, value in pairs:
        if isinstance(value, int | float) and rating.item in rows:
            table[rows[rating.item], columns[rating.annotator]] = value
    return table
