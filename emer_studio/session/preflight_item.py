"""One line of a go / no-go list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

__all__ = ["DOUBT", "GO", "NO_GO", "Item", "items_text"]

GO, DOUBT, NO_GO = "go", "doubt", "no-go"
_SIGNS = {GO: "✓", DOUBT: "?", NO_GO: "✗"}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What, in one word.
    state : {"go", "doubt", "no-go"}
    said : str
        What was found.
    fix : str
        What to do about it; empty where nothing is to be done.
    """

    name: str
    state: str
    said: str
    fix: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """The item as a script or a window takes it."""
        return asdict(self)


class _Line(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def said(self) -> str: ...
    @property
    def fix(self) -> str: ...


def items_text(items: Sequence[_Line]) -> str:
    """Return a list for a terminal, and its sum."""
    width = max(len(item.name) for item in items)
    lines = []
    for item in items:
        lines.append(f"  {_SIGNS[item.state]} {item.name:<{width}}  {item.said}")
        if item.fix:
            lines.append(f"    {'':<{width}}  → {item.fix}")
    stops = sum(item.state == NO_GO for item in items)
    doubts = sum(item.state == DOUBT for item in items)
    lines.append(f"{'no-go' if stops else 'go'}: {stops} in the way, {doubts} to look at")
    return "\n".join(lines)
