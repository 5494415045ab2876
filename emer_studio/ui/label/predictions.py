"""What the pre-label tables say about a video; a prediction is never a label."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.schema.predictions import PROBABILITY_COLUMNS, read_summary

__all__ = ["Predictions", "read_predictions"]

_BOX, _FEELING = ("x", "y", "w", "h"), ("valence", "arousal")
_ROOM = 0.25  # around the face; chosen by us: chin and hair belong to an expression


@dataclass(frozen=True, slots=True)
class Predictions:
    """The pre-labels of one video.

    Attributes
    ----------
    probabilities : ndarray, shape (n_frames, 7), float64
        In the order of ``EMOTIONS``; NaN where there is no face.
    face : ndarray, shape (n_frames,), bool
        Whether a face was found.
    boxes : ndarray, shape (n_frames, 4), float64
        Left, top, width and height of the face in pixels; NaN where there is none.
    feeling : ndarray, shape (n_frames, 2), float64, or None
        Valence and arousal, of models that give them.
    model, model_sha256 : str
        What predicted.
    """

    probabilities: npt.NDArray[np.float64]
    face: npt.NDArray[np.bool_]
    boxes: npt.NDArray[np.float64]
    feeling: npt.NDArray[np.float64] | None
    model: str
    model_sha256: str

    def mean(self, first: int, last: int) -> dict[str, float]:
        """Return the mean probabilities of some frames; empty without a face."""
        part = self.probabilities[first : last + 1]
        part = part[np.isfinite(part).all(axis=1)]
        if not len(part):
            return {}
        return dict(zip(EMOTIONS, part.mean(axis=0).tolist(), strict=True))

    def face_in(self, first: int, last: int) -> tuple[float, float, float, float] | None:
        """Return one box, in pixels, that holds the face in all of some frames."""
        part = self.boxes[first : last + 1]
        part = part[np.isfinite(part).all(axis=1)]
        if not len(part):
            return None
        left, top = np.quantile(part[:, :2], 0.05, axis=0)
        right, low = np.quantile(part[:, :2] + part[:, 2:], 0.95, axis=0)
        room_x, room_y = _ROOM * (right - left), _ROOM * (low - top)
        return (
            float(left - room_x),
            float(top - room_y),
            float(right - left + 2 * room_x),
            float(low - top + 2 * room_y),
        )

    @property
    def visible(self) -> dict[str, str]:
        """What a label event says about an annotator who saw these."""
        return {"model": self.model, "model_sha256": self.model_sha256}


def read_predictions(video: Path) -> Predictions | None:
    """Return the pre-labels beside a session's video, None when there are none."""
    table = video.parent / "derived" / "prelabel" / f"{video.stem}.csv"
    if not table.is_file():
        return None
    try:
        about = read_summary(table.with_suffix(".json"))
    except BadInputError:
        return None
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    feels = rows and all(name in rows[0] for name in _FEELING)
    return Predictions(
        _columns(rows, PROBABILITY_COLUMNS),
        np.array([row["status"] != "no_face" for row in rows], dtype=bool),
        _columns(rows, _BOX),
        _columns(rows, _FEELING) if feels else None,
        about.model,
        about.model_sha256,
    )


def _columns(
    rows: Sequence[Mapping[str, str]], names: Sequence[str]
) -> npt.NDArray[np.float64]:
    values = [[float(row[name] or "nan") for name in names] for row in rows]
    return np.array(values, dtype=np.float64).reshape(-1, len(names))
