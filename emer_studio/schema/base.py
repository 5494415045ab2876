"""The base of every file format, and reading YAML so that a mistake has a line number."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from emer_studio.core.errors import BadInputError

__all__ = ["LocalText", "Model", "load_yaml", "localised", "validate"]

LocalText = dict[str, str]
"""A text in several languages: ``{"en": "...", "zh": "..."}``."""


class Model(BaseModel):
    """Frozen, and a key it does not know is a mistake, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


M = TypeVar("M", bound=Model)


def localised(text: LocalText, language: str) -> str:
    """Return `text` in `language`, else in English, else in whatever it has."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


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
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(problem, "problem", None) or str(problem)
        raise BadInputError(f"{path}{where}: not valid YAML: {what}.") from None
    _refuse_twice(path, root)
    if not isinstance(value, dict):
        raise BadInputError(
            f"{path}: expected keys and values, found {type(value).__name__}."
        )
    return validate(value, model, source=str(path), root=root)


def _refuse_twice(path: Path, node: yaml.Node | None) -> None:
    """Raise where a key stands twice: YAML would silently keep the second."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            if key.value in lines and isinstance(key, yaml.ScalarNode):
                raise BadInputError(
                    f"{path}, line {line}: the key {key.value!r} stands there twice,"
                    f" first in line {lines[key.value]}."
                )
            lines[str(key.value)] = line
            _refuse_twice(path, child)
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_twice(path, child)


def validate(
    value: object, model: type[M], *, source: str, root: yaml.Node | None = None
) -> M:
    """Validate `value` as `model`; every mistake found is told, one a line."""
    try:
        return model.model_validate(value)
    except ValidationError as problem:
        errors = [dict(error) for error in problem.errors()]
        told = [e for e in errors if not any(_inside(other, e) for other in errors)]
        lines = [_explain(error, model, source, root) for error in told]
        raise BadInputError("\n".join(lines)) from None


def _inside(deeper: dict[str, Any], error: dict[str, Any]) -> bool:
    """Tell whether `error` only follows from one inside its own value."""
    length = len(error["loc"])
    return len(deeper["loc"]) > length and deeper["loc"][:length] == error["loc"]


def _explain(
    error: dict[str, Any], model: type[BaseModel], source: str, root: yaml.Node | None
) -> str:
    location = tuple(part for part in error["loc"] if part != "[key]")
    line = _line(root, location)
    where = f"{source}, line {line}" if line else source
    key = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.0)
        hint = f" The nearest valid key is '{near[0]}'." if near else ""
        return f"{where}: unknown key '{key}'.{hint}"
    if error["type"] == "missing":
        return f"{where}: the key '{key}' is missing."
    text = str(error["msg"]).removeprefix("Value error, ")
    found = error.get("input")
    shown = f" (found {found!r})" if isinstance(found, str | int | float) else ""
    return f"{where}: '{key}': {text}{shown}." if key else f"{where}: {text}."


def _line(node: yaml.Node | None, location: tuple[Any, ...]) -> int | None:
    """Return the 1-based line of the deepest part of `location` that the file has."""
    if node is None:
        return None
    line = node.start_mark.line + 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(part)), None)
            if pair is None:
                continue  # the tag of a union, or a key that is missing
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


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
