"""A clip's file: opened, its packets, which of its streams is shown, how large, and HDR."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from emer_studio.core.errors import BadInputError

__all__ = ["hdr_problem", "open_clip", "packets_of", "shown_size", "video_stream"]

_MAX_ERRORS = 1000  # chosen by us: a file that yields only errors ends
# Transfer characteristics of ITU-T H.273: what they are called, and FFmpeg's name.
_HDR = {16: ("PQ", "smpte2084"), 18: ("HLG", "arib-std-b67")}
_TO_SDR = (
    "ffmpeg -i {name} -vf zscale=tin={transfer}:pin=bt2020:min=bt2020nc:p=bt2020:t=linear"
    ":npl=100,format=gbrpf32le,zscale=p=bt709,"
    "tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p"
    " -c:v libx264 -crf 16 -c:a copy {target}"
)


def open_clip(path: Path) -> Any:
    """Open a clip's container.

    Raises
    ------
    BadInputError
        When the file is missing or no media file.
    """
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


def packets_of(
    container: Any, stream: Any, on_error: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """Yield packets, going on behind places that cannot be read."""
    for _ in range(_MAX_ERRORS):
        try:
            yield from container.demux(stream)
            return
        except (av.FFmpegError, ValueError):
            on_error()
