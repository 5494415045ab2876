"""What a dataset is put together from, kept beside each session until its source changes.

A piece is a ``.npz`` in ``derived/dataset`` of the session. Its name holds a key of all
that it was made from: the content of the recorded files, the settings, and the version of
the code. A build that was cut off goes on with the pieces that are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, sha256_file, write_atomic, write_json

__all__ = ["Contents", "Piece", "key_of"]

Arrays = dict[str, npt.NDArray[Any]]
_FOLDER = Path("derived/dataset")
_KEY_LENGTH = 24


def key_of(*parts: Any) -> str:
    """Return a short name for everything a piece was made from."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


class Piece:
    """One part of a session, worked out once.

    Parameters
    ----------
    session : Path
        Its folder.
    name : str
        What it is of, e.g. ``faces-3``.
    key : str
        See `key_of`.
    """

    def __init__(self, session: Path, name: str, key: str) -> None:
        self._name = name
        self.path = session / _FOLDER / f"{name}.{key}.npz"

    @property
    def whole(self) -> bool:
        """Whether it is there to its end; one that was cut is worked out again."""
        return zipfile.is_zipfile(self.path)

    def load(self) -> Arrays | None:
        """Return the arrays; None when there is no such piece, or it is damaged."""
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, zipfile.BadZipFile, EOFError):
            return None

    def save(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Write the piece; what the same part was before is taken away."""
        raw = io.BytesIO()
        np.savez(raw, allow_pickle=False, **dict(arrays))
        write_atomic(self.path, raw.getvalue())
        for old in self.path.parent.glob(f"{self._name}.*.npz"):
            if old != self.path:
                with contextlib.suppress(OSError):
                    old.unlink()


class Contents:
    """Hashes of a session's recorded files; each file is read once while it stays the same.

    Parameters
    ----------
    session : Path
        Its folder. Size and time of change tell whether a file is still the same.
    """

    def __init__(self, session: Path) -> None:
        self._session = session
        self._path = session / _FOLDER / "contents.json"
        self._known: dict[str, list[Any]] = {}
        with contextlib.suppress(BadInputError, OSError):
            self._known = dict(read_json(self._path))

    def of(self, *patterns: str) -> dict[str, str]:
        """Return the SHA-256 of the session's files that match, by name."""
        paths = sorted({path for p in patterns for path in self._session.glob(p)})
        found = {path.name: self._hash(path) for path in paths}
        write_json(self._path, self._known)
        return found

    def _hash(self, path: Path) -> str:
        about = path.stat()
        stamp = [about.st_size, about.st_mtime_ns]
        known = self._known.get(path.name)
        if not isinstance(known, list) or known[:2] != stamp:
            known = [*stamp, sha256_file(path)]
            self._known[path.name] = known
        return str(known[2])
