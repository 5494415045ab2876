"""Where in a YAML file a cursor stands, found by indentation while it is half written.

A parser gives up at the first mistake, and somebody who types makes one with every key. So
the place is read from the lines: what stands above and is indented less encloses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from emer_studio.schema.flow import Flow, balance, read_flow

__all__ = ["Path", "Place", "Walked", "place_at", "walk"]

Path = tuple[str | int, ...]
"""Keys from the top down, and numbers (from 0) for the items of lists."""

_KEY = re.compile(
    r"""("[^"]*"|'[^']*'|[^\s#'"{}\[\],&*!|>%@-][^#:{}\[\],]*?)\s*:(?=\s|$)"""
)
_LONG_TEXT = re.compile(r":\s*[|>][+-]?\d*\s*(#.*)?$")
_PROBE = "x:"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cursor stands.

    Attributes
    ----------
    path : Path
        Of what is being written. Of a key, that of the mapping it belongs to; of a value,
        that of the value.
    kind : {"key", "value", ""}
        What is being written; empty inside comments and long texts. An item of a list
        that begins could be either and counts as a key.
    typed : str
        What stands there already, left of the cursor.
    siblings : dict of str to str
        The other keys of the same mapping with what stands on their line; for an item of
        a list, the other items by number.
    flow : bool
        Inside ``{...}`` or ``[...]``.
    """

    path: Path
    kind: str
    typed: str = ""
    siblings: dict[str, str] = field(default_factory=dict)
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Walked:
    """One ``key: value``, or one item that is a plain value (its path ends in a number)."""

    row: int
    column: int
    path: Path
    value: str


def walk(lines: Sequence[str]) -> Iterator[Walked]:
    """Yield the keys and items of a text in block style, whether or not it parses."""
    opened: list[tuple[int, Path]] = []  # what encloses: its column and path
    text_column: int | None = None
    depth = 0
    for row, line in enumerate(lines):
        bare, column = line.strip(), len(line) - len(line.lstrip(" "))
        if text_column is not None and (not bare or column > text_column):
            continue
        text_column = None
        if not bare or bare.startswith("#"):
            continue
        if depth == 0:
            for step in _of_line(row, line, column, opened):
                yield step
                if _LONG_TEXT.search(line):
                    text_column = step.column
        depth = max(depth + balance(line), 0)


def _of_line(
    row: int, line: str, column: int, opened: list[tuple[int, Path]]
) -> Iterator[Walked]:
    rest = line[column:]
    while rest.startswith("- ") or rest == "-":
        number = 0
        while opened and opened[-1][0] >= column:
            at, path = opened[-1]
            if at == column and not isinstance(path[-1], int):
                break  # a list may stand at the column of its own key
            opened.pop()
            if at == column:
                number = int(path[-1]) + 1
        above = opened[-1][1] if opened else ()
        opened.append((column, (*above, number)))
        inner = rest[1:].lstrip(" ")
        column, rest = column + len(rest) - len(inner), inner
        if rest and not _KEY.match(rest):
            yield Walked(row, column, opened[-1][1], rest)
    found = _KEY.match(rest)
    if found is None:
        return
    while opened and opened[-1][0] >= column:
        opened.pop()
    above = opened[-1][1] if opened else ()
    path = (*above, found[1].strip("'\""))
    opened.append((column, path))
    yield Walked(row, column, path, rest[found.end() :].strip())


def place_at(lines: Sequence[str], row: int, column: int) -> Place:
    """Return the place of a cursor.

    Parameters
    ----------
    lines : sequence of str
        The text.
    row, column : int
        From 0; `column` counts characters before the cursor.
    """
    before = lines[row][:column]
    begun = _flow_before(lines, row)
    if begun is not None or balance(before) > 0:
        return _in_flow(lines, row if begun is None else begun, row, before)
    written = before.lstrip(" -")
    has_key = _KEY.match(written)
    probed = list(lines)
    probed[row] = before if has_key else before[: len(before) - len(written)] + _PROBE
    steps = list(walk(probed))
    step = next((step for step in reversed(steps) if step.row == row), None)
    if step is None or "#" in written.split('"')[0]:
        return Place((), "")
    if has_key:
        return Place(step.path, "value", written[has_key.end() :].strip())
    above = step.path[:-1]
    in_list = bool(above) and isinstance(above[-1], int)
    siblings = {
        str(other.path[-1]): other.value
        for other in steps
        if other.row != row
        and (other.path[:-1] == above or (in_list and other.path[:-1] == above[:-1]))
    }
    return Place(above, "key", written, siblings)


def _flow_before(lines: Sequence[str], row: int) -> int | None:
    """Return the row of the bracket that is open where `row` begins."""
    depth, begun, text_column = 0, 0, None
    for number, line in enumerate(lines[:row]):
        bare, column = line.strip(), len(line) - len(line.lstrip(" -"))
        if text_column is not None and (not bare or column > text_column):
            continue
        text_column = None
        if depth == 0:
            begun = number
            text_column = column if _LONG_TEXT.search(line) else None
        depth = max(depth + balance(line), 0)
    if text_column is not None and row < len(lines) and not lines[row].strip():
        return None
    return begun if depth > 0 else None


def _in_flow(lines: Sequence[str], begun: int, row: int, before: str) -> Place:
    """Return the place inside brackets that opened in the line `begun`."""
    inside = "\n".join([*lines[begun:row], before])
    flow: Flow = read_flow(inside)
    if flow.start is None:
        return Place((), "")
    prefix = inside[: flow.start]
    has_key = _KEY.match(prefix.lstrip(" -"))
    probed = [*lines[:begun], prefix if has_key else f"{prefix.rstrip()} {_PROBE}"]
    step = next((s for s in reversed(list(walk(probed))) if s.row == begun), None)
    if step is None:
        return Place((), "")
    base = step.path if has_key else step.path[:-1]
    kind = "value" if flow.in_value else "key"
    return Place((*base, *flow.path), kind, flow.typed, flow.siblings, flow=True)
