"""Pre-labels a video or a picture: every frame gets a row, with a face or without."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emer_studio import __version__
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, sha256_file, write_atomic, write_json
from emer_studio.features.faces import Face, FaceDetector
from emer_studio.fer.expression import Array, ExpressionModel
from emer_studio.fer.frames import Frame, Source
from emer_studio.schema.predictions import COLUMNS, PrelabelSummary, read_summary

__all__ = ["Row", "prelabel_file", "prelabel_recording", "recordings_of", "table_text"]

Progress = Callable[[int, int], None]
_BATCH = 32  # faces per run of the network; chosen by us


@dataclass(slots=True)
class Row:
    """One frame of the table; see `emer_studio.schema.predictions`."""

    frame: int
    pts: int | None
    time_s: float | None
    n_faces: int
    face: Face | None
    probabilities: Array | None = None

    @property
    def status(self) -> str:
        """``ok``, ``no_face`` or ``multi``."""
        return ("no_face", "ok")[self.n_faces] if self.n_faces < 2 else "multi"

    def fields(self) -> list[str]:
        """Return the row's fields as text, in the order of ``COLUMNS``."""
        face, p = self.face, self.probabilities
        box = [""] * 5 if face is None else [
            f"{value:.2f}" for value in (face.x, face.y, face.w, face.h)
        ] + [f"{face.score:.4f}"]  # fmt: skip
        return [
            str(self.frame),
            "" if self.pts is None else str(self.pts),
            "" if self.time_s is None else f"{self.time_s:.6f}",
            self.status,
            str(self.n_faces),
            *box,
            *([""] * len(EMOTIONS) if p is None else [f"{value:.6f}" for value in p]),
        ]


def prelabel_file(
    path: Path,
    model: ExpressionModel,
    detector: FaceDetector,
    *,
    table: str = "",
    simulated: bool | None = None,
    progress: Progress | None = None,
) -> tuple[list[Row], PrelabelSummary]:
    """Pre-label one video or picture.

    Parameters
    ----------
    path : Path
        The file; decoded once.
    model, detector
        What looks at it.
    table : str
        Name of the CSV the rows will go to.
    simulated : bool, optional
        The recording's own flag, copied to the summary.
    progress : callable, optional
        Called with frames done and frames expected.

    Returns
    -------
    rows : list of Row
        One for every decoded frame.
    summary : PrelabelSummary
        Where they come from and what they amount to.

    Raises
    ------
    BadInputError
        When the file is missing or nothing in it can be decoded.
    """
    source = Source(path)
    source_sha256 = sha256_file(path)
    rows: list[Row] = []
    waiting: list[tuple[Row, Array]] = []
    started = time.perf_counter()
    for frame in source:
        rows.append(_look(frame, model, detector, waiting))
        if len(waiting) >= _BATCH:
            _predict(model, waiting)
        if progress is not None and frame.index % 10 == 0:
            progress(frame.index, max(source.expected, frame.index + 1))
    _predict(model, waiting)
    if progress is not None:
        progress(len(rows), len(rows))
    elapsed_s = time.perf_counter() - started
    return rows, PrelabelSummary(
        app_version=__version__,
        source=path.name,
        source_sha256=source_sha256,
        table=table,
        model=model.name,
        model_sha256=model.entry.sha256,
        detector=detector.name,
        detector_sha256=detector.sha256,
        frames=len(rows),
        faces=sum(row.n_faces for row in rows),
        frames_with_face=sum(row.n_faces > 0 for row in rows),
        frames_multi=sum(row.n_faces > 1 for row in rows),
        mean_p=mean_p(rows),
        fps=round(len(rows) / max(elapsed_s, 1e-9), 1),
        damaged=source.damaged,
        simulated=simulated,
    )


def _look(
    frame: Frame,
    model: ExpressionModel,
    detector: FaceDetector,
    waiting: list[tuple[Row, Array]],
) -> Row:
    faces = detector.detect(frame.bgr)
    row = Row(frame.index, frame.pts, frame.time_s, len(faces), faces[0] if faces else None)
    if row.face is not None:
        waiting.append((row, model.prepare(frame.bgr, row.face)))
    return row


def _predict(model: ExpressionModel, waiting: list[tuple[Row, Array]]) -> None:
    values = model.infer([tensor for _, tensor in waiting])
    for (row, _), value in zip(waiting, values, strict=True):
        row.probabilities = value
    waiting.clear()


def mean_p(rows: list[Row]) -> dict[str, float | None]:
    """Return the mean probability of each emotion over the rows that have a face."""
    values = [row.probabilities for row in rows if row.probabilities is not None]
    if not values:
        return dict.fromkeys(EMOTIONS)
    means = np.stack(values).astype(np.float64).mean(axis=0).tolist()
    return {emotion: round(p, 6) for emotion, p in zip(EMOTIONS, means, strict=True)}


def table_text(rows: list[Row]) -> str:
    """Return the table as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.fields() for row in rows)
    return stream.getvalue()


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
    model: ExpressionModel,
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
    model, detector
        What looks at it.
    again : bool
        Do it even when a result of the same video, model and detector is there.
    progress : callable, optional
        Called with frames done and frames expected.

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
    kept = None if again else _up_to_date(table, video, model, detector)
    if kept is not None:
        return table, kept, False
    rows, summary = prelabel_file(
        video,
        model,
        detector,
        table=table.name,
        simulated=_simulated(video.parent),
        progress=progress,
    )
    write_atomic(table, table_text(rows))
    write_json(table.with_suffix(".json"), summary.model_dump())
    return table, summary, True


def _up_to_date(
    table: Path, video: Path, model: ExpressionModel, detector: FaceDetector
) -> PrelabelSummary | None:
    beside = table.with_suffix(".json")
    if not table.is_file() or not beside.is_file():
        return None
    try:
        found = read_summary(beside)
    except BadInputError:
        return None
    wanted = (__version__, model.entry.sha256, detector.sha256, sha256_file(video))
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
