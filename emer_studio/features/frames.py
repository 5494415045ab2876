"""Any decoded frame of a video by its index, exactly, whatever its frame rate does.

An index of presentation time stamps is built once by demuxing; nothing is decoded for it.
A frame is found by seeking to the key frame before it and decoding up to its own stamp,
never by arithmetic with a frame rate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError, WorkFailedError

__all__ = ["FrameReader"]

_CACHE = 48  # chosen by us: a second and a half of a webcam, 44 MB at 640 x 480


class FrameReader:
    """Random access to the frames of a video.

    Parameters
    ----------
    path : Path
        The video.
    cache : int
        Decoded frames kept.
    widest_px : int, optional
        Wider pictures are made smaller, which is faster than converting them whole.

    Attributes
    ----------
    pts : ndarray, shape (n_frames,), int64
        Presentation time stamps in the stream's ticks, increasing.
    times_s : ndarray, shape (n_frames,), float64
        The same in seconds from the first frame.
    first_s : float
        Time stamp of the first frame in seconds.
    width_px, height_px : int
        Of the video; its pictures may be asked for smaller.

    Raises
    ------
    BadInputError
        When the file is no readable video, or two frames share a time stamp.
    """

    def __init__(
        self, path: Path, *, cache: int = _CACHE, widest_px: int | None = None
    ) -> None:
        self.path, self._widest_px = path, widest_px
        try:
            self._container = av.open(str(path))
        except (OSError, av.FFmpegError) as problem:
            raise BadInputError(f"{path} is not a readable video: {problem}.") from None
        try:
            self.pts, self._keys = self._index()
        except BadInputError:
            self._container.close()
            raise
        self._order = {int(pts): index for index, pts in enumerate(self.pts)}
        base = float(self._stream.time_base or 0)
        self.times_s = (self.pts - self.pts[0]).astype(np.float64) * base
        self.first_s = float(self.pts[0]) * base
        self.width_px, self.height_px = int(self._stream.width), int(self._stream.height)
        self._kept: OrderedDict[int, npt.NDArray[np.uint8]] = OrderedDict()
        self._size = max(cache, 1)
        self._frames: Iterator[Any] | None = None
        self._at = -1  # index of the frame decoded last

    def __len__(self) -> int:
        return len(self.pts)

    def rgb(self, index: int) -> npt.NDArray[np.uint8]:
        """Return frame `index`.

        Returns
        -------
        picture : ndarray, shape (height, width, 3), uint8
            RGB; shared with the cache, not to be written to.

        Raises
        ------
        IndexError
            Outside of the video.
        WorkFailedError
            When the file is damaged there.
        """
        if not 0 <= index < len(self.pts):
            raise IndexError(f"frame {index} of {len(self.pts)}")
        kept = self._kept.get(index)
        if kept is not None:
            self._kept.move_to_end(index)
            return kept
        try:
            return self._decode(index)
        except av.FFmpegError as problem:
            self._frames = None
            raise WorkFailedError(
                f"Frame {index} of {self.path.name} cannot be decoded: {problem}."
            ) from None

    def at(self, time_s: float) -> int:
        """Return the frame that is shown at `time_s` seconds after the first one."""
        return max(int(np.searchsorted(self.times_s, time_s, side="right")) - 1, 0)

    def close(self) -> None:
        """Close the file."""
        self._frames = None
        self._kept.clear()
        self._container.close()

    @property
    def _stream(self) -> Any:
        return self._container.streams.video[0]

    def _index(self) -> tuple[npt.NDArray[np.int64], list[int]]:
        if not self._container.streams.video:
            raise BadInputError(f"{self.path} has no picture.")
        stamps, keys = [], []
        try:
            for packet in self._container.demux(video=0):
                if not packet.size:
                    continue
                if packet.pts is None:
                    raise BadInputError(f"{self.path}: a frame has no time stamp.")
                stamps.append(packet.pts)
                if packet.is_keyframe:
                    keys.append(packet.pts)
        except av.FFmpegError as problem:
            raise BadInputError(f"{self.path} is damaged: {problem}.") from None
        pts = np.sort(np.array(stamps, dtype=np.int64))
        if not len(pts) or np.any(np.diff(pts) == 0):
            raise BadInputError(f"{self.path} holds no frames, or two with one time stamp.")
        return pts, sorted(keys)

    def _decode(self, index: int) -> npt.NDArray[np.uint8]:
        wanted = int(self.pts[index])
        key = self._key_before(wanted)
        near = self._at < index and (key is None or self.pts[self._at] >= key)
        if self._frames is None or self._at < 0 or not near:
            self._seek(key if key is not None else int(self.pts[0]))
        assert self._frames is not None
        for frame in self._frames:
            if frame.pts is None or frame.pts not in self._order:
                continue
            self._at = self._order[frame.pts]
            if self._at <= index:
                picture = self._sized(frame).to_ndarray(format="rgb24")
                self._keep(self._at, picture)
            if self._at == index:
                return np.asarray(picture, dtype=np.uint8)
            if self._at > index:
                break
        self._frames = None
        raise WorkFailedError(f"Frame {index} of {self.path.name} cannot be decoded.")

    def _sized(self, frame: Any) -> Any:
        widest = self._widest_px
        if widest is None or frame.width <= widest:
            return frame
        height = max(round(frame.height * widest / frame.width), 1)
        return frame.reformat(widest, height, "rgb24")

    def _key_before(self, pts: int) -> int | None:
        place = bisect_right(self._keys, pts)
        return self._keys[place - 1] if place else None

    def _seek(self, pts: int) -> None:
        self._container.seek(pts, stream=self._stream, backward=True)
        self._frames = self._container.decode(video=0)
        self._at = -1

    def _keep(self, index: int, picture: npt.NDArray[np.uint8]) -> None:
        self._kept[index] = picture
        self._kept.move_to_end(index)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
