"""What the frames of an item amount to: one row for each thing that experts label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.fer.table import Row
from emer_studio.labels.units import Units
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.predictions import ItemPrediction

__all__ = ["ItemSums", "frames_of_items", "top_frames"]

TOP_SHARE = 0.2
"""Of an item's frames with a face, those least likely neutral, that speak for it: most of a
clip is neutral also where somebody is moved. 20 % as in the pre-label design; not tuned."""
_NEUTRAL = EMOTIONS.index("neutral")


def frames_of_items(video: Path) -> dict[str, tuple[int, int]]:
    """Return the first and last frame of each item in a session's video.

    The items are those of the protocol's label unit, of clips that were shown to their
    end, also those shown again. A folder without a session has none.
    """
    try:
        recording = Recording(video.parent)
        times_s, units = recording.frame_times(video), Units(recording)
        clips = recording.whole_clips
    except (BadInputError, OSError, KeyError, ValueError):
        return {}  # `check` says what is wrong with it
    found = {}
    for clip in clips:
        for item, start_s, end_s in _spans(units, clip):
            frames = np.flatnonzero((times_s >= start_s) & (times_s < end_s))
            if len(frames):
                found[item] = int(frames[0]), int(frames[-1])
    return found


def _spans(units: Units, clip: ShownClip) -> list[tuple[str, float, float]]:
    try:
        return [(span.item, span.start_s, span.end_s) for span in units.of(clip)]
    except BadInputError:  # without a peak; told by `protocol check`
        return []


class ItemSums:
    """Collects rows item by item.

    Parameters
    ----------
    items : mapping of str to (int, int)
        First and last frame of each; `frames_of_items`.
    """

    def __init__(self, items: Mapping[str, tuple[int, int]]) -> None:
        self._names = list(items)
        last = max((last for _, last in items.values()), default=-1)
        self._item_at = np.full(last + 1, -1, np.int32)
        for number, (first, last) in enumerate(items.values()):
            self._item_at[first : last + 1] = number
        self._rows: dict[int, list[Row]] = {}
        self._open = -1
        self.found: dict[str, ItemPrediction] = {}

    def add(self, row: Row) -> None:
        """Take the next row of the table."""
        inside = row.frame < len(self._item_at)
        number = int(self._item_at[row.frame]) if inside else -1
        if number != self._open:
            self.close()
            self._open = number
        if number >= 0:
            self._rows.setdefault(number, []).append(row)

    def close(self) -> None:
        """Sum up the item whose rows came last."""
        for number, rows in self._rows.items():
            self.found[self._names[number]] = _sum_up(rows)
        self._rows = {}


def _sum_up(rows: list[Row]) -> ItemPrediction:
    seen = [row.probabilities for row in rows if row.probabilities is not None]
    faces = sum(row.face is not None or row.probabilities is not None for row in rows)
    if not seen:
        nothing = dict.fromkeys(EMOTIONS)
        return ItemPrediction(
            frames=len(rows), face_share=faces / len(rows), p_top=nothing, p_mean=nothing
        )
    p = np.stack(seen)
    p_top = p[top_frames(p)].mean(axis=0)
    va = np.stack([row.va for row in rows if row.probabilities is not None])
    valence, arousal = (_mean(va[:, k]) for k in range(2))
    return ItemPrediction(
        frames=len(rows),
        face_share=round(faces / len(rows), 4),
        p_top=_named(p_top),
        p_mean=_named(p.mean(axis=0)),
        neutral_share=round(float((p.argmax(axis=1) == _NEUTRAL).mean()), 4),
        category=EMOTIONS[int(p_top.argmax())],
        max_p=round(float(p_top.max()), 6),
        valence=valence,
        arousal=arousal,
    )


def top_frames(p: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the rows of probabilities (n, 7) that speak for an item (`TOP_SHARE`)."""
    order = np.argsort(p[:, _NEUTRAL], kind="stable")
    return order[: max(round(TOP_SHARE * len(p)), 1)]


def _named(p: npt.NDArray[np.float64]) -> dict[str, float | None]:
    return {name: round(v, 6) for name, v in zip(EMOTIONS, p.tolist(), strict=True)}


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None
