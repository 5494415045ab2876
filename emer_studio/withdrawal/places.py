"""The places of a study outside its sessions where something of a participant may be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json

__all__ = ["files_below", "item_start", "names_items_of", "object_at"]

_ELSEWHERE = ("sessions", "stimuli", "protocols")
"""Folders of a study that hold one participant at a time, or nobody."""
_TEXT = (
    ".csv", ".tsv", ".json", ".jsonl", ".txt", ".log", ".md", ".html", ".toml", ".yaml",
    ".eaf", ".xml",
)  # fmt: skip
_BLOCK = 1 << 20


def item_start(participant: str) -> str:
    """Return how the names of a participant's sessions, clips and labels begin."""
    return f"sub-{participant}_ses-"


def files_below(study: Path) -> Iterator[Path]:
    """Yield every file of a study outside its sessions, clips and protocols, in order."""
    for folder, folders, names in os.walk(study):
        here = Path(folder)
        if here == study:
            folders[:] = [name for name in folders if name not in _ELSEWHERE]
        folders.sort()
        yield from (here / name for name in sorted(names))


def names_items_of(path: Path, participant: str) -> bool:
    """Tell whether a text file names a session, a clip or a label of a participant."""
    if path.suffix.lower() not in _TEXT:
        return False
    wanted, kept = item_start(participant).encode(), b""
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                if wanted in kept + block:
                    return True
                kept = block[-len(wanted) :]
    except OSError:
        return False
    return False


def object_at(path: Path) -> dict[str, Any]:
    """Return a JSON object, an empty one where none can be read."""
    try:
        value = read_json(path)
    except BadInputError:
        return {}
    return value if isinstance(value, dict) else {}
