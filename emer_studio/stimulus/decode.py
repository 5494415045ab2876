"""Reading a clip: its time line, and its pictures one after another.

The time line is read first by walking through the packets without decoding them: it gives
each picture its true index in the file and the number of pictures to expect, also when a
clip is played from its middle. Times are the file's own PTS in seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from emer_studio.core.errors import BadInputError
from emer_studio.stimulus.container import (
    hdr_problem,
    open_clip,
    packets_of,
    shown_size,
    video_stream,
)

__all__ = ["MAX_CLIP_S", "Pictures", "Timeline", "read_timeline"]

Picture = npt.NDArray[np.uint8]

MAX_CLIP_S = 900.0
"""Longest part of a clip that plays: its sound is held in memory, 23 MB a minute."""

_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where the pictures of a file lie in time.

    Parameters
    ----------
    width, height : int
        As coded, before pixel aspect and rotation; see `shown_size`.
    pts_s : ndarray, shape (n_pictures,), float64
        Presentation times in seconds, file clock, ascending. Pictures that an edit list
        cuts off are not among them: no player shows them.
    step_s : float
        Median time between two pictures.
    cut : int
        Pictures in the file that an edit list cuts off.
    missing : int
        Pictures that the container promises and that are not there.
    hdr : tuple of str, optional
        See `hdr_problem`.
    """

    path: Path
    width: int
    height: int
    has_audio: bool
    pts_s: npt.NDArray[np.float64]
    step_s: float
    cut: int = 0
    missing: int = 0
    hdr: tuple[str, str] | None = None

    @property
    def fps(self) -> float:
        """Mean pictures per second over the file."""
        if len(self.pts_s) < 2:
            return 1.0 / self.step_s
        return float((len(self.pts_s) - 1) / (self.pts_s[-1] - self.pts_s[0]))

    @property
    def duration_s(self) -> float:
        """Length of the video: the last picture is shown for one more step."""
        return float(self.pts_s[-1] - self.pts_s[0] + self.step_s)

    def index_of(self, pts_s: float) -> int:
        """Return the index of the picture at `pts_s`, in presentation order."""
        return bisect_left(self.pts_s, pts_s - self.step_s / 4)


def read_timeline(path: Path) -> Timeline:
    """Read where the pictures of a clip lie, without decoding them.

    Raises
    ------
    BadInputError
        When the file is missing, is not a video, or holds no picture.
    """
    with open_clip(path) as container:
        stream = video_stream(container, path)
        hdr = hdr_problem(path, stream)
        width, height = int(stream.width), int(stream.height)
        packets = [
            (packet.pts, packet.is_discard)
            for packet in packets_of(container, stream)
            if packet.size and packet.pts is not None
        ]
        pts = [at for at, cut in packets if not cut]
        pts_s = np.unique(np.array(pts, np.float64)) * float(stream.time_base or 0)
        rate, declared = float(stream.average_rate or 0), int(stream.frames)
        has_audio = bool(container.streams.audio)
    if not len(pts_s) or width <= 0:
        raise BadInputError(f"{path.name} holds no picture.", fix="Give another file.")
    step_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 1 / (rate or 25.0)
    return Timeline(
        path,
        width,
        height,
        has_audio,
        pts_s,
        step_s,
        cut=len(packets) - len(pts),
        missing=max(declared - len(packets), 0),
        hdr=hdr,
    )


class Pictures:
    """The pictures of a clip in order, scaled to fit a box; iterate once.

    Parameters
    ----------
    timeline : Timeline
        Of the file to read.
    from_s, to_s : float
        First and last time, file clock, half open.
    fit_px : tuple of int, optional
        Width and height of the box; the picture keeps its shape, pixel aspect and
        rotation included. The clip's own size when absent.
    wanted : callable
        Asked for each PTS before the costly conversion; False skips the picture.

    Attributes
    ----------
    errors : int
        Places that could not be read, packets that do not decode, damaged pictures, and
        at the end of a file that was cut off what is missing there.
    shown_px : tuple of int
        Width and height it is meant to be shown with, once there was a picture.
    """

    def __init__(
        self,
        timeline: Timeline,
        from_s: float,
        to_s: float,
        *,
        fit_px: tuple[int, int] | None = None,
        wanted: Callable[[float], bool] = lambda pts_s: True,
    ) -> None:
        self.timeline = timeline
        self.errors = timeline.missing if to_s > timeline.pts_s[-1] else 0
        self.shown_px = timeline.width, timeline.height
        self._from_s, self._to_s = from_s, to_s
        self._fit_px = fit_px
        self._wanted = wanted
        self._reformatter = VideoReformatter()

    def __iter__(self) -> Iterator[tuple[int, float, Picture]]:
        """Yield index in the file, PTS in seconds and BGRA picture (height, width, 4)."""
        slack_s = self.timeline.step_s / 4
        with open_clip(self.timeline.path) as container:
            stream = video_stream(container, self.timeline.path)
            aspect = float(stream.sample_aspect_ratio or 1) or 1.0
            if self._from_s > self.timeline.pts_s[0] + slack_s:
                container.seek(int(self._from_s / stream.time_base), stream=stream)
            for frame in self._frames(container, stream):
                if frame.pts is None:
                    self.errors += 1
                    continue
                pts_s = float(frame.pts * stream.time_base)
                if pts_s >= self._to_s - slack_s:
                    return
                if pts_s < self._from_s - slack_s or not self._wanted(pts_s):
                    continue
                self.errors += bool(frame.is_corrupt)
                self.shown_px = shown_size(frame, aspect)
                yield self.timeline.index_of(pts_s), pts_s, self._convert(frame, aspect)

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        for packet in packets_of(container, stream, self._count_error):
            try:
                yield from packet.decode()
            except (av.FFmpegError, ValueError):
                self._count_error()

    def _count_error(self) -> None:
        self.errors += 1

    def _convert(self, frame: Any, aspect: float) -> Picture:
        turns = round(frame.rotation / 90) % 4
        width, height = _fit(frame.width * aspect, frame.height, turns, self._fit_px)
        source = None
        if frame.colorspace == _UNSPECIFIED:
            # What players agree on where a file does not say: HD is BT.709, SD BT.601.
            source = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
        shown = self._reformatter.reformat(
            frame,
            width,
            height,
            "bgra",
            src_colorspace=source,
            interpolation=Interpolation.BILINEAR,
            threads=1,
        )
        picture = shown.to_ndarray()
        return np.ascontiguousarray(np.rot90(picture, turns) if turns else picture)


def _fit(
    width: float, height: float, turns: int, box: tuple[int, int] | None
) -> tuple[int, int]:
    """Return the size to convert to, before a rotation by `turns` quarter turns."""
    scale = 1.0
    if box is not None:
        across, down = (box[1], box[0]) if turns % 2 else box
        scale = min(across / width, down / height)
    return max(round(width * scale), 1), max(round(height * scale), 1)
