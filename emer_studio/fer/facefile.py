"""Every face of a video with what the models said of it, written as it is found.

``VIDEO.faces`` is a plain array of records (`record_type`): one for each face that the
models looked at, one for a frame without any. ``VIDEO.faces.json`` beside it says what they
were made with and, in the end, that they are all. What was cut off can be gone on with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import fsync_file, read_json, write_json

__all__ = ["NO_PTS", "FaceFile", "record_type"]

Records = npt.NDArray[Any]
NO_PTS = np.iinfo(np.int64).min
_BLOCK = 4096  # records read at once, some 400 kB; chosen by us


def record_type(models: int) -> np.dtype[Any]:
    """Return the type of a record for so many models.

    ``faces`` is how many faces the detector found in the frame; ``box`` and ``score`` are
    NaN for a frame without any, ``va`` where a model gives none.
    """
    return np.dtype(
        [
            ("frame", "<i4"),
            ("faces", "<i4"),
            ("pts", "<i8"),
            ("time_s", "<f8"),
            ("box", "<f4", (4,)),
            ("score", "<f4"),
            ("p", "<f4", (models, len(EMOTIONS))),
            ("va", "<f4", (models, 2)),
        ]
    )


class FaceFile:
    """The faces of one video.

    Parameters
    ----------
    path : Path
        ``….faces``.
    made_of : dict
        Whatever decides about its content. What lies there and was made of something else
        is begun anew.
    models : int
        How many models looked.
    anew : bool
        Begin anew in any case.

    Attributes
    ----------
    frames : int
        Frames in it.
    last_pts : int or None
        Time stamp of the last one.
    end : dict
        How it ended; empty as long as it has not.
    """

    def __init__(
        self, path: Path, made_of: dict[str, Any], models: int, *, anew: bool = False
    ) -> None:
        self.path, self._type, self._made_of = path, record_type(models), made_of
        self.frames = 0
        self._size_bytes = 0
        self.last_pts: int | None = None
        self.end: dict[str, Any] = {}
        known = None if anew else self._known()
        if known is None or known.get("made_of") != made_of:
            self._begin()
            return
        self.end = known.get("end", {})
        self._take_up()
        if self.end and self.frames != self.end["frames"]:
            self._begin()

    @classmethod
    def whole(cls, path: Path) -> FaceFile | None:
        """Return a finished file as it is, None where there is none."""
        try:
            made_of = read_json(path.with_name(path.name + ".json")).get("made_of", {})
        except (BadInputError, AttributeError):
            return None
        if not path.is_file() or not made_of.get("models"):
            return None
        found = cls(path, made_of, len(made_of["models"]))
        return found if found.end else None

    @property
    def models(self) -> list[list[str]]:
        """Name and hash of each model that looked."""
        return list(self._made_of["models"])

    def append(self, records: Records) -> None:
        """Add whole frames to the end.

        Raises
        ------
        WorkFailedError
            When somebody else has written to the file meanwhile.
        """
        with self.path.open("ab") as stream:
            if stream.tell() != self._size_bytes:
                raise WorkFailedError(
                    f"{self.path} is being written by another pre-labelling.",
                    fix="Wait for that one to end.",
                )
            stream.write(records.tobytes())
            fsync_file(stream)
        self._size_bytes += records.nbytes
        self._last(records)

    def finish(self, **end: Any) -> None:
        """Say that these are all."""
        self.end = {"frames": self.frames, **end}
        write_json(self._beside, {"made_of": self._made_of, "end": self.end})

    def remove(self) -> None:
        """Take it away again."""
        self.path.unlink(missing_ok=True)
        self._beside.unlink(missing_ok=True)

    def blocks(self) -> Iterator[Records]:
        """Yield the records in order, some thousand at a time."""
        with self.path.open("rb") as stream:
            while raw := stream.read(_BLOCK * self._type.itemsize):
                yield np.frombuffer(raw, self._type)

    def by_frame(self) -> Iterator[Records]:
        """Yield the records of each frame."""
        rest = np.empty(0, self._type)
        for block in self.blocks():
            records = np.concatenate([rest, block])
            cuts = np.flatnonzero(np.diff(records["frame"])) + 1
            *whole, rest = np.split(records, cuts)
            yield from whole
        if len(rest):
            yield rest

    @property
    def _beside(self) -> Path:
        return self.path.with_name(self.path.name + ".json")

    def _known(self) -> dict[str, Any] | None:
        try:
            known = read_json(self._beside)
        except BadInputError:
            return None
        return known if isinstance(known, dict) and self.path.is_file() else None

    def _begin(self) -> None:
        self.frames, self.last_pts, self.end, self._size_bytes = 0, None, {}, 0
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._beside.unlink(missing_ok=True)
        self.path.write_bytes(b"")
        write_json(self._beside, {"made_of": self._made_of})

    def _take_up(self) -> None:
        """Keep the frames that are there in order, and whole.

        The last frame of an unfinished file goes: it may have had more faces.
        """
        size_bytes, each = self.path.stat().st_size, self._type.itemsize
        kept = self._sound(size_bytes // each) if size_bytes >= each else 0
        if kept * each != size_bytes:
            os.truncate(self.path, kept * each)
        self._size_bytes = kept * each

    def _sound(self, count: int) -> int:
        """Return how many records from the first one on can be kept."""
        there = np.memmap(self.path, self._type, "r", shape=(count,))
        numbers = np.array(there["frame"])
        steps = np.diff(numbers, prepend=-1)
        odd = np.flatnonzero((steps < 0) | (steps > 1))  # what a power cut wrote
        kept = int(odd[0]) if len(odd) else count
        if kept and not self.end:
            kept = int(np.searchsorted(numbers[:kept], numbers[kept - 1]))
        if kept:
            self._last(np.array(there[kept - 1 : kept]))
        return kept

    def _last(self, records: Records) -> None:
        self.frames = int(records["frame"][-1]) + 1
        pts = int(records["pts"][-1])
        self.last_pts = None if pts == NO_PTS else pts
