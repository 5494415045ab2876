"""One line of a go / no-go list."""

from __future__ import annotations

from dataclasses import asdict, dataclass

__all__ = ["DOUBT", "GO", "NO_GO", "Item"]

GO, DOUBT, NO_GO = "go", "doubt", "no-go"


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
