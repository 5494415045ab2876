"""Gaze whose events are known by construction, and how well found ones agree with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from emer_studio.features.eyes import GazeTable
from emer_studio.features.gaze_table import eyes_table
from emer_studio.recording.screen_geometry import Geometry
from emer_studio.synthetic.gaze import GazeBatch

__all__ = ["GEOMETRY", "f1", "table_of"]

GEOMETRY = Geometry(531.0, 299.0, 650.0)


def table_of(batch: GazeBatch) -> GazeTable:
    return eyes_table(
        batch.times_s,
        batch.xy,
        batch.pupil_mm,
        batch.openness_mm,
        batch.origin_mm,
        GEOMETRY,
    )


def f1(found: Any, true: Any, common_share: float = 0.5) -> float:
    """Return the harmonic mean of precision and recall of half-open ranges, (k, 2).

    A found range is a hit when what it and a true range have in common is more than a
    share of what they cover together; each is counted once.
    """
    found, true = np.asarray(found).reshape(-1, 2), np.asarray(true).reshape(-1, 2)
    if not len(found) or not len(true):
        return float(len(found) == len(true))
    common = np.minimum(found[:, None, 1], true[None, :, 1]) - np.maximum(
        found[:, None, 0], true[None, :, 0]
    )
    length = (found[:, 1] - found[:, 0])[:, None] + (true[:, 1] - true[:, 0])[None]
    hits = (common > 0) & (common > common_share * (length - common))
    both = min(hits.any(axis=1).sum(), hits.any(axis=0).sum())
    return float(2 * both / (len(found) + len(true)))
