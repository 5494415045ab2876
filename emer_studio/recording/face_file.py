"""A video file and the table of its frames: ``face_001.mkv``, ``face_001.frames.csv``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emer_studio.core import clock
from emer_studio.core.files import fsync_file
from emer_studio.devices.camera import CameraFacts, Frame
from emer_studio.recording.codecs import Codec
from emer_studio.recording.frame_index import file_number
from emer_studio.recording.video import VideoWriter

__all__ = ["FaceFile", "Row", "WriterMaker", "names_of", "next_video"]

WriterMaker = Callable[..., VideoWriter]
_NUMBERED = re.compile(r"(.*)_(\d+)")
_HEAD = "index,pts_ms,t_s,queue_delay_ms,dropped_before\n"


def next_video(path: Path) -> Path:
    """Return the first free name after `path`: ``face_001`` → ``face_002``."""
    match = _NUMBERED.fullmatch(path.stem)
    stem, digits = (match[1], len(match[2])) if match else (path.stem, 3)
    number = file_number(path)
    while True:
        number += 1
        beside = path.with_name(f"{stem}_{number:0{digits}d}{path.suffix}")
        if not any(taken.exists() for taken in names_of(beside)):
            return beside


def names_of(path: Path) -> tuple[Path, ...]:
    """Return every file that recording to `path` makes: finished, unfinished, table."""
    return path, path.with_name(path.name + ".writing"), path.with_suffix(".frames.csv")


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a frame once it is in the file.

    Attributes
    ----------
    index : int
        Its index in this file.
    pts_ms : int
        Its time stamp in the file, ms.
    delay_ms : float
        From its stamp until it was in the file.
    """

    index: int
    pts_ms: int
    delay_ms: float


class FaceFile:
    """A video being written, and its table.

    Parameters
    ----------
    path : Path
        Final name of the video.
    facts : CameraFacts
        What the camera delivers.
    size_px : tuple of int
        Width and height of its frames.
    codec : str
        See `recording.video.VideoWriter`.
    make_writer : callable
        Makes the video writer; another one in tests.
    """

    def __init__(
        self,
        path: Path,
        facts: CameraFacts,
        size_px: tuple[int, int],
        codec: Codec,
        make_writer: WriterMaker = VideoWriter,
    ) -> None:
        self.path, self.number = path, file_number(path)
        self.size_px = size_px
        self._codec = codec
        self._first_s = self._last_s = 0.0
        self._writer = make_writer(
            path,
            width_px=size_px[0],
            height_px=size_px[1],
            fps=facts.fps,
            codec=codec,
        )
        try:
            # Open until `close`, and `x`: nothing is ever overwritten.
            self._table = path.with_suffix(".frames.csv").open("x", encoding="utf-8")
        except OSError:
            self._writer.abandon()
            raise
        self._table.write(_HEAD)
        self._table.flush()

    @property
    def frames(self) -> int:
        """Frames in the file."""
        return self._writer.frames

    def write(self, frame: Frame, dropped_before: int) -> Row:
        """Put a frame into the file, then a row into the table."""
        if frame.jpeg is not None and self._codec == "mjpeg":
            pts = self._writer.write_jpeg(frame.jpeg, frame.t_s)
        else:
            pts = self._writer.write(frame.picture(), frame.t_s)
        index = self._writer.frames - 1
        if index == 0:
            self._first_s = frame.t_s
        self._last_s = frame.t_s
        delay_ms = (clock.now_s() - frame.t_s) * 1e3
        self._table.write(f"{index},{pts},{frame.t_s!r},{delay_ms:.2f},{dropped_before}\n")
        self._table.flush()
        return Row(index, pts, delay_ms)

    def close(self) -> None:
        """Finish both files; the video gets its final name."""
        fsync_file(self._table)
        self._table.close()
        self._writer.close()

    def abandon(self) -> None:
        """Close what cannot be finished (a full disk); the video keeps ``.writing``."""
        self._writer.abandon()
        try:
            self._table.close()
        except OSError:
            pass

    def facts(self) -> dict[str, object]:
        """Return what a summary says of this file."""
        return {
            "video": str(self.path),
            "file": self.number,
            "frames": self.frames,
            "first_s": self._first_s,
            "last_s": self._last_s,
            "width_px": self.size_px[0],
            "height_px": self.size_px[1],
        }
