"""Frame predictions in the columns of py-feat's Fex tables.

py-feat knows the same seven emotions. Landmarks, pose and action units are none of ours
and have no columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emer_studio.labels.predictions import frame_rows
from emer_studio.study.folder import Study

__all__ = ["FEX_COLUMNS", "fex_rows"]

_EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
_FACE = {
    "FaceRectX": "x",
    "FaceRectY": "y",
    "FaceRectWidth": "w",
    "FaceRectHeight": "h",
    "FaceScore": "det_score",
}
FEX_COLUMNS = ("frame", *_FACE, *_EMOTIONS, "approx_time", "input", "model")


def fex_rows(study: Study) -> Iterator[dict[str, Any]]:
    """Yield a row for every frame of every pre-labelled video, also without a face."""
    for session in study.sessions():
        for video in sorted(session.folder.glob("face_*.mkv")):
            yield from _of_video(video, f"{session.name}/{video.name}")


def _of_video(video: Path, name: str) -> Iterator[dict[str, Any]]:
    read = frame_rows(video)
    if read is None:
        return
    rows, about = read
    for row in rows:
        yield {
            "frame": row["frame"],
            **{theirs: row[ours] for theirs, ours in _FACE.items()},
            **{emotion: row[f"p_{emotion}"] for emotion in _EMOTIONS},
            "approx_time": row["time_s"],
            "input": name,
            "model": about["model"],
        }
