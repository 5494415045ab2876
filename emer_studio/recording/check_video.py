"""Is the face video sound? Every frame against its row of the index stream."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.recording.check_stream import Findings
from emer_studio.recording.reader import RecordedStream, Recording, count_video_frames

__all__ = ["check_video"]

_INDEX, _DROPPED, _FILE = 0, 3, 4  # channels of the index stream


def check_video(
    recording: Recording, streams: Iterable[RecordedStream], findings: Findings
) -> dict[str, Any]:
    """Compare the face videos with the index stream.

    Returns
    -------
    counts : dict
        ``{"frames", "indexed", "dropped", "files": [{"name", "frames", "indexed"}]}``.
    """
    rows = _rows([s for s in streams if s.header.type == "VideoFrames"])
    finished = recording.videos
    cut = sorted(recording.folder.glob("face_*.mkv.writing"))
    if not finished and not cut:
        findings.red("there is no face video")
    elif not finished:
        findings.red("there is no finished face video")
    table = [_check_file(path, rows, findings) for path in [*finished, *cut]]
    table.sort(key=lambda row: str(row["name"]))
    known = {_number(path.name) for path in [*finished, *cut]}
    stray = int(np.sum(~np.isin(rows[:, _FILE], list(known))))
    if stray:
        findings.red(f"{stray} rows of the frame index belong to no video file")
    dropped = int(rows[:, _DROPPED].sum())
    if dropped:
        findings.amber(f"the camera process dropped {dropped} frames: it was too slow")
    return {
        "frames": sum(row["frames"] for row in table),
        "indexed": len(rows),
        "dropped": dropped,
        "files": table,
    }


def _rows(indices: list[RecordedStream]) -> npt.NDArray[np.float64]:
    """Return the index of all files; recordings of one file only have no file number."""
    tables = [np.empty((0, 5))]
    for stream in indices:
        table = np.asarray(stream.values, dtype=np.float64).reshape(
            len(stream.stamps_s), -1
        )
        if table.shape[1] == _FILE:
            table = np.column_stack([table, np.ones(len(table))])
        tables.append(table[:, :5])
    return np.concatenate(tables)


def _number(name: str) -> int:
    found = re.search(r"_(\d+)\.mkv", name)
    return int(found.group(1)) if found else 0


def _check_file(
    path: Path, rows: npt.NDArray[np.float64], findings: Findings
) -> dict[str, Any]:
    index = rows[rows[:, _FILE] == _number(path.name), _INDEX]
    try:
        frames = count_video_frames(path)
    except BadInputError as problem:
        findings.red(str(problem))
        frames = 0
    if len(index) and (np.any(np.diff(index) != 1) or index[0] != 0):
        findings.red(f"{path.name}: its frame index has holes")
    if path.suffix == ".writing":
        lost = max(len(index) - frames, 0)
        findings.red(
            f"{path.name} was cut off: {frames} frames are in it, {lost} rows of the index"
            " have no frame"
        )
    elif frames != len(index):
        findings.red(f"{path.name} has {frames} frames, its index {len(index)}")
    return {"name": path.name, "frames": frames, "indexed": len(index)}
