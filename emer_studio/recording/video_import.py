"""A face video from elsewhere as one of a session: Matroska, a stamp for each frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.recording.video import VideoWriter

__all__ = ["TakenVideo", "take_video"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TakenVideo:
    """What became of a video.

    Attributes
    ----------
    stamps_s : ndarray, shape (n_frames,), float64
        When each frame was taken, on the clock of `starts_at_s`.
    pts_ms : ndarray, shape (n_frames,), int64
        Its time in the new file.
    width_px, height_px : int
    encoded_anew : bool
        The pictures could not be taken over as they were.
    """

    stamps_s: Floats
    pts_ms: npt.NDArray[np.int64]
    width_px: int
    height_px: int
    encoded_anew: bool


def take_video(source: Path, target: Path, starts_at_s: float) -> TakenVideo:
    """Copy the pictures of a video into a new file, with its table of frames beside it.

    They are taken over packet by packet. Where Matroska cannot hold them, the file has
    frames without a time, hides some, or is turned (as telephones do), they are encoded
    anew, nearly lossless. Sound stays behind.

    Parameters
    ----------
    source, target : Path
    starts_at_s : float
        When the first frame was taken.

    Raises
    ------
    BadInputError
        When it is no video, or damaged.
    """
    try:
        times_s, as_it_is = _look(source)
        if as_it_is and _remuxed(source, target, len(times_s)):
            return _tabled(target, starts_at_s + times_s, encoded_anew=False)
        target.unlink(missing_ok=True)
        return _tabled(target, _encoded(source, target, starts_at_s), encoded_anew=True)
    except (av.FFmpegError, OSError) as problem:
        reason = problem.strerror or str(problem)
        raise BadInputError(f"{source} is not a readable video: {reason}.") from None


def _look(source: Path) -> tuple[Floats, bool]:
    """Return when each frame is shown, from the first, and whether packets can be kept."""
    with av.open(str(source)) as container:
        if not container.streams.video:
            raise BadInputError(f"{source} has no picture.")
        packets = [packet for packet in container.demux(video=0) if packet.size]
        base = float(container.streams.video[0].time_base or 0)
        pts = sorted(packet.pts for packet in packets if packet.pts is not None)
        hidden = any(packet.is_discard for packet in packets)
    whole = len(pts) == len(packets) and len(set(pts)) == len(pts)
    with av.open(str(source)) as container:
        first = next(container.decode(video=0), None)
        if first is None:
            raise BadInputError(f"{source} holds no frame that decodes.")
        turned = bool(first.rotation)
    times_s = (np.array(pts or [0], np.float64) - (pts[0] if pts else 0)) * base
    return times_s, whole and base > 0 and not hidden and not turned


def _remuxed(source: Path, target: Path, frames: int) -> bool:
    """Copy the packets; False when Matroska does not take them, or shows others."""
    try:
        with (
            av.open(str(source)) as container,
            av.open(str(target), "w", format="matroska") as out,
        ):
            stream = out.add_stream_from_template(container.streams.video[0])
            for packet in container.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
    except (av.FFmpegError, ValueError):
        return False
    return len(set(_pts_ms(target))) == frames


def _encoded(source: Path, target: Path, starts_at_s: float) -> Floats:
    """Encode every frame anew; return their stamps."""
    writer: VideoWriter | None = None
    stamps: list[float] = []
    try:
        for t_s, picture in _pictures(source):
            if writer is None:
                high, wide = picture.shape[:2]
                size = {"width_px": wide, "height_px": high}
                writer = VideoWriter(target, **size, fps=0, codec="near-lossless")
            stamps.append(starts_at_s + t_s)
            writer.write(picture, stamps[-1])
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    if writer is None:
        raise BadInputError(f"{source} holds no frame that decodes.")
    writer.close()
    return np.array(stamps)


def _pictures(source: Path) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    with av.open(str(source)) as container:
        rate = float(container.streams.video[0].average_rate or 0)
        first: float | None = None
        for index, frame in enumerate(container.decode(video=0)):
            if frame.time is None and rate <= 0:
                raise BadInputError(f"{source}: its frames have no times, nor a rate.")
            time_s = index / rate if frame.time is None else float(frame.time)
            first = time_s if first is None else first
            picture = np.rot90(frame.to_ndarray(format="bgr24"), frame.rotation // 90)
            yield time_s - first, np.ascontiguousarray(picture, np.uint8)


def _tabled(target: Path, stamps_s: Floats, *, encoded_anew: bool) -> TakenVideo:
    """Write the table beside a video, and return what it says."""
    pts_ms = np.array(_pts_ms(target), np.int64)
    rows = [
        f"{index},{pts},{t_s!r},0.0,0"
        for index, (pts, t_s) in enumerate(
            zip(pts_ms.tolist(), stamps_s.tolist(), strict=True)
        )
    ]
    head = "index,pts_ms,t_s,queue_delay_ms,dropped_before"
    write_atomic(target.with_suffix(".frames.csv"), "\n".join([head, *rows]) + "\n")
    with av.open(str(target)) as container:
        context: Any = container.streams.video[0].codec_context
        size = int(context.width), int(context.height)
    return TakenVideo(stamps_s, pts_ms, *size, encoded_anew)


def _pts_ms(path: Path) -> list[int]:
    """Return the times of the frames in a file, in the order in which they are shown."""
    with av.open(str(path)) as container:
        base = float(container.streams.video[0].time_base or 0)
        packets = container.demux(video=0)
        return sorted(round((p.pts or 0) * base * 1000) for p in packets if p.size)
