"""Decodes a video or a picture once, frame by frame, with its true time stamps."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["Frame", "Source"]

_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame.

    Attributes
    ----------
    index : int
        Position in decoding order of presentation, from 0.
    pts : int or None
        Presentation time stamp in the stream's ticks.
    time_s : float or None
        The same in seconds.
    bgr : ndarray, shape (h, w, 3), uint8
        As stored: a rotation asked for in the file's metadata is not carried out.
    """

    index: int
    pts: int | None
    time_s: float | None
    bgr: npt.NDArray[np.uint8]


class Source:
    """A video or picture file, decoded once from the first frame or from a later one.

    Parameters
    ----------
    path : Path
        The file.
    seen : int
        Frames at the beginning that are left out.
    last_pts : int or None
        Presentation time stamp of the last of them; makes finding the next one quick.

    Attributes
    ----------
    expected : int
        Frames the file says it has, 0 when it does not say; never relied on.
    damaged : str
        After reading: why decoding stopped early, empty when it did not.
    """

    def __init__(self, path: Path, seen: int = 0, last_pts: int | None = None) -> None:
        if not path.is_file():
            raise BadInputError(
                f"{path} does not exist or is not a file.",
                fix="Give a video, a picture, a session folder or a study folder.",
            )
        self.path = path
        self.expected = 0
        self.damaged = ""
        self._seen, self._last_pts = seen, last_pts

    def __iter__(self) -> Iterator[Frame]:
        if self.path.suffix.lower() in IMAGE_SUFFIXES:
            yield from [self._picture()][self._seen :]
        else:
            yield from self._video()

    def _picture(self) -> Frame:
        raw = np.frombuffer(self.path.read_bytes(), np.uint8)
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        bgr = cv2.imdecode(raw, flags) if raw.size else None
        if bgr is None:
            raise BadInputError(f"{self.path} cannot be decoded as a picture.")
        self.expected = 1
        return Frame(0, 0, 0.0, np.asarray(bgr, np.uint8))

    def _video(self) -> Iterator[Frame]:
        index = self._seen
        try:
            for frame in self._unseen():
                yield Frame(index, frame.pts, frame.time, _bgr(frame))
                index += 1
        except (av.error.FFmpegError, EOFError) as problem:
            if index == 0:
                raise BadInputError(f"{self.path} cannot be decoded: {problem}.") from None
            self.damaged = str(problem)
        if index == 0:
            raise BadInputError(f"{self.path} holds no frame that can be decoded.")

    def _unseen(self) -> Iterator[av.VideoFrame]:
        if self._seen and self._last_pts is not None:
            sought, found = self._decoded(self._last_pts), False
            with contextlib.suppress(av.error.FFmpegError, EOFError):
                found = any(frame.pts == self._last_pts for frame in sought)
            if found:  # where the last frame comes again, the next one is the right one
                yield from sought
                return
        yield from itertools.islice(self._decoded(None), self._seen, None)

    def _decoded(self, sought_pts: int | None) -> Iterator[av.VideoFrame]:
        with av.open(str(self.path)) as container:
            if not container.streams.video:
                raise BadInputError(f"{self.path} has no picture in it.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            self.expected = _declared(container, stream)
            if sought_pts is not None:
                container.seek(sought_pts, stream=stream, backward=True)
            yield from container.decode(stream)


def _bgr(frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """Return a frame's picture; the usual kind by OpenCV, in half of swscale's time."""
    even = frame.width % 2 == 0 and frame.height % 2 == 0
    if frame.format.name == "yuv420p" and even and frame.color_range != _FULL_RANGE:
        converted = cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420)
        return np.asarray(converted, np.uint8)
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _declared(container: object, stream: object) -> int:
    """Return the number of frames the file declares, or what its length suggests."""
    frames = int(getattr(stream, "frames", 0) or 0)
    duration, rate = (
        getattr(container, "duration", None),
        getattr(stream, "average_rate", None),
    )
    if not frames and duration and rate:
        frames = round(duration / 1e6 * float(rate))
    return frames
