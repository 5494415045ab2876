"""Rating pages: what a participant is asked after a clip, and how answers are mapped.

Polarity differs between published forms of SAM, so it is fixed here and stored with each
answer: valence 1 = unpleasant … n = pleasant, arousal 1 = calm … n = excited,
dominance 1 = controlled … n = in control.
"""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emer_studio.core.errors import BadInputError

__all__ = [
    "Dimension",
    "LocalText",
    "RatingPage",
    "keys_of",
    "local_text",
    "mapped",
    "mapped_share",
    "parse_page",
    "scored",
    "without_back",
]

LocalText = dict[str, str]
"""A text in several languages: language code (``en``, ``zh``) to text."""

Dimension = Literal["valence", "arousal", "dominance"]
_SAM_POINTS = (5, 7, 9)


class Figures(BaseModel):
    """A lab's own figures for a SAM page, e.g. the published manikin it is licensed for.

    Attributes
    ----------
    folder : str
        Beside the protocol; holds ``valence_1.svg`` (or ``.png``) and so on, one picture
        for each point of each dimension of the page.
    sha256 : str
        Of the whole set, see `stimulus.figures.hash_of`: the pictures of a study cannot
        change unnoticed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class RatingPage(BaseModel):
    """One page of questions, as it stands in a protocol file.

    Parameters
    ----------
    id : str
        Name of the page, unique within the protocol; stored with every answer.
    kind : {"sam", "choice", "scale", "slider", "items", "text"}
        SAM-style figures, one label out of several, one numeric scale, the Affective
        Slider (Betella & Verschure 2016), several items on one scale, or free text.
    question : dict of str to str
        Question by language; a SAM page without one asks how the person felt.
    dimensions : tuple of str
        Rows of a SAM page, top to bottom.
    points : int
        Points of each SAM row (5, 7 or 9), of the scale or of each item (2 to 11). Nine is
        the common computer form of SAM (Bradley & Lang 1994).
    labels : tuple of str
        Labels of a choice page, in the order shown.
    low, high : dict of str to str
        Texts at the ends of a scale, or of every item's.
    items : dict of str to dict of str to str
        What an items page asks: id to text by language.
    shuffle_items : bool
        Items come in an order of their own for each participant and trial.
    scores : dict of str to tuple of str
        Names of sums over items, as of a questionnaire's subscales.
    optional : bool
        A free text may stay empty.
    back : bool
        The participant may return to the page before this one.
    figures : Figures, optional
        A SAM page shows these instead of the program's own SAM-style figures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$")
    kind: Literal["sam", "choice", "scale", "slider", "items", "text"]
    question: LocalText = Field(default_factory=dict)
    dimensions: tuple[Dimension, ...] = ()
    points: int = Field(default=9, ge=2, le=11)
    labels: tuple[str, ...] = ()
    low: LocalText = Field(default_factory=dict)
    high: LocalText = Field(default_factory=dict)
    items: dict[str, LocalText] = Field(default_factory=dict)
    shuffle_items: bool = False
    scores: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    optional: bool = False
    back: bool = False
    figures: Figures | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        problem = _misfit(self)
        if problem:
            raise ValueError(problem)
        return self


_ID = re.compile(r"[A-Za-z0-9_.-]+")
_ITEM_KEYS = {"items", "shuffle_items", "scores"}
_OWN_KEYS = {
    "sam": {"dimensions", "points", "figures"},
    "choice": {"labels"},
    "scale": {"points", "low", "high"},
    "slider": {"dimensions"},
    "items": {"points", "low", "high", *_ITEM_KEYS},
    "text": {"optional"},
}
_COMMON_KEYS = {"id", "kind", "question", "back"}


def keys_of(kind: str) -> set[str]:
    """Return the keys that a page of this kind may have; all for a kind unknown."""
    own = _OWN_KEYS.get(kind)
    return _COMMON_KEYS | (own if own is not None else set().union(*_OWN_KEYS.values()))


def _misfit(page: RatingPage) -> str:
    foreign = page.model_fields_set - keys_of(page.kind)
    if foreign:
        return f"a {page.kind} page has no {', '.join(sorted(foreign))}"
    if page.kind in ("sam", "slider"):
        if not page.dimensions or len(set(page.dimensions)) != len(page.dimensions):
            return f"a {page.kind} page names one or more different dimensions"
        if page.kind == "sam" and page.points not in _SAM_POINTS:
            return f"a sam page has 5, 7 or 9 points, not {page.points}"
    elif page.kind == "choice":
        if len(page.labels) < 2 or len(set(page.labels)) != len(page.labels):
            return "a choice page names two or more different labels"
        if not all(label.strip() for label in page.labels):
            return "a label of a choice page is empty"
    elif page.kind == "items":
        return _items_misfit(page)
    if page.kind not in ("sam", "slider") and not any(page.question.values()):
        return f"a {page.kind} page needs a question"
    return ""


def _items_misfit(page: RatingPage) -> str:
    if not any(page.question.values()):
        return "an items page needs a question"
    if not page.items:
        return "an items page names one or more items"
    for name, texts in page.items.items():
        if not _ID.fullmatch(name):
            return f"the item id {name!r} is not made of letters, digits, '_', '.' and '-'"
        if not any(text.strip() for text in texts.values()):
            return f"the item {name!r} has no text"
    for name, parts in page.scores.items():
        unknown = [part for part in parts if part not in page.items]
        if unknown or not parts or not name:
            return f"the score {name!r} sums {unknown[0] if unknown else 'nothing'!r}"
        if len(set(parts)) != len(parts):
            return f"the score {name!r} sums an item twice"
    return ""


def scored(page: RatingPage, value: dict[str, int]) -> dict[str, int]:
    """Return the sums of a questionnaire's items that its page names."""
    return {name: sum(value[item] for item in parts) for name, parts in page.scores.items()}


def without_back(page: RatingPage) -> RatingPage:
    """Return the page as it is asked where no page comes before it."""
    return page.model_copy(update={"back": False}) if page.back else page


def parse_page(raw: dict[str, Any]) -> RatingPage:
    """Read a rating page from its JSON form.

    Raises
    ------
    BadInputError
        When a field is missing, unknown or does not fit the kind of page.
    """
    try:
        return RatingPage.model_validate(raw)
    except ValidationError as problem:
        places = (
            f"{'.'.join(map(str, error['loc'])) or 'page'}: {error['msg']}"
            for error in problem.errors()
        )
        raise BadInputError(f"Not a rating page: {'; '.join(places)}.") from None


def mapped(rating: int, points: int) -> float:
    """Return a rating on the range -1 … 1, the middle of the scale at 0.

    Parameters
    ----------
    rating : int
        The point chosen, 1 to `points`.
    points : int
        Points of the scale; with nine this is (r - 5) / 4.

    Raises
    ------
    BadInputError
        When `rating` is not on the scale.
    """
    if points < 2 or not 1 <= rating <= points:
        raise BadInputError(f"A rating of {rating} is not on a scale from 1 to {points}.")
    return (rating - (points + 1) / 2) / ((points - 1) / 2)


def mapped_share(share: float) -> float:
    """Return a place on a slider, 0 … 1, on the range -1 … 1.

    Raises
    ------
    BadInputError
        When `share` is not on the slider.
    """
    if not 0.0 <= share <= 1.0:
        raise BadInputError(f"A place of {share} is not on a slider from 0 to 1.")
    return round(2 * share - 1, 3)


def local_text(texts: LocalText, language: str, default: str = "") -> str:
    """Return the text in `language`, else in its base language, English, or any.

    ``zh-CN`` falls back to ``zh``; an empty dictionary gives `default`.
    """
    for key in (language, language.split("-")[0].split("_")[0], "en"):
        if texts.get(key):
            return texts[key]
    return next((text for text in texts.values() if text), default)
