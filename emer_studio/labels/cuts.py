"""Cutting the frames of one item out of a face video, so that nothing else is in the file.

Encoded anew, because a cut between key frames shows what came before; without sound and
without the words of a header. Which frames they were stays in the study.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import av
import numpy as np

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.labels.pieces import Piece
from emer_studio.recording.video import VideoWriter

__all__ = ["cut", "pad"]

_MOST_PADDING = 1 << 16  # bytes; chosen by us: more than two encodings of one cut differ
_VOID = b"\xec"  # Matroska's element for nothing
_EIGHT = b"\x01"  # says that its length follows in seven bytes


def cut(piece: Piece, out: Path) -> list[int]:
    """Write the frames of an item to a Matroska file of their own.

    Returns
    -------
    pts : list of int
        The frames' time stamps in the source, in its stream's ticks: frame ``k`` of the
        cut is frame ``first + k`` of the source and carries stamp ``pts[k]`` there.

    Raises
    ------
    WorkFailedError
        When the video does not hold these frames.
    """
    stamps, keys = _stamps(piece.video)
    wanted = stamps[piece.first : piece.last + 1]
    if len(wanted) != piece.last + 1 - piece.first:
        raise WorkFailedError(
            f"{piece.video} has {len(stamps)} frames; {piece.item} needs up to"
            f" {piece.last + 1}."
        )
    key = max((k for k in keys if k <= wanted[0]), default=stamps[0])
    written: list[int] = []
    writer: VideoWriter | None = None
    with av.open(str(piece.video)) as container:
        stream = container.streams.video[0]
        base, rate = float(stream.time_base or 0), float(stream.average_rate or 30)
        container.seek(key, stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts < wanted[0]:
                continue
            if frame.pts > wanted[-1]:
                break
            size: dict[str, Any] = {"width_px": frame.width, "height_px": frame.height}
            writer = writer or VideoWriter(out, fps=rate, **size)
            bgr = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            writer.write(bgr, frame.pts * base)
            written.append(frame.pts)
    if writer is not None:
        writer.close()
    if written != wanted:
        raise WorkFailedError(
            f"{piece.video}: {len(written)} of {len(wanted)} frames could be decoded."
        )
    return written


def _stamps(video: Path) -> tuple[list[int], list[int]]:
    """Return the time stamps of all frames and of the key frames, increasing."""
    stamps, keys = [], []
    try:
        with av.open(str(video)) as container:
            for packet in container.demux(video=0):
                if packet.size and packet.pts is not None and not packet.is_discard:
                    stamps.append(packet.pts)
                    if packet.is_keyframe:
                        keys.append(packet.pts)
    except (av.FFmpegError, OSError, IndexError) as problem:
        raise BadInputError(f"{video} is not a readable video: {problem}.") from None
    return sorted(stamps), sorted(keys)


def pad(video: Path) -> None:
    """Give a cut a size that tells nothing: a repeat's would be that of its first showing.

    The padding is an element that every reader of Matroska skips.
    """
    size = secrets.randbelow(_MOST_PADDING)
    with video.open("ab") as file:
        file.write(_VOID + _EIGHT + size.to_bytes(7, "big") + secrets.token_bytes(size))
