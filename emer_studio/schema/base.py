"""The base of every file format, and reading YAML so that a mistake has a line number."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from emer_studio.core.errors import BadInputError
from emer_studio.schema.places import line_at, line_named
from emer_studio.schema.upgrades import upgraded

__all__ = [
    "LocalText",
    "Mistake",
    "MistakesError",
    "Model",
    "load_yaml",
    "localised",
    "parse_yaml",
    "validate",
]

LocalText = dict[str, str]
"""A text in several languages: ``{"en": "...", "zh": "..."}``."""


class Model(BaseModel):
    """Frozen, and a key it does not know is a mistake, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


M = TypeVar("M", bound=Model)


def localised(text: LocalText, language: str) -> str:
    """Return `text` in `language`, else in English, else in whatever it has."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a file.

    Attributes
    ----------
    line : int or None
        Where, counted from 1; None when no line is to blame.
    text : str
        What, in one sentence.
    """

    line: int | None
    text: str

    def told(self, source: str) -> str:
        """Return the sentence with its file and line before it."""
        return (
            f"{source}, line {self.line}: {self.text}"
            if self.line
            else (f"{source}: {self.text}")
        )


class MistakesError(BadInputError):
    """A file that is not what it should be; `mistakes` are all that were found."""

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(mistake.told(source) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


def load_yaml(path: Path, model: type[M]) -> M:
    """Read a YAML file as `model`.

    Raises
    ------
    BadInputError
        Naming the key, the file, the line and, for an unknown key, the nearest valid one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInputError(f"{path} cannot be read as text: {problem}.") from None
    return parse_yaml(text, model, source=str(path))


def parse_yaml(text: str, model: type[M], *, source: str) -> M:
    """Read the text of a YAML file as `model`.

    Raises
    ------
    MistakesError
        With every mistake and its line; `source` is how messages call the text.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
        twice = list(_standing_twice(root))
    except RecursionError:
        deep = Mistake(None, "it is nested too deeply, or a part of it contains itself.")
        raise MistakesError(source, [deep]) from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = getattr(problem, "problem", None) or str(problem)
        line = mark.line + 1 if mark else None
        raise MistakesError(source, [Mistake(line, f"not valid YAML: {what}.")]) from None
    except ValueError as problem:  # a date or a number that is none
        raise MistakesError(source, [Mistake(None, f"{problem}.")]) from None
    if twice:
        raise MistakesError(source, twice)
    if not isinstance(value, dict):
        found = f"expected keys and values, found {type(value).__name__}."
        raise MistakesError(source, [Mistake(None, found)])
    return validate(value, model, source=source, root=root)


def _standing_twice(node: yaml.Node | None) -> Iterator[Mistake]:
    """Yield the keys that stand twice: YAML would silently keep the second."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if key.value in lines and isinstance(key, yaml.ScalarNode):
                yield Mistake(
                    line,
                    f"the key {key.value!r} stands there twice,"
                    f" first in line {lines[key.value]}.",
                )
            lines[str(key.value)] = line
            yield from _standing_twice(child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _standing_twice(child)


def validate(
    value: object, model: type[M], *, source: str, root: yaml.Node | None = None
) -> M:
    """Validate `value` as `model`; every mistake found is told, one a line.

    An older format version is upgraded first; see `schema.upgrades`.
    """
    known = model.model_fields.get("format_version")
    if known is not None and isinstance(value, dict):
        newest = max(get_args(known.annotation))
        try:
            value = upgraded(value, model.__name__, newest)
        except ValueError as problem:
            mistake = Mistake(line_at(root, ["format_version"]), str(problem))
            raise MistakesError(source, [mistake]) from None
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        errors = [dict(error) for error in problem.errors()]
        told = [e for e in errors if not any(_inside(other, e) for other in errors)]
        found = [_explain(error, model, root) for error in told]
        raise MistakesError(source, found) from None


def _inside(deeper: dict[str, Any], error: dict[str, Any]) -> bool:
    """Tell whether `error` only follows from one inside its own value."""
    length = len(error["loc"])
    return len(deeper["loc"]) > length and deeper["loc"][:length] == error["loc"]


def _explain(
    error: dict[str, Any], model: type[BaseModel], root: yaml.Node | None
) -> Mistake:
    location = tuple(part for part in error["loc"] if part != "[key]")
    line = line_at(root, location)
    key = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
        hint = f" The nearest valid key is '{near[0]}'." if near else ""
        return Mistake(line, f"unknown key '{key}'.{hint}")
    if error["type"] == "missing":
        return Mistake(line, f"the key '{key}' is missing.")
    text = str(error["msg"]).removeprefix("Value error, ")
    found = error.get("input")
    shown = f" (found {found!r})" if isinstance(found, str | int | float) else ""
    if key:
        return Mistake(line, f"'{key}': {text}{shown}.")
    return Mistake(line_named(root, text), f"{text}.")


def _fields_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """Return the valid keys of the model that `location` leads to."""
    current: list[type[BaseModel]] = [model]
    for part in location:
        if isinstance(part, int):
            continue
        found: list[type[BaseModel]] = []
        for candidate in current:
            field = candidate.model_fields.get(str(part))
            if field is not None:
                found += _models_in(field.annotation)
        current = found or current
    return sorted({name for candidate in current for name in candidate.model_fields})


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
