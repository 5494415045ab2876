"""Display-only rings in shared memory: the newest pictures and curves of a process.

One writer, any number of readers, no locks: a reader may miss a row, it never blocks the
writer and never sees a torn row. A ring is a memory-mapped file, so it needs no cleaning
up beyond its folder and works the same on every system.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RingReader", "RingWriter"]

_HEADER = (
    512  # bytes: u64 rows written so far, u32 length of the JSON, JSON, …, u64 claimed
)
_CLAIMED = _HEADER - 8  # rows written or being written: what a reader may not trust

_TRIES = 20  # chosen by us: a write takes microseconds


class RingWriter:
    """Write rows of one shape and type; the oldest are overwritten.

    Parameters
    ----------
    path : Path
        File to create; an existing one is replaced.
    slots : int
        Rows kept.
    shape : sequence of int
        Shape of a row.
    dtype : str
        NumPy type of its elements.
    """

    def __init__(
        self, path: Path, slots: int, shape: Sequence[int], dtype: str = "float64"
    ) -> None:
        self.path = path
        self.row_shape = tuple(shape)
        about = json.dumps({"slots": slots, "shape": list(shape), "dtype": dtype}).encode()
        size = int(np.prod(self.row_shape)) * np.dtype(dtype).itemsize
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".new")
        head = (struct.pack("<QI", 0, len(about)) + about).ljust(_HEADER, b"\0")
        beside.write_bytes(head + bytes(slots * size))
        beside.replace(path)  # before it is mapped: Windows renames no file in use
        with path.open("r+b") as stream:
            self._map = mmap.mmap(stream.fileno(), 0)
        self._rows = np.frombuffer(
            self._map, dtype, slots * int(np.prod(self.row_shape)), _HEADER
        ).reshape(slots, *self.row_shape)
        self._written = 0

    def write(self, row: npt.ArrayLike) -> None:
        """Append one row."""
        self.write_rows(np.asarray(row)[None])

    def write_rows(self, rows: npt.NDArray[Any]) -> None:
        """Append rows, shape (n, *row shape); only the newest ones that fit are kept."""
        slots = len(self._rows)
        kept = rows[-slots:]
        first = self._written + len(rows) - len(kept)
        self._written += len(rows)
        struct.pack_into("<Q", self._map, _CLAIMED, self._written)
        self._rows[np.arange(first, first + len(kept)) % slots] = kept
        struct.pack_into("<Q", self._map, 0, self._written)

    def close(self) -> None:
        """Let go of the memory; the file stays until its folder goes."""
        del self._rows
        self._map.close()


class RingReader:
    """Read the newest rows of a ring written by another process."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        (length,) = struct.unpack_from("<I", self._map, 8)
        about = json.loads(self._map[12 : 12 + length])
        self._slots = int(about["slots"])
        count = self._slots * int(np.prod(about["shape"]))
        self._rows = np.frombuffer(self._map, about["dtype"], count, _HEADER).reshape(
            self._slots, *about["shape"]
        )

    @property
    def written(self) -> int:
        """Rows written since the ring was made."""
        return int(struct.unpack_from("<Q", self._map, 0)[0])

    def latest(self, count: int = 1) -> npt.NDArray[Any]:
        """Return copies of up to `count` newest whole rows, oldest first.

        Returns
        -------
        rows : ndarray, shape (n, *row shape)
            At most ``slots - 1`` rows: the oldest may be in the writer's hands.
        """
        for _ in range(_TRIES):
            end = self.written
            first = max(end - min(count, self._slots - 1), 0)
            index = np.arange(first, end) % self._slots
            rows = self._rows[index].copy()
            (claimed,) = struct.unpack_from("<Q", self._map, _CLAIMED)
            if claimed - first <= self._slots:
                return rows
        return self._rows[:0].copy()  # a writer that was killed while it wrote

    def close(self) -> None:
        """Let go of the memory."""
        del self._rows
        self._map.close()
