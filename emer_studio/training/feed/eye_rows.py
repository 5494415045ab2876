"""The eye stream of a clip as a few rows, standardised on the training people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache_reader import Clip, Dataset
from emer_studio.training.feed.sampling import clip_span

__all__ = ["EyeScale", "fit_eye_scale", "robust_scale", "summaries"]

Floats = NDArray[np.float32]
_IQR_OF_SD = 1.349  # interquartile range of a normal distribution of spread 1
_LAST: list[tuple[Dataset, Floats]] = []
_FURTHEST = 5.0  # spreads; chosen by us: beyond is an artefact, not an eye


@dataclass(frozen=True, slots=True)
class EyeScale:
    """Middle and spread of each number of an eye row over the training participants.

    Attributes
    ----------
    mean, sd : (E,) float32
        In the units of the columns; `sd` is 1 for constant and never seen columns.
    limit : float
        Largest distance from the middle, in spreads; 0 for none.
    """

    mean: Floats
    sd: Floats
    limit: float = 0.0

    def apply(self, rows: Floats) -> Floats:
        """Standardise rows (..., E); what is lost stays NaN."""
        scaled = (rows - self.mean) / self.sd
        return np.clip(scaled, -self.limit, self.limit) if self.limit else scaled


def fit_eye_scale(dataset: Dataset, indices: Sequence[int]) -> EyeScale:
    """Measure mean and standard deviation of the columns, leaving out what was lost.

    Parameters
    ----------
    dataset : Dataset
        The data.
    indices : sequence of int
        Samples of the training participants, and of nobody else.
    """
    width = dataset.eyes.shape[1]
    count, total, square = np.zeros(width), np.zeros(width), np.zeros(width)
    for index in indices:
        rows = np.asarray(dataset.clip(index).eyes, np.float64)
        good = np.isfinite(rows)
        rows = np.where(good, rows, 0.0)
        count += good.sum(axis=0)
        total += rows.sum(axis=0)
        square += (rows**2).sum(axis=0)
    seen = np.maximum(count, 1)
    mean = total / seen
    sd = np.sqrt(np.maximum(square / seen - mean**2, 0.0))
    return EyeScale(mean.astype(np.float32), _usable(sd, mean))


def robust_scale(rows: Floats) -> EyeScale:
    """Measure median and interquartile range of rows (..., E), NaN left out.

    Where more than half of the values are the same, the standard deviation is taken: rare
    events (a blink) would have no spread at all.
    """
    flat = rows.reshape(-1, rows.shape[-1]).astype(np.float64)
    known = np.isfinite(flat).any(axis=0)
    flat = np.where(known, flat, 0.0)
    low, middle, high = np.nanpercentile(flat, (25, 50, 75), axis=0)
    sd = np.nanstd(flat, axis=0)
    spread = (high - low) / _IQR_OF_SD
    rare = spread < 0.1 * sd
    centre = np.where(rare, np.nanmean(flat, axis=0), middle)
    return EyeScale(
        centre.astype(np.float32),
        _usable(np.where(rare, sd, spread), centre),
        _FURTHEST,
    )


def summaries(dataset: Dataset, n_rows: int) -> Floats:
    """Return what each of `n_rows` equal spans of every clip held, (N, n_rows, 3 D).

    The mean and the standard deviation of each column over the span, and the share of it
    that is known; mean and deviation are NaN where nothing is. (Ours: a row every quarter
    of a second, as the official code draws them, tells little of fixations and blinks.)
    Those of the last dataset are kept: every fold asks for them twice.
    """
    for kept, rows in _LAST:
        if kept is dataset and rows.shape[1] == n_rows:
            return rows
    _LAST[:] = [(dataset, _summaries(dataset, n_rows))]
    return _LAST[0][1]


def _summaries(dataset: Dataset, n_rows: int) -> Floats:
    width = dataset.eyes.shape[1]
    out = np.full((len(dataset.samples), n_rows, 3 * width), np.nan, np.float32)
    out[:, :, 2 * width :] = 0.0
    for index in range(len(out)):
        clip = dataset.clip(index)
        if len(clip.eyes):
            out[index] = _summary(clip, n_rows)
    return out


def _summary(clip: Clip, n_rows: int) -> Floats:
    start, end = clip_span(clip.face_times_s, clip.eye_times_s)
    edges = start + np.arange(1, n_rows) * (end - start) / n_rows
    cuts = np.searchsorted(clip.eye_times_s, edges)
    spans = np.split(np.asarray(clip.eyes, np.float64), cuts)
    return np.stack([_of_span(rows) for rows in spans]).astype(np.float32)


def _of_span(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    good = np.isfinite(rows)
    known = good.sum(axis=0)
    least = np.maximum(known, 1)
    mean = np.where(good, rows, 0.0).sum(axis=0) / least
    off = np.where(good, rows - mean, 0.0)
    sd = np.sqrt((off**2).sum(axis=0) / least)
    lost = known == 0
    mean[lost] = sd[lost] = np.nan
    return np.concatenate([mean, sd, known / max(len(rows), 1)])


def _usable(sd: NDArray[np.float64], mean: NDArray[np.float64]) -> Floats:
    """Return spreads to divide by: 1 where a column is constant or never seen."""
    sd = np.where(sd < 1e-6 * np.maximum(np.abs(mean), 1.0), 1.0, sd)
    return sd.astype(np.float32)
