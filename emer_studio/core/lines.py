"""Files of JSON lines that are only added to: a crash cuts the last line and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import fsync_file

__all__ = ["append_line", "bad_line", "read_lines"]


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Append one line and put it on the disk; what a crash left of one stays apart."""
    before = path.read_bytes() if path.is_file() else b""
    cut = before and not before.endswith(b"\n")
    line = json.dumps(value, ensure_ascii=False) + "\n"
    with path.open("ab") as stream:
        stream.write((b"\n" if cut else b"") + line.encode())
        fsync_file(stream)


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the values of a file with their line numbers; nothing where there is no file.

    A line that a crash has cut was never confirmed to anybody, and is passed over.

    Raises
    ------
    BadInputError
        When another line is no JSON.
    """
    raw = path.read_bytes() if path.is_file() else b""
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:  # also what is no UTF-8
            if not _was_cut(line):
                raise bad_line(path, number, "it is no JSON") from None
        else:
            yield number, value


def bad_line(path: Path, number: int, why: str) -> BadInputError:
    """Return the error of a line that has no sense."""
    return BadInputError(
        f"{path}, line {number} cannot be understood: {why}.",
        fix="Put the line right, or take it out; a backup may have the file whole.",
    )


def _was_cut(line: bytes) -> bool:
    """Tell whether a line is the first part of an object; by hand nobody ends one so."""
    return line.startswith(b"{") and not line.rstrip().endswith(b"}")
