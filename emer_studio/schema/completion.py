"""What can stand at a place of a protocol: keys with their meaning, values where known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from emer_studio.schema.cursor import Path, Place, place_at, walk
from emer_studio.schema.describe import (
    descriptions,
    element,
    kind_in_words,
    model_of,
    options,
    shape,
)
from emer_studio.schema.protocol import Protocol
from emer_studio.schema.rating import RatingPage, keys_of

__all__ = ["Known", "Suggestion", "complete", "page_ids"]


@dataclass(frozen=True, slots=True)
class Known:
    """What a protocol may refer to outside of its own text.

    Attributes
    ----------
    clips : dict of str to str
        Emotion of each clip of the manifest, by id.
    groups, categories : tuple of str
        Of the manifest's clips.
    languages : tuple of str
        In which the program has texts.
    manifests : tuple of str
        Clip manifests, as they would be named.
    """

    clips: dict[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that can be written here.

    Attributes
    ----------
    text : str
        The key or value.
    insert : str
        What to write in place of what was typed; a bar stands where the cursor goes on.
    kind : str
        What a key takes; empty for a value.
    meaning : str
        What it is for.
    """

    text: str
    insert: str
    kind: str = ""
    meaning: str = ""


def complete(
    lines: Sequence[str], row: int, column: int, known: Known | None = None
) -> tuple[Place, list[Suggestion]]:
    """Return the place of a cursor and what can be written there.

    Parameters
    ----------
    lines : sequence of str
        The protocol as it is written so far; it need not parse.
    row, column : int
        The cursor, from 0.
    known : Known, optional
        What can be referred to.
    """
    place = place_at(lines, row, column)
    found = list(_at(place, lines, known or Known())) if place.kind else []
    found = _not_there_yet(place, found)
    typed = place.typed.strip("'\"").lower()
    fitting = [one for one in found if typed in one.text.lower()]
    fitting.sort(key=lambda one: not one.text.lower().startswith(typed))
    return place, fitting


def page_ids(lines: Sequence[str]) -> list[str]:
    """Return the ids of the rating pages that a text has, whether or not it parses."""
    return [
        step.value.strip("'\"")
        for step in walk(lines)
        if step.path[:1] == ("rating_pages",) and step.path[2:] == ("id",)
    ]


def _at(place: Place, lines: Sequence[str], known: Known) -> Iterator[Suggestion]:
    annotation = _annotation(place.path)
    if annotation is None:
        return
    if place.kind == "key":
        model = model_of(annotation)
        if model is not None:
            yield from _keys(model, place)
            return
        if shape(annotation) == "mapping":
            names = [
                name for name in _names(place, lines, known) if name not in place.siblings
            ]
            yield from (Suggestion(name, f"{name}: |") for name in names)
            return
    yield from _values(annotation, place, lines, known)


def _annotation(path: Path) -> Any:
    """Return what the schema wants at a path; None where it has nothing."""
    current: Any = Protocol
    for part in path:
        model = model_of(current)
        if model is not None:
            found = model.model_fields.get(str(part))
            current = found.annotation if found else None
        else:
            current = element(current)
        if current is None:
            return None
    return current


def _keys(model: type[BaseModel], place: Place) -> Iterator[Suggestion]:
    allowed = set(model.model_fields)
    if model is RatingPage:
        allowed = keys_of(place.siblings.get("kind", ""))
    for name, about in model.model_fields.items():
        if name not in allowed or name in place.siblings:
            continue
        insert = f"{name}: {_begun(about.annotation, flow=place.flow)}"
        insert = insert.replace(": \n", ":\n")
        meaning = descriptions(model).get(name, "")
        yield Suggestion(name, insert, kind_in_words(about), meaning)


def _begun(annotation: Any, *, flow: bool) -> str:
    """Return how a value begins, a bar where the cursor goes on."""
    form = shape(annotation)
    if form == "list" and model_of(element(annotation)) is not None and not flow:
        return "\n  - id: |"
    if form == "list":
        return "[|]"
    if form == "model" or (form == "mapping" and flow):
        return "{|}"
    return "\n  |" if form == "mapping" else "|"


def _names(place: Place, lines: Sequence[str], known: Known) -> Sequence[str]:
    """Return the names that a mapping's keys can have."""
    if place.path == ("opt_out",):
        return known.categories
    if place.path[-1] in ("items", "scores"):
        return ()
    written = [step for step in walk(lines) if step.path == ("languages",)]
    codes = written[0].value.strip("[] ").split(",") if written else []
    return [code.strip(" '\"") for code in codes if code.strip()] or known.languages


def _values(
    annotation: Any, place: Place, lines: Sequence[str], known: Known
) -> Iterator[Suggestion]:
    inner = element(annotation)
    for text in options(annotation) or (options(inner) if inner is not None else ()):
        yield Suggestion(text, text)
    for text, meaning in _references(place.path, lines, known):
        yield Suggestion(text, _quoted(text), "", meaning)


def _not_there_yet(place: Place, found: list[Suggestion]) -> list[Suggestion]:
    """Leave out the items that a list has already."""
    if not place.path or not isinstance(place.path[-1], int):
        return found
    there = {value.strip("'\"") for value in place.siblings.values()}
    return [one for one in found if one.text not in there]


def _references(
    path: Path, lines: Sequence[str], known: Known
) -> Iterator[tuple[str, str]]:
    """Yield what a value can refer to, with a word about it."""
    keys = tuple(part for part in path if not isinstance(part, int))
    if keys in (("blocks", "ratings"), ("before",), ("after",)):
        for name in page_ids(lines):
            yield name, "a rating page of this protocol"
    elif keys[-2:] in (
        ("select", "ids"),
        ("order", "first"),
        ("order", "last"),
    ) or keys == ("closing_clip",):
        for name, emotion in known.clips.items():
            yield name, f"a clip of {emotion}"
    elif keys[-2:] == ("select", "emotions"):
        for emotion in dict.fromkeys(known.clips.values()):
            count = sum(other == emotion for other in known.clips.values())
            yield emotion, f"{count} of the manifest's clips"
    elif keys[-2:] == ("rating_pages", "labels"):
        for emotion in dict.fromkeys(known.clips.values()):
            yield emotion, "an emotion of the manifest's clips"
    elif keys[-2:] == ("select", "groups"):
        yield from ((name, "a group of the manifest") for name in known.groups)
    elif keys == ("languages",):
        yield from ((code, "the program has texts in it") for code in known.languages)
    elif keys == ("clips",):
        yield from ((name, "a clip manifest") for name in known.manifests)
    elif keys[:2] == ("rating_pages", "scores"):
        page = path[:2]
        for step in walk(lines):
            if step.path[:-1] == (*page, "items"):
                yield str(step.path[-1]), "an item of this page"


def _quoted(text: str) -> str:
    """Return a text as YAML needs it: yes and no would be truth values."""
    return (
        f'"{text}"' if text.lower() in ("yes", "no", "on", "off", "true", "false") else text
    )
