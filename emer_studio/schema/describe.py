"""What the keys of a file mean: read from the docstrings that describe its models."""

from __future__ import annotations

import inspect
import re
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = [
    "descriptions",
    "element",
    "kind_in_words",
    "model_of",
    "options",
    "plain",
    "shape",
]

_SECTION = re.compile(r"^(Attributes|Parameters)\n-+\n", re.MULTILINE)
_ENTRY = re.compile(r"^([A-Za-z_][\w, ]*?) :.*$")


@cache
def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return what each key of a model means, as its numpydoc docstring says."""
    text = inspect.getdoc(model) or ""
    found = _SECTION.search(text)
    names: list[str] = []
    told: dict[str, list[str]] = {}
    for line in text[found.end() :].splitlines() if found else ():
        entry = _ENTRY.match(line)
        if entry:
            names = [name.strip() for name in entry.group(1).split(",")]
        elif line.startswith(" "):
            for name in names:
                told.setdefault(name, []).append(line.strip())
        elif line.strip():
            break
    return {name: " ".join(lines).replace("`", "") for name, lines in told.items()}


def plain(annotation: Any) -> Any:
    """Return an annotation without ``Annotated`` and without the possibility of None."""
    if get_origin(annotation) is Annotated:
        return plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        rest = [part for part in get_args(annotation) if part is not NoneType]
        return plain(rest[0]) if len(rest) == 1 else annotation
    return annotation


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a value is, if it is one."""
    bare = plain(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def element(annotation: Any) -> Any:
    """Return what a list, or the values of a mapping, are made of; else None."""
    bare = plain(annotation)
    if get_origin(bare) is tuple:
        return get_args(bare)[0]
    return get_args(bare)[1] if get_origin(bare) is dict else None


def options(annotation: Any) -> tuple[str, ...]:
    """Return the values that a key can have, where they can be listed."""
    bare = plain(annotation)
    if bare is bool:
        return ("true", "false")
    if get_origin(bare) is Literal:
        return tuple(str(value) for value in get_args(bare))
    return ()


def shape(annotation: Any) -> str:
    """Return how a value is written: ``model``, ``mapping``, ``list`` or ``value``."""
    bare = plain(annotation)
    if model_of(bare) is not None:
        return "model"
    return {dict: "mapping", tuple: "list"}.get(get_origin(bare) or bare, "value")


def kind_in_words(field: FieldInfo) -> str:
    """Return what a key takes, for a person: ``number, 0 to 3600; else 1``."""
    bare = plain(field.annotation)
    listed = options(bare)
    if listed:
        words = (
            " or ".join((", ".join(listed[:-1]), listed[-1])) if listed[1:] else listed[0]
        )
    else:
        names = {int: "whole number", float: "number", str: "text"}
        words = names.get(bare, "") + _limits(field)
        if shape(bare) == "list":
            words = "list"
        elif shape(bare) == "mapping":
            words = (
                "text by language" if element(bare) is str else "names with their values"
            )
    if field.is_required():
        return f"{words}; needed" if words else "needed"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, bool):
        return f"{words}; else {str(default).lower()}"
    if isinstance(default, int | float) or (isinstance(default, str) and default):
        shown = f"{default:g}" if isinstance(default, float) else default
        return f"{words}; else {shown}"
    return words


def _limits(field: FieldInfo) -> str:
    marks = [*field.metadata, *_marks(field.annotation)]
    for mark in marks:
        if isinstance(mark, FieldInfo):
            marks += mark.metadata
    known: dict[str, Any] = {}
    for mark in marks:
        for name in ("ge", "gt", "le"):
            if getattr(mark, name, None) is not None:
                known[name] = getattr(mark, name)
    low = known.get("ge", known.get("gt"))
    if low is None:
        return ""
    above = "above " if "ge" not in known else ""
    if "le" in known:
        return f", {above}{low:g} to {known['le']:g}"
    return f", above {low:g}" if above else f", {low:g} or more"


def _marks(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return list(get_args(annotation)[1:])
    return [mark for part in get_args(annotation) for mark in _marks(part)]
