"""In how much of a clip a face was seen, without looking at every frame.

Our videos have a key frame every half second, so only key frames are decoded: two frames a
second. Where those are fewer than ten, or their share lies near the limit that decides,
every frame of the clip is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt

from emer_studio.features.faces import FaceDetector
from emer_studio.recording.reader import Recording, frame_table

__all__ = ["SAMPLING", "FaceLook", "Presence"]

SAMPLING = (
    "a frame every half second (key frames); every frame where those are fewer than ten or"
    " their share lies near the limit"
)
_EVERY_MS = (
    450.0  # a key frame comes after half a second at the latest; MJPEG has only such
)
_FEW = 10  # frames; chosen by us: a share of fewer is a tenth or more off by one of them
_NEAR = 0.2  # chosen by us: a loss in two or three stretches is mistaken by less


@dataclass(frozen=True, slots=True)
class Presence:
    """Frames of a clip that were looked at, and those of them with a face."""

    looked_at: int
    with_face: int

    @property
    def share(self) -> float:
        """Share with a face; 0 where there was no frame."""
        return self.with_face / self.looked_at if self.looked_at else 0.0


class FaceLook:
    """Looks for faces in the videos of a session.

    Parameters
    ----------
    recording : Recording
    detector : FaceDetector
    limit : float
        The share of frames that decides.
    """

    def __init__(self, recording: Recording, detector: FaceDetector, limit: float) -> None:
        self._detector, self._limit = detector, limit
        self._videos = [(path, frame_table(path)) for path in recording.videos]

    def between(self, start_s: float, end_s: float) -> Presence:
        """Look at the frames taken from `start_s` to `end_s` (LSL clock)."""
        found = self._presence(start_s, end_s, keys=True)
        near = abs(found.share - self._limit) < _NEAR
        if found.looked_at < _FEW or near:
            return self._presence(start_s, end_s, keys=False)
        return found

    def _presence(self, start_s: float, end_s: float, *, keys: bool) -> Presence:
        seen = [
            bool(self._detector.detect(picture))
            for path, table in self._videos
            if len(pts := _between(table, start_s, end_s))
            for picture in _pictures(path, pts, keys=keys)
        ]
        return Presence(len(seen), sum(seen))


def _between(
    table: dict[str, npt.NDArray[np.float64]], start_s: float, end_s: float
) -> npt.NDArray[np.float64]:
    """Return the presentation times (ms) of the frames taken in a span."""
    inside = (table["t_s"] >= start_s) & (table["t_s"] < end_s)
    return table["pts_ms"][inside]


def _pictures(
    path: Path, pts_ms: npt.NDArray[np.float64], *, keys: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield frames (h, w, 3) in BGR, of those with these presentation times."""
    wanted, last = {int(pts) for pts in pts_ms}, int(pts_ms[-1])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if keys:
            stream.codec_context.skip_frame = "NONKEY"
        base_ms = 1000.0 * float(stream.time_base or 0)
        container.seek(round(pts_ms[0] / base_ms), stream=stream, backward=True)
        before_ms = -np.inf
        for frame in cast("Iterator[Any]", container.decode(video=0)):
            at_ms = round(frame.pts * base_ms)
            if at_ms > last:
                return
            if at_ms in wanted and (not keys or at_ms - before_ms >= _EVERY_MS):
                before_ms = at_ms
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
