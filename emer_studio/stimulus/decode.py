"""Reading a clip: its time line, its pictures one after another, its sound as a whole.

The time line is read first by walking through the packets without decoding them: it gives
each picture its true index in the file and the number of pictures to expect, also when a
clip is played from its middle. Times are the file's own PTS in seconds.
"""

from __future__ import annotations

import shlex
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from emer_studio.core.errors import BadInputError

__all__ = [
    "MAX_CLIP_S",
    "Pictures",
    "Timeline",
    "hdr_problem",
    "read_sound",
    "read_timeline",
    "shown_size",
    "video_stream",
]

Picture = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]

MAX_CLIP_S = 900.0
"""Longest part of a clip that plays: its sound is held in memory, 23 MB a minute."""

_UNSPECIFIED = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
# Transfer characteristics of ITU-T H.273: what they are called, and FFmpeg's name.
_HDR = {16: ("PQ", "smpte2084"), 18: ("HLG", "arib-std-b67")}
_TO_SDR = (
    "ffmpeg -i {name} -vf zscale=tin={transfer}:pin=bt2020:min=bt2020nc:p=bt2020:t=linear"
    ":npl=100,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
    " -c:v libx264 -crf 16 -c:a copy {target}"
)
_MAX_ERRORS = 1000  # chosen by us: a file that yields only errors ends


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


def _open(path: Path) -> Any:
    if not path.is_file():
        raise BadInputError(f"There is no clip {path}.", fix="Check the stimulus folder.")
    try:
        return av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInputError(
            f"{path.name} cannot be read as a video: {error}.",
            fix="Convert it to H.264 in MP4 or Matroska.",
        ) from None


def hdr_problem(path: Path, stream: Any) -> tuple[str, str] | None:
    """Return what is wrong with an HDR clip and how to mend it; None for SDR."""
    found = _HDR.get(stream.codec_context.color_trc)
    if found is None:
        return None
    name, target = shlex.quote(path.name), shlex.quote(f"{path.stem}-sdr.mp4")
    command = _TO_SDR.format(name=name, target=target, transfer=found[1])
    return (
        f"{path.name} is HDR ({found[0]}), which ordinary screens show wrongly.",
        f"Export it as SDR (BT.709), or convert it: {command}",
    )


def shown_size(frame: Any, aspect: float) -> tuple[int, int]:
    """Return width and height that a picture is meant to be shown with.

    Parameters
    ----------
    frame : av.VideoFrame
        A decoded picture; its side data tell a phone's rotation.
    aspect : float
        Width of a pixel divided by its height.
    """
    width, height = round(frame.width * aspect), frame.height
    return (height, width) if round(frame.rotation / 90) % 2 else (width, height)


def video_stream(container: Any, path: Path) -> Any:
    """Return the stream that is shown, never a cover picture.

    Raises
    ------
    BadInputError
        When there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return stream
    raise BadInputError(f"{path.name} has no video in it.", fix="Give a video file.")


def _packets(
    container: Any, stream: Any, on_error: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """Yield packets, going on behind places that cannot be read."""
    for _ in range(_MAX_ERRORS):
        try:
            yield from container.demux(stream)
            return
        except (av.FFmpegError, ValueError):
            on_error()


def read_timeline(path: Path) -> Timeline:
    """Read where the pictures of a clip lie, without decoding them.

    Raises
    ------
    BadInputError
        When the file is missing, is not a video, or holds no picture.
    """
    with _open(path) as container:
        stream = video_stream(container, path)
        hdr = hdr_problem(path, stream)
        width, height = int(stream.width), int(stream.height)
        packets = [
            (packet.pts, packet.is_discard)
            for packet in _packets(container, stream)
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
        with _open(self.timeline.path) as container:
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
        for packet in _packets(container, stream, self._count_error):
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


def read_sound(
    path: Path,
    from_s: float,
    duration_s: float,
    rate_hz: int,
    channels: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Samples:
    """Decode the sound of a clip into memory.

    Parameters
    ----------
    path : Path
        Clip with a sound track.
    from_s : float
        File time at which the first sample shall lie.
    duration_s : float
        Length wanted; later sound is cut off.
    rate_hz, channels : int
        Layout wanted (one or two channels).
    stopped : callable
        Asked now and then; True gives up early.

    Returns
    -------
    samples : ndarray, shape (n, channels), float32
        Within -1 … 1; silence where the track has none, empty when nothing decodes.
    """
    total = round(duration_s * rate_hz)
    sound = np.zeros((total, channels), np.float32)
    heard = False
    with _open(path) as container:
        stream = container.streams.audio[0]
        if from_s > 0:
            container.seek(int(from_s * av.time_base))
        for start_s, block in _blocks(container, stream, rate_hz, channels):
            first = round((start_s - from_s) * rate_hz)
            if first >= total or stopped():
                break
            skip = max(-first, 0)
            part = block[skip : skip + total - max(first, 0)]
            sound[max(first, 0) : max(first, 0) + len(part)] = part
            heard = heard or len(part) > 0
    return sound if heard else sound[:0]


def _blocks(
    container: Any, stream: Any, rate_hz: int, channels: int
) -> Iterator[tuple[float, Samples]]:
    """Yield file time and samples of each decoded block, resampled."""
    layout = "mono" if channels == 1 else "stereo"
    resampler = av.AudioResampler(format="flt", layout=layout, rate=rate_hz)
    start_s: float | None = None
    done = 0
    for packet in _packets(container, stream):
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            continue
        for frame in frames:
            if frame.time is not None:
                due = (start_s or 0.0) + done / rate_hz
                # A hole or a fresh start in the track: count from here again.
                if start_s is None or abs(frame.time - due) > 0.1:
                    start_s, done = frame.time, 0
            for out in resampler.resample(frame):
                block = out.to_ndarray().reshape(-1, channels).astype(np.float32)
                yield (start_s or 0.0) + done / rate_hz, block
                done += len(block)
