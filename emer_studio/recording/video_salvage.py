"""A proper end for videos whose camera process was killed.

A cut-off Matroska file plays up to its last whole cluster, but has no index and no
duration, and its name says ``.writing``. Its packets are copied, none is encoded again; the
bytes as they were left are kept beside it as ``.cut``.
"""

from __future__ import annotations

from pathlib import Path

import av

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import rename_exclusively

__all__ = ["CUT", "WRITING", "cut_off_videos", "finish_video"]

WRITING, CUT = ".writing", ".cut"


def cut_off_videos(folder: Path) -> list[Path]:
    """Return the unfinished videos of a session that nobody records any more."""
    return sorted(folder.glob(f"face_*.mkv{WRITING}"))


def finish_video(path: Path) -> tuple[Path, int]:
    """Finish a cut-off video.

    Parameters
    ----------
    path : Path
        ``….mkv.writing``; renamed to ``….mkv.cut`` when the copy is complete.

    Returns
    -------
    finished : Path
        ``….mkv``.
    frames : int
        Pictures in it.

    Raises
    ------
    BadInputError
        When it holds no picture, or a finished video is already there.
    """
    finished = path.with_name(path.name.removesuffix(WRITING))
    if finished.exists() or path.name == finished.name:
        raise BadInputError(
            f"Expected an unfinished video, ….mkv{WRITING} without a finished one beside"
            f" it; found {path.name}."
        )
    part = finished.with_name(finished.name + ".part")
    try:
        frames = _copy(path, part)
    except (av.FFmpegError, IndexError) as problem:
        part.unlink(missing_ok=True)
        raise BadInputError(f"{path.name} holds no picture: {problem}.") from None
    rename_exclusively(part, finished)
    rename_exclusively(path, finished.with_name(finished.name + CUT))
    return finished, frames


def _copy(source: Path, target: Path) -> int:
    frames = 0
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", format="matroska") as made,
    ):
        stream = given.streams.video[0]
        out = made.add_stream_from_template(stream)
        for packet in given.demux(stream):
            if packet.dts is None:  # the end
                continue
            packet.stream = out
            made.mux(packet)
            frames += 1
    return frames
