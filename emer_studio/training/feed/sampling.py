"""Which frames and eye rows stand for a clip: the official way and a time-aligned one.

Each returns index arrays; without a random generator the choice is deterministic (the
middle of every segment), which is how all evaluation is done.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Picks",
    "Sampling",
    "aligned_draws",
    "aligned_picks",
    "clip_span",
    "official_picks",
]

Sampling = Literal["aligned", "official"]
Indices = NDArray[np.int64]
Rng = np.random.Generator | None


class Picks(NamedTuple):
    """Row numbers inside one clip; an empty stream gives -1.

    Attributes
    ----------
    frames : (F,) int64
        Face frames.
    eyes, gaze : (R,) int64
        Rows for the eye stream and for the gaze stream.
    """

    frames: Indices
    eyes: Indices
    gaze: Indices


def aligned_picks(
    face_times_s: NDArray[np.float64],
    faces_valid: NDArray[np.uint8],
    eye_times_s: NDArray[np.float64],
    n_frames: int,
    n_rows: int,
    rng: Rng = None,
) -> Picks:
    """Pick in chronological order, all streams from the same moments (ours).

    The clip is cut into `n_rows` equal spans of time; one moment is drawn in each. The eye
    and the gaze stream take the row nearest to it, and the face takes the frame with a
    face nearest to one of every ``n_rows / n_frames`` moments.

    Parameters
    ----------
    face_times_s, eye_times_s : (T,), (M,) float64
        Seconds since the sample's start, increasing.
    faces_valid : (T,) uint8
        1 where a face was found; other frames are picked only when there is none.
    n_frames, n_rows : int
        How many frames and rows; `n_rows` is a multiple of `n_frames`.
    rng : Generator, optional
        Draws the moments.
    """
    start, end = clip_span(face_times_s, eye_times_s)
    inside, chosen = aligned_draws(n_frames, n_rows, rng)
    moments = start + (np.arange(n_rows) + inside) * (end - start) / n_rows
    face_moments = moments[np.arange(n_frames) * (n_rows // n_frames) + chosen]
    usable = (
        np.flatnonzero(faces_valid) if faces_valid.any() else np.arange(len(face_times_s))
    )
    frames = _nearest(face_times_s[usable], face_moments)
    rows = _nearest(eye_times_s, moments)
    return Picks(usable[frames] if len(usable) else frames, rows, rows)


def aligned_draws(
    n_frames: int, n_rows: int, rng: Rng = None
) -> tuple[NDArray[np.float64], Indices]:
    """Draw where in its span each moment lies (R,), and which one each face takes (F,)."""
    each = n_rows // n_frames
    if rng is None:
        return np.full(n_rows, 0.5), np.full(n_frames, each // 2)
    return rng.random(n_rows), rng.integers(0, each, n_frames)


def clip_span(
    face_times_s: NDArray[np.float64], eye_times_s: NDArray[np.float64]
) -> tuple[float, float]:
    """Return when the first stream of a clip begins and the last one ends, seconds."""
    ends = [times[[0, -1]] for times in (face_times_s, eye_times_s) if len(times)]
    both = np.concatenate(ends)
    return float(both.min()), float(both.max())


def official_picks(
    n_clip_frames: int, n_clip_rows: int, n_frames: int, n_rows: int, rng: Rng = None
) -> Picks:
    """Pick as the official code does.

    The frames are first ordered by the last digit of their number (its sort key), then
    one is drawn from each of `n_frames` contiguous parts. Eye and gaze rows are drawn from
    `n_rows` parts each, independently of one another.
    """
    order = _by_last_digit(n_clip_frames)
    picked = _one_per_part(n_clip_frames, n_frames, rng)
    return Picks(
        order[picked] if n_clip_frames else picked,
        _one_per_part(n_clip_rows, n_rows, rng),
        _one_per_part(n_clip_rows, n_rows, rng),
    )


@lru_cache(maxsize=1024)
def _by_last_digit(length: int) -> Indices:
    return np.argsort(np.arange(length) % 10, kind="stable")


def _nearest(times_s: NDArray[np.float64], moments: NDArray[np.float64]) -> Indices:
    if len(times_s) == 0:
        return np.full(len(moments), -1, np.int64)
    right = np.searchsorted(times_s, moments).clip(1, max(len(times_s) - 1, 1))
    left = right - 1
    right = right.clip(max=len(times_s) - 1)
    nearer = moments - times_s[left] <= times_s[right] - moments
    return np.where(nearer, left, right).astype(np.int64)


def _one_per_part(length: int, parts: int, rng: Rng) -> Indices:
    if length == 0:
        return np.full(parts, -1, np.int64)
    edges = np.arange(parts + 1) * length // parts
    width = np.maximum(np.diff(edges), 1)
    inside = width // 2 if rng is None else rng.integers(0, width)
    return np.minimum(edges[:-1] + inside, length - 1).astype(np.int64)
