"""A clip's eye rows as one row of plain statistics, for models that read no sequences."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Clip, Dataset

__all__ = ["clip_statistics", "measures_of", "span_statistics"]

Floats = NDArray[np.float64]
_PERCENTILES = (0.1, 0.5, 0.9)
_PARTS = 3  # chosen by us: beginning, middle and end of what a clip evokes


def clip_statistics(
    dataset: Dataset, indices: Sequence[int], columns: Sequence[int]
) -> Floats:
    """Return statistics of the eye rows over each clip and over its thirds.

    Parameters
    ----------
    dataset : Dataset
        The data.
    indices : sequence of int
        Sample numbers, N of them.
    columns : sequence of int
        Eye columns that are looked at, D of them.

    Returns
    -------
    ndarray, shape (N, 4 * 6 * D), float64
        `span_statistics` of the clip, of its first, second and last third (of time).
    """
    columns = list(columns)
    table = np.empty((len(indices), (1 + _PARTS) * (3 + len(_PERCENTILES)) * len(columns)))
    for row, index in zip(table, indices, strict=True):
        clip = dataset.clip(index)
        eyes = np.asarray(clip.eyes, np.float64)[:, columns]
        spans = [eyes, *(eyes[first:end] for first, end in pairwise(_edges(clip)))]
        row[:] = np.concatenate([span_statistics(span).ravel() for span in spans])
    return table


def _edges(clip: Clip) -> list[int]:
    """Return the rows at which the parts of a clip begin, and its number of rows."""
    times_s, n = clip.eye_times_s, len(clip.eyes)
    if n == 0:
        return [0] * (_PARTS + 1)
    cuts_s = np.linspace(times_s[0], times_s[-1], _PARTS + 1)[1:-1]
    return [0, *np.searchsorted(times_s, cuts_s).tolist(), n]


def span_statistics(rows: Floats) -> Floats:
    """Return what each column was like.

    Parameters
    ----------
    rows : (M, D)
        Not finite where lost.

    Returns
    -------
    ndarray, shape (6, D), float64
        Mean, standard deviation, 10th, 50th and 90th percentile (a value that occurred),
        each NaN where nothing is known, and the share of the rows that is known.
    """
    known = np.isfinite(rows)
    count = known.sum(axis=0)
    share = count / max(len(rows), 1)
    seen = np.maximum(count, 1)
    mean = np.where(known, rows, 0.0).sum(axis=0) / seen
    spread = np.sqrt((np.where(known, rows - mean, 0.0) ** 2).sum(axis=0) / seen)
    last = np.full((1, rows.shape[1]), np.inf)  # so that there is a row
    ordered = np.sort(np.concatenate([np.where(known, rows, np.inf), last]), axis=0)
    places = np.rint(np.outer(_PERCENTILES, seen - 1)).astype(np.int64)
    table = np.stack([mean, spread, *np.take_along_axis(ordered, places, axis=0), share])
    table[:-1, count == 0] = np.nan
    return table


def measures_of(dataset: Dataset, indices: Sequence[int]) -> Floats:
    """Return the rows of ``measures.csv``, see `features.trial_measures`.

    Parameters
    ----------
    dataset : Dataset
        The data; imported ones may have no such table.
    indices : sequence of int
        Sample numbers, N of them.

    Returns
    -------
    ndarray, shape (N, measures), float64
        NaN for what could not be measured; no column at all without the table.
    """
    if "measures.csv" not in dataset.manifest.sha256:
        return np.empty((len(indices), 0))
    path = dataset.folder / "measures.csv"
    with path.open(newline="", encoding="utf-8") as stream:
        head, *rows = csv.reader(stream)
    known = {row[0]: [float(cell) if cell else np.nan for cell in row[1:]] for row in rows}
    nothing = [np.nan] * (len(head) - 1)
    names = [dataset.samples[index].sample_id for index in indices]
    return np.array([known.get(name, nothing) for name in names]).reshape(len(names), -1)
