"""What a model said of an item's face: read beside labels, never one of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.labels.places import Place
from emer_studio.schema.predictions import PROBABILITY_COLUMNS, read_summary

__all__ = ["Predicted", "frame_rows", "predicted_of"]

_NEUTRAL = EMOTIONS.index("neutral")
_TOP_SHARE = 0.2  # as where models pre-label items; chosen by us, not tuned


@dataclass(frozen=True, slots=True)
class Predicted:
    """What a model says of one item.

    Attributes
    ----------
    probabilities : ndarray, shape (7,), float64
        In the order of ``EMOTIONS``: mean over the fifth of the item's frames with a face
        that are least likely neutral, because most of a clip is neutral also where
        somebody is moved.
    model, model_sha256 : str
    """

    probabilities: npt.NDArray[np.float64]
    model: str
    model_sha256: str


def predicted_of(places: Mapping[str, Place]) -> dict[str, Predicted]:
    """Return what the pre-labels say of each item that has a frame with a face."""
    tables: dict[Path, tuple[npt.NDArray[np.float64], str, str] | None] = {}
    found = {}
    for item, place in places.items():
        if place.video not in tables:
            tables[place.video] = _table(place.video)
        table = tables[place.video]
        if table is None:
            continue
        values, model, sha256 = table
        mine = values[place.first : place.last + 1]
        seen = mine[np.isfinite(mine).all(axis=1)]
        if len(seen):
            top = np.argsort(seen[:, _NEUTRAL], kind="stable")
            best = seen[top[: max(round(_TOP_SHARE * len(seen)), 1)]]
            found[item] = Predicted(best.mean(axis=0), model, sha256)
    return found


def frame_rows(video: Path) -> tuple[list[dict[str, str]], dict[str, Any]] | None:
    """Return the rows of a video's pre-labels and what is told about them, if any."""
    path = video.parent / "derived" / "prelabel" / f"{video.stem}.csv"
    if not path.is_file():
        return None
    try:
        about = read_summary(path.with_suffix(".json"))
    except BadInputError:
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream)), about.model_dump()


def _table(video: Path) -> tuple[npt.NDArray[np.float64], str, str] | None:
    read = frame_rows(video)
    if read is None:
        return None
    rows, about = read
    values = [[float(row[c] or "nan") for c in PROBABILITY_COLUMNS] for row in rows]
    table = np.array(values, np.float64).reshape(-1, len(PROBABILITY_COLUMNS))
    return table, str(about["model"]), str(about["model_sha256"])
