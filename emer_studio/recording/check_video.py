"""Is the face video sound? Every frame against its row of the index stream."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.recording.check_stream import Findings
from emer_studio.recording.frame_index import (
    FileIndex,
    file_number,
    index_by_file,
    is_frame_index,
)
from emer_studio.recording.reader import (
    RecordedStream,
    Recording,
    frame_table,
    video_frames,
)
from emer_studio.recording.video_salvage import CUT, WRITING, cut_off_videos

__all__ = ["check_video"]

_FILE = 4  # the channel with the number of the file
_SAME_S = 1e-6  # both hold the same number
_TAIL_S = 2.0  # what a killed camera process may have announced and not yet written


def check_video(
    recording: Recording, streams: Iterable[RecordedStream], findings: Findings
) -> dict[str, Any]:
    """Compare the face videos with the index stream.

    Returns
    -------
    counts : dict
        ``{"frames", "indexed", "dropped", "files": [{"name", "frames", "indexed"}]}``.
    """
    cut = cut_off_videos(recording.folder)
    paths = {file_number(path): path for path in [*recording.videos, *cut]}
    gone = recording.manifest.video_withdrawn
    if gone:
        findings.amber(f"face video and sound were withdrawn on {gone[:10]}")
        return {"frames": 0, "indexed": 0, "dropped": 0, "files": []}
    if not paths:
        findings.red("there is no face video")
    frames = {number: _count(path, findings) for number, path in paths.items()}
    indices = [s for s in streams if is_frame_index(s)]
    table = _index(indices, frames)
    for row in table:
        _judge(row, paths.get(row.file), findings)
    for number, path in paths.items():
        _check_table(number, path, indices, findings)
    dropped = sum(row.dropped for row in table)
    if dropped:
        findings.amber(f"the camera process dropped {dropped} frames: it was too slow")
    return {
        "frames": sum(row.frames for row in table),
        "indexed": sum(row.rows for row in table),
        "dropped": dropped,
        "files": [
            {
                "name": paths[row.file].name if row.file in paths else "",
                "frames": row.frames,
                "indexed": row.rows,
            }
            for row in table
        ],
    }


def _count(path: Path, findings: Findings) -> int:
    try:
        frames, declared = video_frames(path)
    except BadInputError as problem:
        findings.red(str(problem))
        return 0
    if declared > frames:
        findings.red(f"{path.name} declares {declared} frames and has {frames}")
    return frames


def _index(indices: list[RecordedStream], frames: dict[int, int]) -> tuple[FileIndex, ...]:
    """Return the index of all files; a camera that moved has several streams."""
    if not indices:
        return index_by_file(np.empty((0, 5)), np.empty(0), frames)
    widest = min(s.header.channel_count for s in indices)
    values = np.concatenate([np.asarray(s.values, float)[:, :widest] for s in indices])
    return index_by_file(values, np.concatenate([s.stamps_s for s in indices]), frames)


def _check_table(
    number: int, path: Path, indices: list[RecordedStream], findings: Findings
) -> None:
    """Compare the table beside a video, which analysis reads, with the index stream."""
    beside = path.with_name(path.name.removesuffix(WRITING))
    name = beside.with_suffix(".frames.csv").name
    try:
        table = frame_table(beside)
    except BadInputError as problem:
        findings.red(problem.message)
        return
    known: dict[int, float] = {}
    for stream in indices:
        for stamp, row in zip(stream.raw_stamps_s.tolist(), stream.values, strict=True):
            if len(row) <= _FILE or int(row[_FILE]) == number:
                known[int(row[0])] = stamp
    rows = dict(
        zip(table["index"].astype(int).tolist(), table["t_s"].tolist(), strict=True)
    )
    absent = [index for index in known if index not in rows]
    if absent:
        findings.red(f"{name}: {len(absent)} frames of the index stream are not in it")
    apart = [i for i, t_s in known.items() if abs(rows.get(i, t_s) - t_s) > _SAME_S]
    if apart:
        findings.red(f"{name}: {len(apart)} times are not those of the index stream")


def _judge(row: FileIndex, path: Path | None, findings: Findings) -> None:
    if path is None:
        findings.red(f"{row.rows} rows of the frame index belong to no video file")
        return
    name, tail = path.name, row.without_picture_s
    if row.holes:
        findings.red(f"{name}: its frame index has {row.holes} holes")
    if row.without_row:
        findings.red(f"{name}: {row.without_row} frames have no row of the index")
    cut = path.suffix == WRITING or path.with_name(path.name + CUT).exists()
    if cut:
        findings.amber(
            f"{name} was cut off: {row.frames} frames are in it, {row.without_picture} rows"
            f" of the index ({tail:.1f} s) have no frame"
        )
    if path.suffix == WRITING:
        findings.amber(f"{name}: give it an end with: emer-studio salvage {path.parent}")
    if row.without_picture and (not cut or tail > _TAIL_S):
        findings.red(f"{name} has {row.frames} frames, its index {row.rows}")
