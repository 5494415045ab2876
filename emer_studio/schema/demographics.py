"""What a protocol asks of each participant once: age, sex, vision … and never a name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from emer_studio.core.errors import BadInputError
from emer_studio.schema.base import LocalText, Model, localised

__all__ = ["Checklist", "DemographicItem", "DemographicItems", "check_answers"]

_PERSONAL = (
    "name",
    "surname",
    "firstname",
    "lastname",
    "initials",
    "email",
    "mail",
    "phone",
    "telephone",
    "address",
    "street",
    "contact",
    "birthday",
    "birthdate",
    "dateofbirth",
)
_OWN = ("participant", "utc", "protocol")  # columns of the table that holds the answers
_LONGEST = 500  # characters of a text; chosen by us: a remark, not a history


class DemographicItem(Model):
    """One item.

    Attributes
    ----------
    id : str
        Column of the table that holds the answers. Names and contacts are refused: they
        belong in the vault.
    kind : {"choice", "number", "text"}
        One of `labels`, a number, or a few words.
    question : dict of str to str
        What is asked, by language.
    labels : tuple of str
        What can be chosen; choice only.
    low, high : float
        The smallest and the largest number; number only.
    optional : bool
        May stay empty.
    """

    id: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
    kind: Literal["choice", "number", "text"]
    question: Annotated[LocalText, Field(min_length=1)]
    labels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _fits_its_kind(self) -> DemographicItem:
        bare = self.id.lower().replace("_", "")
        if bare in _PERSONAL:
            raise ValueError(f"{self.id!r} is personal: names and contacts go to the vault")
        if self.id in _OWN:
            raise ValueError(f"the id {self.id!r} is taken by the table itself")
        if (self.kind == "choice") != bool(self.labels):
            raise ValueError("a choice names its 'labels', other items have none")
        if self.kind == "choice" and len(set(self.labels)) < max(len(self.labels), 2):
            raise ValueError("a choice names two or more different labels")
        if self.kind != "number" and (self.low is not None or self.high is not None):
            raise ValueError("only a number has 'low' and 'high'")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("'low' is below 'high'")
        return self

    def mistake(self, answer: str) -> str:
        """Return what is wrong with an answer; empty when nothing is."""
        if not answer.strip():
            return "" if self.optional else "is missing"
        if self.kind == "choice" and answer not in self.labels:
            return f"is none of {', '.join(self.labels)} (found {answer!r})"
        if self.kind == "text" and (len(answer) > _LONGEST or not answer.isprintable()):
            return f"is one line of at most {_LONGEST} characters"
        return self._number_mistake(answer) if self.kind == "number" else ""

    def _number_mistake(self, answer: str) -> str:
        try:
            value = float(answer)
        except ValueError:
            return f"is a number (found {answer!r})"
        low = self.low if self.low is not None else float("-inf")
        high = self.high if self.high is not None else float("inf")
        return "" if low <= value <= high else f"is between {low:g} and {high:g}"

    def asked(self, language: str) -> str:
        """Return the question in a language."""
        return localised(self.question, language)


def _ids_once(items: tuple[DemographicItem, ...]) -> tuple[DemographicItem, ...]:
    ids = [item.id for item in items]
    if len(set(ids)) < len(ids):
        raise ValueError("two items have the same id")
    return items


def _lines_once(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(lines)) < len(lines) or not all(line.strip() for line in lines):
        raise ValueError("its lines are not empty, and stand there once")
    return lines


DemographicItems = Annotated[tuple[DemographicItem, ...], AfterValidator(_ids_once)]
"""What is asked, each item under an id of its own."""
Checklist = Annotated[tuple[str, ...], AfterValidator(_lines_once)]
"""What is to be ticked, each line once."""


def check_answers(
    items: tuple[DemographicItem, ...], answers: dict[str, str]
) -> dict[str, str]:
    """Return the answers as they are kept, one for each item.

    Raises
    ------
    BadInputError
        Naming everything that is missing, unknown or out of range.
    """
    wrong = [
        f"{name!r} is not asked" for name in answers if name not in {i.id for i in items}
    ]
    kept = {item.id: answers.get(item.id, "").strip() for item in items}
    wrong += [
        f"{item.id!r} {why}" for item in items if (why := item.mistake(kept[item.id]))
    ]
    if wrong:
        raise BadInputError(f"Not as the protocol asks: {'; '.join(wrong)}.")
    return kept
