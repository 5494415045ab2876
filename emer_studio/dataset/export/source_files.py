"""The recorded files that go along with an export: face video, streams, sound."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import av
import numpy as np
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_atomic
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.recording.reader import frame_table

__all__ = ["copy_sources"]

_STREAMS = ("streams_*.xdf", "standby_*.xdf")
_SOUND = ("voice_*.mka", "voice_*.audio.json")


def copy_sources(
    gathered: Gathered, one: OutSession, folder: Path, *, pictures: bool
) -> None:
    """Copy what may go out of a session.

    A release has no streams and no sound: streams name hosts, devices and the participant
    in every header and marker, and a voice is a person. What the streams hold of gaze and
    events is in the tables.

    Parameters
    ----------
    gathered : Gathered
    one : OutSession
    folder : Path
        Made when there is something to put into it.
    pictures : bool
        Whether video goes out where consent allows it.
    """
    session, release = one.session.folder, gathered.names.release
    filmed = pictures and one.permission.video
    if filmed and not one.recording.videos:
        gathered.leave_out(one, "face video", "there is none in the session")
    for video in one.recording.videos if filmed else []:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _copy_picture(video, folder / video.name)
        except (av.FFmpegError, IndexError) as problem:
            gathered.leave_out(one, video.name, f"it cannot be read: {_why(problem)}")
            continue
        _write_frame_times(gathered, one, video, folder)
    patterns = () if release else (*_STREAMS, *(_SOUND if filmed else ()))
    for path in sorted(path for pattern in patterns for path in session.glob(pattern)):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)


def _copy_picture(source: Path, target: Path) -> None:
    """Copy the picture alone, bit by bit, without tags, titles or dates of the file."""
    with av.open(str(source)) as read, av.open(str(target), "w", format="matroska") as out:
        stream = read.streams.video[0]
        copied = out.add_stream_from_template(stream)
        copied.metadata.clear()
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copied
                out.mux(packet)


def _why(problem: Exception) -> str:
    return str(getattr(problem, "strerror", "")) or str(problem)


def _write_frame_times(
    gathered: Gathered, one: OutSession, video: Path, folder: Path
) -> None:
    """Write when each frame was taken, from the session's zero."""
    try:
        table = frame_table(video)
    except BadInputError as problem:
        gathered.leave_out(one, f"times of {video.name}", problem.message)
        return
    frame = pd.DataFrame(
        {
            "index": table["index"].astype(int),
            "pts_ms": np.round(table.get("pts_ms", table["index"] * np.nan), 3),
            "t_s": np.round(table["t_s"] - one.zero_s, 6),
        }
    )
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    write_atomic(folder / f"{video.stem}.frames.csv", text.getvalue())
