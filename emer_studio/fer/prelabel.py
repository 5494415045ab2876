"""Pre-labels a video or a picture: every frame gets a row, with a face or without."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, sha256_file, write_json
from emer_studio.features.faces import FaceDetector
from emer_studio.fer.facefile import FaceFile
from emer_studio.fer.frames import Source
from emer_studio.fer.look import look
from emer_studio.fer.panel import Panel
from emer_studio.fer.table import rows_of, write_table
from emer_studio.schema.predictions import PrelabelSummary, read_summary

__all__ = ["DETECTION_WIDTH_PX", "prelabel_file", "prelabel_recording", "recordings_of"]

Progress = Callable[[int, int, float], None]
"""Called with frames done, frames expected and frames per second."""
DETECTION_WIDTH_PX = 320
"""Faces are looked for in pictures of this width. Chosen by us for 1280 px: 4 ms a frame
against 13 at 640 and 81 at 1280, the box no more restless; a face must be some 40 px wide
there (`tests/benchmarks/bench_prelabel.py`)."""


def prelabel_file(
    path: Path,
    panel: Panel,
    detector: FaceDetector,
    table: Path,
    *,
    keep_faces: bool = False,
    anew: bool = False,
    simulated: bool | None = None,
    progress: Progress | None = None,
) -> PrelabelSummary:
    """Pre-label one video or picture.

    Faces are kept beside the table as they are found, so what was broken off goes on
    there, if the file, the models and the detector are still the same.

    Parameters
    ----------
    path : Path
        The file; decoded once.
    panel, detector
        What looks at it.
    table : Path
        The CSV to write.
    keep_faces : bool
        Leave what the table is made of beside it (`facefile`).
    anew : bool
        Look again even where all faces are there.
    simulated : bool, optional
        The recording's own flag, copied to the summary.
    progress : callable, optional

    Raises
    ------
    BadInputError
        When the file is missing or nothing in it can be decoded.
    """
    made_of = _made_of(path, panel, detector)
    faces = FaceFile(_beside(table), made_of, len(panel.models), anew=anew)
    if not faces.end:
        try:
            _look_at(path, panel, detector, faces, progress)
        except BadInputError:
            faces.remove()
            raise
    sums = write_table(table, rows_of(faces))
    if not keep_faces:
        faces.remove()
    return PrelabelSummary(
        app_version=__version__,
        source=path.name,
        source_sha256=made_of["source"],
        table=table.name,
        model=panel.name,
        model_sha256=panel.sha256,
        detector=detector.name,
        detector_sha256=detector.sha256,
        frames=sums.frames,
        faces=sums.faces,
        frames_with_face=sums.with_face,
        frames_multi=sums.multi,
        mean_p=sums.mean_p,
        fps=faces.end["fps"],
        damaged=faces.end["damaged"],
        simulated=simulated,
    )


def _beside(table: Path) -> Path:
    return table.with_name(f"{table.stem}.faces")


def _made_of(path: Path, panel: Panel, detector: FaceDetector) -> dict[str, Any]:
    if not path.is_file():
        Source(path)  # says so
    return {
        "app_version": __version__,
        "source": sha256_file(path),
        "models": [[model.name, model.entry.sha256] for model in panel.models],
        "detector": [detector.name, detector.sha256, detector.width_px],
    }


def _look_at(
    path: Path,
    panel: Panel,
    detector: FaceDetector,
    faces: FaceFile,
    progress: Progress | None,
) -> None:
    source = Source(path, faces.frames, faces.last_pts)
    before, began_s = faces.frames, time.perf_counter()
    for records in look(source, panel, detector):
        faces.append(records)
        if progress is not None:
            fps = (faces.frames - before) / (time.perf_counter() - began_s)
            progress(faces.frames, max(source.expected, faces.frames + 1), fps)
    fps = (faces.frames - before) / max(time.perf_counter() - began_s, 1e-9)
    if progress is not None:
        progress(faces.frames, faces.frames, fps)
    faces.finish(fps=round(fps, 1), damaged=source.damaged)


# -- recordings of sessions


def recordings_of(folder: Path) -> list[Path]:
    """Return the finished face recordings of a study or of one session.

    Raises
    ------
    BadInputError
        When the folder is neither, or holds no finished recording.
    """
    if (folder / "study.yaml").is_file():
        found = sorted(folder.glob("sessions/*/face_*.mkv"))
    elif (folder / "session.json").is_file() or any(folder.glob("face_*.mkv")):
        found = sorted(folder.glob("face_*.mkv"))
    else:
        raise BadInputError(
            f"{folder} is neither a study (study.yaml) nor a session (session.json).",
            fix="Give a study, a session, a video or a picture.",
        )
    if not found:
        raise BadInputError(f"{folder} holds no finished face recording (face_*.mkv).")
    return found


def prelabel_recording(
    video: Path,
    panel: Panel,
    detector: FaceDetector,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, PrelabelSummary, bool]:
    """Pre-label a session's recording into ``derived/prelabel`` of that session.

    Parameters
    ----------
    video : Path
        ``face_*.mkv`` in a session folder.
    panel, detector
        What looks at it.
    again : bool
        Do it even when a result of the same video, model and detector is there.
    progress : callable, optional

    Returns
    -------
    table : Path
        The CSV; the summary lies beside it as JSON.
    summary : PrelabelSummary
        Its summary.
    fresh : bool
        False when an up-to-date result was found and kept.
    """
    table = video.parent / "derived" / "prelabel" / f"{video.stem}.csv"
    kept = None if again else _up_to_date(table, video, panel, detector)
    if kept is not None:
        return table, kept, False
    summary = prelabel_file(
        video,
        panel,
        detector,
        table,
        keep_faces=True,
        anew=again,
        simulated=_simulated(video.parent),
        progress=progress,
    )
    write_json(table.with_suffix(".json"), summary.model_dump())
    return table, summary, True


def _up_to_date(
    table: Path, video: Path, panel: Panel, detector: FaceDetector
) -> PrelabelSummary | None:
    beside = table.with_suffix(".json")
    if not table.is_file() or not beside.is_file():
        return None
    try:
        found = read_summary(beside)
    except BadInputError:
        return None
    wanted = (__version__, panel.sha256, detector.sha256, sha256_file(video))
    has = (
        found.app_version,
        found.model_sha256,
        found.detector_sha256,
        found.source_sha256,
    )
    return found if has == wanted else None


def _simulated(session: Path) -> bool | None:
    path = session / "session.json"
    manifest = read_json(path) if path.is_file() else None
    value = manifest.get("simulated") if isinstance(manifest, dict) else None
    return value if isinstance(value, bool) else None
