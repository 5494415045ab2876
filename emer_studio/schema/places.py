"""Where things stand in a YAML file: a key, and what a sentence speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

__all__ = ["compose", "line_at", "line_named", "node_at"]

# What our own sentences call a thing, and where the file has it. The first that fits wins:
# "the question of page 'sam'" stands at the question, not at the page's first line.
_CALLED = (
    (
        re.compile(r"the (question|low|high)(?: end)? of page '([^']+)'"),
        "rating_pages",
        2,
        1,
    ),
    (re.compile(r"the (text|break) of block '([^']+)'"), "blocks", 2, 1),
    (re.compile(r"the opt-out '([^']+)'"), "opt_out", 1, None),
    (re.compile(r"[Bb]lock '([^']+)'.* (?:order|first|last|row)"), "blocks", 1, "order"),
    (re.compile(r"[Bb]lock '([^']+)'.* rating page"), "blocks", 1, "ratings"),
    (re.compile(r"[Bb]lock '([^']+)'.* (?:clip|select)"), "blocks", 1, "select"),
    (re.compile(r"[Bb]lock '([^']+)'"), "blocks", 1, None),
    (re.compile(r"[Pp]age '([^']+)'"), "rating_pages", 1, None),
)
_KEYS = {"break": "breaks"}
_TOP = (
    (re.compile(r"[Tt]he closing clip"), "closing_clip"),
    (re.compile(r"texts of its own .* in '"), "languages"),
    (re.compile(r"[Tt]wo rating pages"), "rating_pages"),
    (re.compile(r"[Tt]wo blocks|[Pp]ractice blocks"), "blocks"),
    (re.compile(r"[Tt]he clip |clip manifest"), "clips"),
)


def compose(text: str) -> yaml.Node | None:
    """Return the nodes of a YAML text with their places; None while it does not parse."""
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return None


def line_at(node: yaml.Node | None, location: Sequence[Any]) -> int | None:
    """Return the 1-based line of the deepest part of `location` that the file has."""
    return _follow(node, location)[1]


def node_at(node: yaml.Node | None, location: Sequence[Any]) -> yaml.Node | None:
    """Return the node at a place; None where the file has none."""
    found, _, left = _follow(node, location)
    return None if left else found


def _follow(
    node: yaml.Node | None, location: Sequence[Any]
) -> tuple[yaml.Node | None, int | None, int]:
    """Go as far as the file has it; return node, line and how many parts are missing.

    A list of things with an ``id`` may be entered by number or by id.
    """
    line, missing = node.start_mark.line + 1 if node else None, 0
    for part in location:
        step = _child(node, part)
        if step is None:
            missing += 1  # the tag of a union, or a key that is not there
        else:
            line, node = step[0].start_mark.line + 1, step[1]
    return node, line, missing


def _child(node: yaml.Node | None, part: Any) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key (or item) and the value that a part leads to."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == str(part)), None)
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            named = _child(item, "id") if isinstance(item, yaml.MappingNode) else None
            if part == number or (named is not None and named[1].value == part):
                return item, item
    return None


def line_named(root: yaml.Node | None, sentence: str) -> int | None:
    """Return the line of what one of the program's sentences speaks of.

    Problems that only show in the whole (a reference, an order, a text that is missing)
    are told as sentences that name a block, a page or a key.
    """
    keyed = re.search(r"^'([a-z_]+)' ", sentence)
    if keyed:
        return line_at(root, [keyed.group(1)])
    for pattern, where, name, key in _CALLED:
        found = pattern.search(sentence)
        if found:
            last = found.group(key) if isinstance(key, int) else key
            path = [where, found.group(name), *([_KEYS.get(last, last)] if last else [])]
            return line_at(root, path)
    for pattern, key in _TOP:
        if pattern.search(sentence):
            return line_at(root, [key])
    return line_at(root, []) if root is not None else None
