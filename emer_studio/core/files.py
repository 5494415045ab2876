"""Files that survive a crash: atomic writes, hashes, names that never collide."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from emer_studio.core.errors import BadInputError

__all__ = [
    "atomic_stream",
    "data_dir",
    "fsync_file",
    "new_folder",
    "next_free",
    "next_segment",
    "read_json",
    "refuse_taken",
    "rename_exclusively",
    "sha256_file",
    "write_atomic",
    "write_json",
]

_TRIES = 10


def data_dir() -> Path:
    """Return the folder that holds ``assets``, ``stimuli``, ``protocols`` and ``docs``.

    In an installed wheel this is inside the package, in a checkout the top level.
    """
    package = Path(__file__).resolve().parent.parent
    packed = package / "_data"
    return packed if packed.is_dir() else package.parent


def fsync_file(stream: Any) -> None:
    """Flush `stream` and ask the operating system to put it on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write `content` so that a reader sees the old file or the new one, never half.

    What cannot be written, on a full disk for example, leaves nothing behind.
    """
    with atomic_stream(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def atomic_stream(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends well.

    For what is too long to be held in memory; else it is like `write_atomic`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            yield stream
            fsync_file(stream)
        _replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def _replace(source: Path, target: Path) -> None:
    for left in reversed(range(_TRIES)):
        try:
            source.replace(target)
            return
        except PermissionError:  # Windows: someone reads the file this very moment
            if not left:
                raise
            time.sleep(0.05)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    write_atomic(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON, or say which file is broken and where."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        raise BadInputError(f"{path} is not valid JSON: {problem}.") from None


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def next_free(path: Path) -> Path:
    """Return `path`, or the first ``name_2.ext``, ``name_3.ext`` … not yet taken."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return candidate


def rename_exclusively(source: Path, target: Path) -> None:
    """Rename a file and never replace another one.

    Raises
    ------
    FileExistsError
        When `target` is there; `source` keeps its name.
    """
    try:
        os.link(source, target)  # unlike a rename, this fails where a file is
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(f"{target} exists") from None
        source.rename(target)
    else:
        source.unlink()


def next_segment(folder: Path, stem: str, suffix: str) -> Path:
    """Return ``stem_001.suffix``, or the first number after those already taken.

    A file that is still being written (``….writing``), or one beside it of the same stem
    (a video's ``.frames.csv``, all that a crash may have left), counts as taken.
    """
    number = 1
    while any(folder.glob(f"{stem}_{number:03d}.*")):
        number += 1
    return folder / f"{stem}_{number:03d}{suffix}"


def new_folder(path: Path) -> Path:
    """Create an output folder; refuse one that already holds something.

    Raises
    ------
    BadInputError
        When `path` exists and is not an empty folder.
    """
    refuse_taken(path)
    path.mkdir(parents=True, exist_ok=True)
    return path


def refuse_taken(path: Path) -> None:
    """Refuse an output folder that already holds something, before any work is done.

    Raises
    ------
    BadInputError
        When `path` exists and is not an empty folder.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadInputError(
            f"{path} already exists and is not empty; nothing was written.",
            fix="Choose another folder, or move this one away.",
        )
