"""What the pre-label tables say about a video; a prediction is never a label."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.schema.predictions import PROBABILITY_COLUMNS, read_summary

__all__ = ["Predictions", "read_predictions"]


@dataclass(frozen=True, slots=True)
class Predictions:
    """The pre-labels of one video.

    Attributes
    ----------
    probabilities : ndarray, shape (n_frames, 7), float64
        In the order of ``EMOTIONS``; NaN where there is no face.
    face : ndarray, shape (n_frames,), bool
        Whether a face was found.
    model, model_sha256 : str
        What predicted.
    """

    probabilities: npt.NDArray[np.float64]
    face: npt.NDArray[np.bool_]
    model: str
    model_sha256: str

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
    values = [[float(row[c] or "nan") for c in PROBABILITY_COLUMNS] for row in rows]
    return Predictions(
        np.array(values, dtype=np.float64).reshape(-1, len(PROBABILITY_COLUMNS)),
        np.array([row["status"] != "no_face" for row in rows], dtype=bool),
        about.model,
        about.model_sha256,
    )
