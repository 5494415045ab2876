"""Pieces of a protocol from ``protocols/fragments``, and putting them where they belong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir
from emer_studio.schema.base import Model, load_yaml
from emer_studio.schema.completion import Known, page_ids
from emer_studio.schema.cursor import Walked, walk

__all__ = ["Fragment", "Inserted", "fragments", "insert"]

_WIDE = 10_000


class Fragment(Model):
    """One piece.

    Attributes
    ----------
    title, about : str
        What a menu says.
    group : str
        Under which heading it stands there.
    into : {"", "rating_pages", "blocks", "blocks[]"}
        The list that it is an item of, or the mapping that it adds keys to: the protocol
        itself or a block.
    text : str
        YAML. ``@page@`` and ``@clip@`` stand for an id that the protocol has.
    """

    title: str
    group: str
    about: str
    into: Literal["", "rating_pages", "blocks", "blocks[]"]
    text: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """A protocol with a piece more.

    Attributes
    ----------
    text : str
        The whole protocol.
    row : int
        Where the piece begins, from 0.
    there_already : tuple of str
        Keys that were left as they are.
    """

    text: str
    row: int
    there_already: tuple[str, ...] = ()


def fragments() -> list[Fragment]:
    """Return all pieces in the order of their files."""
    folder = data_dir() / "protocols" / "fragments"
    return [load_yaml(path, Fragment) for path in sorted(folder.glob("*.yaml"))]


def insert(text: str, row: int, fragment: Fragment, known: Known | None = None) -> Inserted:
    """Return a protocol with `fragment` put where it belongs, as near to `row` as can be.

    Raises
    ------
    BadInputError
        When the protocol has no place for it yet.
    """
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    piece = _filled(fragment.text, lines, known or Known())
    if fragment.into in ("rating_pages", "blocks"):
        return _item(lines, row, fragment.into, piece)
    return _keys(lines, row, piece, in_block=fragment.into == "blocks[]")


def _filled(text: str, lines: Sequence[str], known: Known) -> str:
    pages = page_ids(lines)
    clip = next(iter(known.clips), "")
    if "@clip@" in text and not clip:
        raise BadInputError(
            "This piece names a clip; the protocol's clips are not known yet."
        )
    return text.replace("@page@", pages[0] if pages else "sam").replace("@clip@", clip)


def _item(lines: list[str], row: int, name: str, piece: str) -> Inserted:
    """Insert an item of a list after the one at the cursor, or as the last."""
    steps = list(walk(lines))
    head = next((step for step in steps if step.path == (name,)), None)
    taken = {step.value.strip("'\"") for step in steps if step.path[:1] == (name,)}
    piece = _renamed(piece, taken)
    if head is None:
        return _put(lines, len(lines), [f"{name}:", *_indented(piece, 2)])
    if head.value and not head.value.startswith("#"):
        raise BadInputError(
            f"Write '{name}' with one '-' a line, then pieces can be added."
        )
    items = _items(lines, steps, name)
    if not items:
        return _put(lines, head.row + 1, _indented(piece, 2))
    dash = len(lines[items[0][0]]) - len(lines[items[0][0]].lstrip(" "))
    if "practice: true" in piece:
        return _put(lines, items[0][0], _indented(piece, dash))
    here = next((end for begin, end in items if begin <= row < end), items[-1][1])
    return _put(lines, here, _indented(piece, dash))


def _items(
    lines: Sequence[str], steps: Sequence[Walked], name: str
) -> list[tuple[int, int]]:
    """Return the rows from … to (exclusive) of each item of a top-level list."""
    begins: dict[Any, int] = {}
    for step in steps:
        if step.path[0] == name and len(step.path) > 1:
            begins.setdefault(step.path[1], step.row)
    return [(row, _end(lines, row)) for row in begins.values()]


def _end(lines: Sequence[str], row: int) -> int:
    """Return the row after everything that belongs to what begins in `row`."""
    column = len(lines[row]) - len(lines[row].lstrip(" "))
    end, at = row + 1, row + 1
    while at < len(lines):
        bare = lines[at].strip()
        if bare and len(lines[at]) - len(lines[at].lstrip(" ")) <= column:
            if not (bare.startswith("- ") and not lines[row].lstrip().startswith("-")):
                break
        if bare:
            end = at + 1
        at += 1
    return end


def _keys(lines: list[str], row: int, piece: str, *, in_block: bool) -> Inserted:
    """Add keys to the protocol or to the block at the cursor; what is there stays."""
    steps = list(walk(lines))
    path: tuple[Any, ...] = ()
    end = _end(lines, _top_row(steps, row)) if steps else len(lines)
    if in_block:
        items = _items(lines, steps, "blocks")
        if not items:
            raise BadInputError("The protocol has no block yet; insert one first.")
        number = next((n for n, (a, b) in enumerate(items) if a <= row < b), len(items) - 1)
        path, end = ("blocks", number), items[number][1]
        if lines[items[number][0]].lstrip(" -").startswith("{"):
            raise BadInputError(
                "Write the block with one key a line, then keys can be added."
            )
    column = next((s.column for s in steps if s.path[:-1] == path), 0)
    there: list[str] = []
    first = len(lines)
    for key, value in reversed(yaml.safe_load(piece).items()):
        steps = list(walk(lines))
        step = next((s for s in steps if s.path == (*path, key)), None)
        if step is None:
            own = _indented(_part(piece, key), column)
            lines[end:end] = own
            first = end
        elif isinstance(value, dict) and _merge(lines, steps, step, value):
            first = step.row
        else:
            there.append(key)
            first = step.row
    return Inserted("\n".join(lines) + "\n", first, tuple(there))


def _top_row(steps: Sequence[Walked], row: int) -> int:
    """Return the row of the top-level key that a row belongs to."""
    tops = [step.row for step in steps if len(step.path) == 1]
    return max((top for top in tops if top <= row), default=tops[-1])


def _merge(
    lines: list[str], steps: Sequence[Walked], step: Walked, value: dict[str, Any]
) -> bool:
    """Add keys to a mapping that has none of them; tell whether that could be done.

    All or nothing: half a piece means something else (``kind`` without ``seconds``).
    """
    row = step.row
    inline = re.match(r"^(?P<head>.*?\{)(?P<inside>.*)\}(?P<tail>\s*(?:#.*)?)$", lines[row])
    if step.value.startswith("{") and inline:
        try:
            known = yaml.safe_load(f"{{{inline['inside']}}}") or {}
        except yaml.YAMLError:
            return False
        if set(known) & set(value):
            return False
        new = [f"{key}: {_inline(part)}" for key, part in value.items()]
        parts = [inline["inside"].strip(), *new]
        lines[row] = f"{inline['head']}{', '.join(filter(None, parts))}}}{inline['tail']}"
        return True
    below = [other for other in steps if other.path[:-1] == step.path]
    if step.value or {str(other.path[-1]) for other in below} & set(value):
        return False
    column = below[0].column if below else step.column + 2
    end = _end(lines, row) if below else row + 1
    lines[end:end] = [
        f"{' ' * column}{key}: {_inline(part)}" for key, part in value.items()
    ]
    return True


def _inline(value: Any) -> str:
    """Return a value on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=_WIDE)
    return text.strip().removesuffix("...").strip()


def _part(piece: str, key: str) -> str:
    """Return the lines of a piece that belong to one of its keys."""
    rows = piece.rstrip("\n").split("\n")
    begin = next(i for i, line in enumerate(rows) if line.startswith(f"{key}:"))
    return "\n".join(rows[begin : _end(rows, begin)])


def _indented(piece: str, column: int) -> list[str]:
    rows = piece.rstrip("\n").split("\n")
    return [" " * column + line if line.strip() else "" for line in rows]


def _renamed(piece: str, taken: set[str]) -> str:
    """Give an item an id that the list does not have yet."""
    found = re.search(r"^- id: (\S+)", piece)
    if found is None or found[1] not in taken:
        return piece
    number = 2
    while f"{found[1]}{number}" in taken:
        number += 1
    return piece.replace(found[0], f"{found[0]}{number}", 1)


def _put(lines: list[str], row: int, new: Sequence[str]) -> Inserted:
    return Inserted("\n".join([*lines[:row], *new, *lines[row:]]) + "\n", row)
