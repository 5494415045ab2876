"""The frames and rows of many clips at once, e.g. of an epoch, as numbers of the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache_reader import Dataset
from emer_studio.training.feed.sampling import aligned_draws, clip_span, official_picks
from emer_studio.training.presets import View

__all__ = ["Picker", "Rows"]

Indices = NDArray[np.int64]


class Rows(NamedTuple):
    """Rows of the dataset's files for N clips; -1 where a clip lacks the stream.

    Attributes
    ----------
    frames : (N, F) int64
        Rows of the faces.
    eyes, gaze : (N, R) int64
        Rows of the eyes for the eye stream and for the gaze stream.
    """

    frames: Indices
    eyes: Indices
    gaze: Indices

    def part(self, which: slice) -> Rows:
        """Return some of the clips."""
        return Rows(*(each[which] for each in self))


class _Times:
    """Increasing times of many clips, searched all at once.

    Every clip's times are shifted to a stretch of their own on one line.
    """

    def __init__(self, times_s: NDArray[np.float64], clips: Sequence[Indices]) -> None:
        self._rows = np.concatenate([*clips, np.zeros(0, np.int64)])
        self._times = np.asarray(times_s)[self._rows]
        sizes = np.array([len(rows) for rows in clips], np.int64)
        self._first = np.cumsum(sizes) - sizes
        self._sizes = sizes
        reach = np.abs(self._times).max(initial=0.0) + 1.0
        self._stretch = 4.0 * reach
        self._line = self._times + np.repeat(np.arange(len(clips)), sizes) * self._stretch

    def nearest(self, clips: Indices, moments: NDArray[np.float64]) -> Indices:
        """Return the rows (N, K) nearest to the moments (N, K); the earlier of two."""
        first, size = self._first[clips][:, None], self._sizes[clips][:, None]
        if not len(self._times):
            return np.full(moments.shape, -1, np.int64)
        reach = self._stretch / 4.0
        on_line = np.clip(moments, -reach, reach) + clips[:, None] * self._stretch
        last = first + np.maximum(size, 1) - 1
        right = np.searchsorted(self._line, on_line)
        right = np.clip(right, np.minimum(first + 1, last), last)
        left = np.maximum(right - 1, first)
        left, right = (np.clip(x, 0, len(self._times) - 1) for x in (left, right))
        nearer = moments - self._times[left] <= self._times[right] - moments
        found = self._rows[np.where(nearer, left, right)]
        return np.where(size > 0, found, -1)


class Picker:
    """Picks for any samples of a dataset, as `sampling` does clip by clip.

    Parameters
    ----------
    dataset : Dataset
        The data.
    view : View
        How a clip becomes input.
    """

    def __init__(self, dataset: Dataset, view: View) -> None:
        self._dataset, self._view = dataset, view
        if view.sampling == "official":
            return
        faces, eyes, spans = [], [], []
        for index, sample in enumerate(dataset.samples):
            clip = dataset.clip(index)
            shown = np.flatnonzero(clip.faces_valid)
            usable = shown if len(shown) else np.arange(sample.n_frames)
            faces.append(sample.frame_first + usable)
            eyes.append(sample.eye_first + np.arange(sample.n_eyes))
            spans.append(clip_span(clip.face_times_s, clip.eye_times_s))
        self._faces = _Times(dataset.face_times_s, faces)
        self._eyes = _Times(dataset.eye_times_s, eyes)
        self._spans = np.array(spans).reshape(-1, 2)

    def __call__(
        self, indices: Sequence[int], rng: np.random.Generator | None = None
    ) -> Rows:
        """Pick for some samples; without `rng` always the same."""
        if self._view.sampling == "official":
            return self._official(indices, rng)
        clips = np.asarray(indices, np.int64)
        n_frames, n_rows = self._view.frames, self._view.rows
        draws = [aligned_draws(n_frames, n_rows, rng) for _ in indices]
        inside = np.stack([one for one, _ in draws]).reshape(-1, n_rows)
        chosen = np.stack([two for _, two in draws]).reshape(-1, n_frames)
        start, end = self._spans[clips, :1], self._spans[clips, 1:]
        moments = start + (np.arange(n_rows) + inside) * (end - start) / n_rows
        of_faces = np.take_along_axis(
            moments, np.arange(n_frames) * (n_rows // n_frames) + chosen, axis=1
        )
        rows = self._eyes.nearest(clips, moments)
        return Rows(self._faces.nearest(clips, of_faces), rows, rows)

    def _official(self, indices: Sequence[int], rng: np.random.Generator | None) -> Rows:
        found = []
        for index in indices:
            sample = self._dataset.samples[index]
            picks = official_picks(
                sample.n_frames, sample.n_eyes, self._view.frames, self._view.rows, rng
            )
            firsts = (sample.frame_first, sample.eye_first, sample.eye_first)
            found.append(
                [np.where(p < 0, -1, p + f) for p, f in zip(picks, firsts, strict=True)]
            )
        return Rows(*(np.stack(part) for part in zip(*found, strict=True)))
