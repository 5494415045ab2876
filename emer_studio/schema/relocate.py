"""Moving a protocol: its relative paths go on leading to the same files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from emer_studio.schema.places import compose, node_at

__all__ = ["manifest_named", "relative", "relocated", "with_manifest"]


def relative(file: Path, folder: Path) -> str:
    """Return how a file in `folder` names another: relatively, where that is possible."""
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return file.as_posix()


def relocated(text: str, old: Path, new: Path) -> str:
    """Return a protocol's text for another folder, with the paths in it changed.

    Paths that lead nowhere, or to the same place from both folders, stay as they are; so
    does everything else, comments included.

    Parameters
    ----------
    text : str
        The protocol.
    old, new : Path
        The folders from which its paths are seen before and after.
    """
    changes = []
    for node in _paths(compose(text)):
        named = Path(node.value)
        target = old / named
        if named.is_absolute() or not target.exists():
            continue
        if (new / named).resolve() != target.resolve():
            written = relative(target.resolve(), new.resolve())
            quoted = f'"{written}"' if node.style or " #" in written else written
            changes.append((node.start_mark.index, node.end_mark.index, quoted))
    for start, end, written in sorted(changes, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def manifest_named(text: str, folder: Path) -> Path | None:
    """Return the clip manifest that a text in `folder` names; None when it is not there."""
    node = node_at(compose(text), ["clips"])
    if not isinstance(node, yaml.ScalarNode) or not node.value:
        return None
    path = (folder / node.value).resolve()
    return path if path.is_file() else None


def with_manifest(text: str, name: str) -> str:
    """Return a text that names another clip manifest."""
    node = node_at(compose(text), ["clips"])
    if not isinstance(node, yaml.ScalarNode):
        return text
    return text[: node.start_mark.index] + name + text[node.end_mark.index :]


def _paths(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yield the values that name a file or a folder."""
    pages = node_at(root, ["rating_pages"])
    count = len(pages.value) if isinstance(pages, yaml.SequenceNode) else 0
    places: list[tuple[str | int, ...]] = [("clips",)]
    places += [("rating_pages", n, "figures", "folder") for n in range(count)]
    for place in places:
        node = node_at(root, place)
        if isinstance(node, yaml.ScalarNode) and node.value:
            yield node
