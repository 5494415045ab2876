"""The frame index of a recording against the pictures that are really in its videos.

The stream of a camera carries one row per frame: index in the file, time in the file,
delay, frames dropped before it, and the number of the file (absent in the first recordings,
which had one). A row is sent once its frame is on the way to the disk; a killed camera
leaves up to two seconds of rows without a picture: no damage, but it has to be said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.recording.xdf_load import RecordedStream

__all__ = ["FileIndex", "file_number", "index_by_file", "is_frame_index"]

_NUMBERED = re.compile(r".*_(\d+)")
_FILE_CHANNEL = 4


def file_number(path: Path) -> int:
    """Return the number at the end of a name, ``face_003.mkv`` → 3; 1 without one.

    An unfinished ``face_003.mkv.writing`` has the number of the finished one.
    """
    match = _NUMBERED.fullmatch(path.name.split(".", 1)[0])
    return int(match[1]) if match else 1


def is_frame_index(stream: RecordedStream) -> bool:
    """Tell whether a stream is the frame index of our own camera process."""
    header = stream.header
    ours = header.type == "VideoFrames" and header.channel_format == "double64"
    finite = ours and len(stream.stamps_s) == int(np.sum(np.isfinite(stream.values[:, 0])))
    return finite and header.channel_count in (4, 5)


@dataclass(frozen=True, slots=True)
class FileIndex:
    """The rows of one video.

    Attributes
    ----------
    file : int
        Its number.
    rows, frames : int
        Rows of the stream, pictures in the video.
    holes : int
        Steps of the index that are not one, a late beginning included: rows were lost, or
        came twice.
    without_picture : int
        Rows whose picture is not in the video, at its end.
    without_picture_s : float
        Stretch of time that these rows cover, to the last one.
    without_row : int
        Pictures behind the last row.
    dropped : int
        Frames the camera process could not write in time.
    """

    file: int
    rows: int
    frames: int
    holes: int
    without_picture: int
    without_picture_s: float
    without_row: int
    dropped: int


def index_by_file(
    values: npt.ArrayLike, stamps_s: npt.NDArray[np.float64], frames: Mapping[int, int]
) -> tuple[FileIndex, ...]:
    """Compare the rows of each file with the pictures in it.

    Parameters
    ----------
    values : array_like, shape (n, 4) or (n, 5)
        Rows of the stream.
    stamps_s : ndarray, shape (n,), float64
        Their stamps, on one clock.
    frames : mapping of int to int
        Pictures in each video, by its number; a number without rows is reported too.

    Returns
    -------
    files : tuple of FileIndex
        In the order of their numbers.
    """
    rows = np.asarray(values, np.float64)
    if rows.size == 0:
        rows = np.zeros((0, _FILE_CHANNEL + 1))
    numbered = rows.shape[1] > _FILE_CHANNEL
    # A recording of four channels has one video, whatever it is called.
    only = min(frames, default=1)
    file_of = rows[:, _FILE_CHANNEL].astype(int) if numbered else np.full(len(rows), only)
    numbers = sorted(set(file_of.tolist()) | set(frames))
    return tuple(
        _one(n, rows[file_of == n], stamps_s[file_of == n], frames.get(n, 0))
        for n in numbers
    )


def _one(
    number: int,
    rows: npt.NDArray[np.float64],
    stamps_s: npt.NDArray[np.float64],
    frames: int,
) -> FileIndex:
    index = rows[:, 0].astype(int)
    beyond = index >= frames
    held = stamps_s[~beyond]
    start_s = held[-1] if len(held) else (stamps_s[0] if len(stamps_s) else 0.0)
    last = int(index.max()) if len(index) else -1
    return FileIndex(
        file=number,
        rows=len(rows),
        frames=frames,
        holes=int(np.sum(np.diff(index, prepend=-1) != 1)),
        without_picture=int(beyond.sum()),
        without_picture_s=float(stamps_s[-1] - start_s) if beyond.any() else 0.0,
        without_row=max(frames - last - 1, 0),
        dropped=int(rows[:, 3].sum()),
    )
