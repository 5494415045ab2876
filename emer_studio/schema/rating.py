"""Rating pages: what a participant is asked after a clip, and how answers are mapped.

Polarity differs between published forms of SAM, so it is fixed here and stored with each
answer: valence 1 = unpleasant … n = pleasant, arousal 1 = calm … n = excited,
dominance 1 = controlled … n = in control.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emer_studio.core.errors import BadInputError

__all__ = ["Dimension", "LocalText", "RatingPage", "local_text", "mapped", "parse_page"]

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
    kind : {"sam", "choice", "scale"}
        SAM-style figures, one label out of several, or one numeric scale.
    question : dict of str to str
        Question by language; a SAM page without one asks how the person felt.
    dimensions : tuple of str
        Rows of a SAM page, top to bottom.
    points : int
        Points of each SAM row (5, 7 or 9) or of the scale (2 to 11). Nine is the common
        computer form of SAM (Bradley & Lang 1994).
    labels : tuple of str
        Labels of a choice page, in the order shown.
    low, high : dict of str to str
        Texts at the ends of a scale.
    figures : Figures, optional
        A SAM page shows these instead of the program's own SAM-style figures.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$")
    kind: Literal["sam", "choice", "scale"]
    question: LocalText = Field(default_factory=dict)
    dimensions: tuple[Dimension, ...] = ()
    points: int = Field(default=9, ge=2, le=11)
    labels: tuple[str, ...] = ()
    low: LocalText = Field(default_factory=dict)
    high: LocalText = Field(default_factory=dict)
    figures: Figures | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        problem = _misfit(self)
        if problem:
            raise ValueError(problem)
        return self


def _misfit(page: RatingPage) -> str:
    foreign = {
        "sam": {"labels", "low", "high"},
        "choice": {"dimensions", "points", "low", "high", "figures"},
        "scale": {"dimensions", "labels", "figures"},
    }[page.kind] & page.model_fields_set
    if foreign:
        return f"a {page.kind} page has no {', '.join(sorted(foreign))}"
    if page.kind == "sam":
        if not page.dimensions or len(set(page.dimensions)) != len(page.dimensions):
            return "a sam page names one or more different dimensions"
        if page.points not in _SAM_POINTS:
            return f"a sam page has 5, 7 or 9 points, not {page.points}"
    elif page.kind == "choice":
        if len(page.labels) < 2 or len(set(page.labels)) != len(page.labels):
            return "a choice page names two or more different labels"
        if not all(label.strip() for label in page.labels):
            return "a label of a choice page is empty"
    if page.kind != "sam" and not page.question:
        return f"a {page.kind} page needs a question"
    return ""


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


def local_text(texts: LocalText, language: str, default: str = "") -> str:
    """Return the text in `language`, else in its base language, English, or any.

    ``zh-CN`` falls back to ``zh``; an empty dictionary gives `default`.
    """
    for key in (language, language.split("-")[0].split("_")[0], "en"):
        if texts.get(key):
            return texts[key]
    return next((text for text in texts.values() if text), default)
