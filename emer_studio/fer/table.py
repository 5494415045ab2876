"""From the faces of a video to its table: one row a frame, with the participant's face."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import atomic_stream
from emer_studio.features.face_track import FaceTracker
from emer_studio.features.faces import Face
from emer_studio.fer.facefile import NO_PTS, FaceFile, Records
from emer_studio.schema.predictions import COLUMNS

__all__ = ["Row", "Sums", "followed", "rows_of", "write_table"]

Floats = npt.NDArray[np.float64]
Mix = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Row:
    """One frame of the table; see `emer_studio.schema.predictions`.

    Attributes
    ----------
    face : Face or None
        The participant's.
    probabilities : ndarray, shape (7,), float64, or None
    va : ndarray, shape (2,), float64
        Valence and arousal, NaN where there are none.
    """

    frame: int
    pts: int | None
    time_s: float | None
    n_faces: int
    face: Face | None
    probabilities: Floats | None = None
    va: Floats = field(default_factory=lambda: np.full(2, np.nan))

    @property
    def status(self) -> str:
        """``no_face`` without the participant's, else ``ok`` or ``multi``."""
        if self.face is None:
            return "no_face"
        return "ok" if self.n_faces < 2 else "multi"

    def line(self) -> str:
        """Return the row as CSV, its fields in the order of ``COLUMNS``."""
        face, p = self.face, self.probabilities
        box = [""] * 5 if face is None else [
            *(_text(value, 2) for value in (face.x, face.y, face.w, face.h)),
            _text(face.score, 4),
        ]  # fmt: skip
        cells = [
            str(self.frame),
            "" if self.pts is None else str(self.pts),
            "" if self.time_s is None else f"{self.time_s:.6f}",
            self.status,
            str(self.n_faces),
            *box,
            *([""] * len(EMOTIONS) if p is None else [_text(value, 6) for value in p]),
            *(_text(value, 4) for value in self.va),
        ]
        return ",".join(cells) + "\n"


def _text(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


@dataclass
class Sums:
    """What the rows amount to."""

    frames: int = 0
    faces: int = 0
    with_face: int = 0
    multi: int = 0
    with_p: int = 0
    p: Floats = field(default_factory=lambda: np.zeros(len(EMOTIONS)))

    def add(self, row: Row) -> None:
        """Count a row."""
        self.frames += 1
        self.faces += row.n_faces
        self.with_face += row.status != "no_face"
        self.multi += row.status == "multi"
        if row.probabilities is not None:
            self.with_p += 1
            self.p += row.probabilities

    @property
    def mean_p(self) -> dict[str, float | None]:
        """The mean probability of each emotion; None without any."""
        if not self.with_p:
            return dict.fromkeys(EMOTIONS)
        means = (self.p / self.with_p).tolist()
        return {emotion: round(p, 6) for emotion, p in zip(EMOTIONS, means, strict=True)}


def rows_of(faces: FaceFile, mix: Mix) -> Iterator[Row]:
    """Yield the rows of a table; `mix` makes one answer (7,) of all models' (m, 7)."""
    for records, mine in followed(faces):
        yield _row(records, mine, mix)


def followed(faces: FaceFile) -> Iterator[tuple[Records, int | None]]:
    """Yield the records of each frame and which one is the participant's.

    The faces are followed twice, because whose face is the participant's is known only at
    the end, and a video of any length must not be held in memory.
    """
    tracker = FaceTracker()
    for records in faces.by_frame():
        tracker.add(_boxes(records))
    chosen, again = tracker.participant(), FaceTracker()
    for records in faces.by_frame():
        numbers = again.add(_boxes(records))
        mine = (k for k, number in enumerate(numbers) if number in chosen)
        yield records, next(mine, None)


def _boxes(records: Records) -> list[Face]:
    if not records["faces"][0]:
        return []
    together = zip(records["box"].tolist(), records["score"].tolist(), strict=True)
    return [Face(x, y, w, h, score) for (x, y, w, h), score in together]


def _row(records: Records, mine: int | None, mix: Mix) -> Row:
    record = records[mine or 0]
    pts, time_s = int(record["pts"]), float(record["time_s"])
    about = (
        int(record["frame"]),
        None if pts == NO_PTS else pts,
        None if np.isnan(time_s) else time_s,
        int(record["faces"]),
    )
    if mine is None:
        return Row(*about, None)
    p, va = record["p"].astype(np.float64), record["va"].astype(np.float64)
    given = va[~np.isnan(va).any(axis=1)]
    return Row(
        *about, _boxes(records)[mine], mix(p), given.mean(axis=0) if len(given) else va[0]
    )


def write_table(
    path: Path, rows: Iterator[Row], hear: Callable[[Row], None] | None = None
) -> Sums:
    """Write the table row by row; what stood there before stands until it is whole.

    `hear` is called with every row as well.
    """
    sums = Sums()
    with atomic_stream(path) as stream:
        stream.write((",".join(COLUMNS) + "\n").encode())
        for row in rows:
            stream.write(row.line().encode())
            sums.add(row)
            if hear is not None:
                hear(row)
    return sums
