"""Takes another tool's predictions as a run beside those of our models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from emer_studio import __version__
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.features.face_track import FaceTracker
from emer_studio.features.faces import Face
from emer_studio.features.frames import FrameReader
from emer_studio.fer.external import TOOLS, Seen, read_external
from emer_studio.fer.items import ItemSums, frames_of_items
from emer_studio.fer.runs import (
    recordings_of,
    run_of,
    show,
    shown_place,
    simulated,
    write_about,
)
from emer_studio.fer.table import Row, write_table
from emer_studio.schema.predictions import PredictedItems, PrelabelSummary

__all__ = ["import_run", "video_of"]

_FAR = 0.75  # of a frame: how far a time may be from the frame it belongs to; chosen by us


def video_of(place: Path, table: Path) -> Path:
    """Return the video that a table belongs to.

    Raises
    ------
    BadInputError
        When a study or session has several and the table's name tells none.
    """
    if not place.is_dir():
        if not place.is_file():
            raise BadInputError(f"{place} does not exist.")
        return place
    videos = recordings_of(place)
    named = [v for v in videos if v.parent.name in table.stem and v.stem in table.stem]
    fitting = named or [v for v in videos if v.parent.name in table.stem] or videos
    if len(fitting) == 1:
        return fitting[0]
    raise BadInputError(
        f"{place} has {len(videos)} face recordings; {table.name} does not say of which.",
        fix=f"Give the video itself, for example {fitting[0]}, or put the session's name"
        " into the table's.",
    )


def import_run(video: Path, tool_name: str, table: Path) -> tuple[Path, PrelabelSummary]:
    """Write a tool's predictions as the run of its name.

    Returns
    -------
    table : Path
        The CSV of the run. Where the tool knows emotions, everybody reads it from now on.
    summary : PrelabelSummary

    Raises
    ------
    BadInputError
        When the file is not the tool's, or of another video.
    """
    tool = TOOLS[tool_name]
    seen = read_external(table, tool)
    place = run_of(video, tool.name)
    items = ItemSums(frames_of_items(video))
    with closing(FrameReader(video)) as frames:
        rows = _rows(frames, _by_frame(seen, frames, table))
        sums = write_table(place.table, rows, items.add)
    items.close()
    sha256 = sha256_file(table)
    summary = PrelabelSummary(
        app_version=__version__,
        source=video.name,
        source_sha256=sha256_file(video),
        table=place.table.name,
        model=tool.name,
        model_sha256=sha256,
        detector=tool.name,
        detector_sha256=sha256,
        frames=sums.frames,
        faces=sums.faces,
        frames_with_face=sums.with_face,
        frames_multi=sums.multi,
        mean_p=sums.mean_p,
        fps=0.0,
        simulated=simulated(video.parent),
        imported=table.name,
        remark=tool.remark,
    )
    found = PredictedItems(
        app_version=__version__,
        table=place.table.name,
        model=tool.name,
        model_sha256=sha256,
        items=items.found,
    )
    write_about(place, summary, found)
    if not sums.with_p:  # nothing to look at; what was shown before stays
        return place.table, summary
    show(video, tool.name)
    return shown_place(video).table, summary


def _by_frame(seen: list[Seen], frames: FrameReader, table: Path) -> dict[int, list[Seen]]:
    """Return the rows of each frame, whichever way they tell it."""
    found: dict[int, list[Seen]] = defaultdict(list)
    far_s = _FAR * float(np.median(np.diff(frames.times_s))) if len(frames) > 1 else 1.0
    for row in seen:
        index = row.frame
        if index is None:
            after = min(int(np.searchsorted(frames.times_s, row.time_s)), len(frames) - 1)
            near = (max(after - 1, 0), after)
            index = min(near, key=lambda k: abs(frames.times_s[k] - row.time_s))
            if abs(frames.times_s[index] - row.time_s) > far_s:
                raise BadInputError(
                    f"{table} has a row at {row.time_s:.3f} s, where {frames.path.name}"
                    " has no frame. It is of another video."
                )
        if index >= len(frames):
            raise BadInputError(
                f"{table} has a frame {index}; {frames.path.name} has {len(frames)}"
                " frames. It is of another video."
            )
        found[index].append(row)
    return found


def _rows(frames: FrameReader, found: dict[int, list[Seen]]) -> Iterator[Row]:
    chosen = _participant(len(frames), found)
    for index in range(len(frames)):
        faces = [one for one in found.get(index, []) if one.face is not None]
        pts, time_s = int(frames.pts[index]), float(frames.times_s[index]) + frames.first_s
        mine = chosen.get(index)
        if mine is None:
            yield Row(index, pts, time_s, len(faces), None)
        else:
            yield Row(index, pts, time_s, len(faces), mine.face, mine.p, mine.va)


def _participant(frames: int, found: dict[int, list[Seen]]) -> dict[int, Seen]:
    """Return the participant's face of each frame: followed by boxes, else the surest."""
    tracker, mine = FaceTracker(), {}
    followed: list[tuple[int, int, Seen]] = []
    for index in range(frames):
        faces = [(one.face, one) for one in found.get(index, []) if one.face is not None]
        boxed = [(face, one) for face, one in faces if not np.isnan(face.w)]
        numbers = tracker.add([face for face, _ in boxed])
        pairs = zip(numbers, boxed, strict=True)
        followed += [(index, number, one) for number, (_, one) in pairs]
        if faces and not boxed:
            mine[index] = max(faces, key=lambda pair: _score(pair[0]))[1]
    chosen = tracker.participant()
    return mine | {index: one for index, number, one in followed if number in chosen}


def _score(face: Face) -> float:
    return -1.0 if np.isnan(face.score) else face.score
