"""Where model files lie on this machine, and whether one is the file it claims to be."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from emer_studio.core import settings
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file

__all__ = ["MODELS_VARIABLE", "check_sha256", "locate", "search_folders"]

MODELS_VARIABLE = "EMER_STUDIO_MODELS"
"""Environment variable naming a folder of model files that is searched first."""


def search_folders() -> list[Path]:
    """Return the folders model files are looked for in, the first one first."""
    given = os.environ.get(MODELS_VARIABLE)
    own = settings.models_dir()
    return [Path(given), own] if given else [own]


@functools.lru_cache(maxsize=64)
def _hash_of(path: Path, size: int, changed_ns: int) -> str:
    del size, changed_ns  # only there to notice that the file is another one now
    return sha256_file(path)


def check_sha256(path: Path, expected: str) -> None:
    """Refuse a file whose SHA-256 is not `expected` (64 hexadecimal digits).

    Raises
    ------
    BadInputError
        With both hashes.
    """
    about = path.stat()
    found = _hash_of(path, about.st_size, about.st_mtime_ns)
    if found != expected:
        raise BadInputError(
            f"{path} is not the file it should be: expected SHA-256 {expected},"
            f" found {found} ({about.st_size} bytes).",
            fix="Delete it and install or import the model again.",
        )


def locate(file_name: str, sha256: str) -> Path | None:
    """Return the verified path of a model file, None when it is nowhere.

    Parameters
    ----------
    file_name : str
        Name inside one of `search_folders`.
    sha256 : str
        What its content must hash to.

    Raises
    ------
    BadInputError
        When a file of that name is there but its content is not the expected one.
    """
    for folder in search_folders():
        path = folder / file_name
        if path.is_file():
            check_sha256(path, sha256)
            return path
    return None
