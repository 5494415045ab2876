"""What can go wrong with a clip after a network was trained, in measured doses.

A disturbance changes a dataset as it was recorded, before anything is picked, summarised or
standardised, and hands back a dataset. The same seed draws the same for every dose, so a
larger dose is more of the same and not another accident.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset

__all__ = ["Disturbance", "LostEyes", "LostFaces", "lost_rows", "with_rows"]

Rows = NDArray[np.float32]
RowChange = Callable[[Rows, NDArray[np.float64], np.random.Generator], Rows]


@dataclass(frozen=True, slots=True)
class Disturbance(ABC):
    """One way in which clips get worse.

    Attributes
    ----------
    largest : float
        Highest dose that is tried, in `unit`.
    """

    largest: float

    name: ClassVar[str]
    words: ClassVar[str]
    unit: ClassVar[str]
    touches: ClassVar[tuple[str, ...]]
    """Modalities that are changed; a run that sees none of them is not asked."""
    both_ways: ClassVar[bool] = False
    not_recomputed: ClassVar[str] = ""

    @abstractmethod
    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Return a dataset with a dose of it; a dose of 0 changes nothing."""

    def levels(self, n: int) -> list[float]:
        """Return `n` equally spaced doses from 0, and those below if it goes both ways.

        Equal steps, chosen by us: the area under the curve then weighs each alike.
        """
        up = np.linspace(0.0, self.largest, n)
        both = np.concatenate([-up[:0:-1], up]) if self.both_ways else up
        return [float(level) for level in both]

    def missing(self, dataset: Dataset) -> str:
        """Return why a dataset cannot be disturbed in this way; empty if it can."""
        return ""

    def rng(self, seed: int, number: int) -> np.random.Generator:
        """Return the generator of one clip or frame."""
        return np.random.default_rng([seed, zlib.crc32(self.name.encode()), number])


def with_rows(
    dataset: Dataset, disturbance: Disturbance, seed: int, change: RowChange
) -> Dataset:
    """Return a dataset whose eye rows were changed clip by clip."""
    eyes = np.array(dataset.eyes)
    for index, sample in enumerate(dataset.samples):
        if sample.n_eyes:
            clip, rng = dataset.clip(index), disturbance.rng(seed, index)
            place = slice(sample.eye_first, sample.eye_first + sample.n_eyes)
            eyes[place] = change(np.array(clip.eyes), clip.eye_times_s, rng)
    return replace(dataset, eyes=eyes)


def _who(disturbance: Disturbance, dataset: Dataset, level: float, seed: int) -> list[int]:
    """Return a share of the clips; a larger share holds the smaller one."""
    drawn = disturbance.rng(seed, 0).permutation(len(dataset.samples))
    return sorted(drawn[: round(level * len(drawn))].tolist())


class LostFaces(Disturbance):
    """Some clips have no face at all."""

    name, words, unit = "no-face", "clips without a face", "share of clips"
    touches = ("face",)

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Say of a share of the clips that no face was found in them."""
        valid = np.array(dataset.faces_valid)
        for index in _who(self, dataset, level, seed):
            sample = dataset.samples[index]
            valid[sample.frame_first : sample.frame_first + sample.n_frames] = 0
        return replace(dataset, faces_valid=valid)


class LostEyes(Disturbance):
    """Some clips have no eyes at all: rows, gaze and fixation maps."""

    name, words, unit = "no-eyes", "clips without eyes", "share of clips"
    touches = ("eye", "gaze")

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Lose every eye row of a share of the clips, and their fixation maps."""
        eyes = np.array(dataset.eyes)
        maps = None if dataset.maps is None else np.array(dataset.maps)
        for index in _who(self, dataset, level, seed):
            sample = dataset.samples[index]
            place = slice(sample.eye_first, sample.eye_first + sample.n_eyes)
            eyes[place] = lost_rows(dataset, eyes[place])
            if maps is not None:
                maps[index] = 0.0
        return replace(dataset, eyes=eyes, maps=maps)


def lost_rows(dataset: Dataset, rows: Rows) -> Rows:
    """Return rows as they are when the tracker sees nothing: NaN, and flags of 0."""
    flags = [column.unit == "0/1" for column in dataset.manifest.eye_columns]
    return np.broadcast_to(np.where(flags, np.float32(0), np.float32(np.nan)), rows.shape)
