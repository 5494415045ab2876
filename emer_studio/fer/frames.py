"""Decodes a video or a picture once, frame by frame, with its true time stamps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["Frame", "Source"]

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
    """A video or picture file.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    expected : int
        Frames the file says it has, 0 when it does not say; never relied on.
    damaged : str
        After reading: why decoding stopped early, empty when it did not.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise BadInputError(
                f"{path} does not exist or is not a file.",
                fix="Give a video, a picture, a session folder or a study folder.",
            )
        self.path = path
        self.expected = 0
        self.damaged = ""

    def __iter__(self) -> Iterator[Frame]:
        if self.path.suffix.lower() in IMAGE_SUFFIXES:
            yield self._picture()
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
        import av

        index = 0
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise BadInputError(f"{self.path} has no picture in it.")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                self.expected = _declared(container, stream)
                for frame in container.decode(stream):
                    bgr = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                    yield Frame(index, frame.pts, frame.time, bgr)
                    index += 1
        except (av.error.FFmpegError, EOFError) as problem:
            if index == 0:
                raise BadInputError(f"{self.path} cannot be decoded: {problem}.") from None
            self.damaged = str(problem)
        if index == 0:
            raise BadInputError(f"{self.path} holds no frame that can be decoded.")


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
