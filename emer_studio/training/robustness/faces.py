"""Worse pictures: noise, blur, something in front of the face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset
from emer_studio.training.robustness.disturbances import Disturbance

__all__ = ["Blur", "Occlusion", "PixelNoise"]

Picture = NDArray[np.uint8]
_GREY = 128
"""Of what covers a face; chosen by us: the middle, so that it is no light or shadow."""


class PixelNoise(Disturbance):
    """Gaussian noise on every pixel and channel, as of a sensor in the dark."""

    name, words, unit = (
        "pixel-noise",
        "Gaussian noise on the pixels",
        "SD in grey levels of 255",
    )
    touches = ("face",)
    not_recomputed = "whether a face is found"

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Add noise of a standard deviation of `level`, cut off at black and white."""

        def noisy(picture: Picture, number: int) -> Picture:
            noise = self.rng(seed, number).standard_normal(picture.shape, np.float32)
            return np.rint(picture + level * noise).clip(0, 255).astype(np.uint8)

        return _with_frames(dataset, noisy)


class Blur(Disturbance):
    """A picture out of focus."""

    name, words, unit = "blur", "Gaussian blur of the face", "sigma in pixels of the crop"
    touches = ("face",)
    not_recomputed = "whether a face is found"

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Blur with a standard deviation of `level`."""

        def blurred(picture: Picture, _number: int) -> Picture:
            if level == 0:
                return picture
            return np.asarray(cv2.GaussianBlur(picture, (0, 0), level), np.uint8)

        return _with_frames(dataset, blurred)


class Occlusion(Disturbance):
    """A grey square in front of the face, at one place throughout a clip."""

    name, words, unit = "occlusion", "a grey square over the face", "share of the picture"
    touches = ("face",)
    not_recomputed = "whether a face is found"

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Cover a share of `level` of each picture."""
        clips = np.repeat(
            np.arange(len(dataset.samples)), [s.n_frames for s in dataset.samples]
        )

        def covered(picture: Picture, number: int) -> Picture:
            height, width = picture.shape[:2]
            tall, wide = (round(np.sqrt(level) * side) for side in (height, width))
            down, right = self.rng(seed, int(clips[number])).random(2)
            top, left = int(down * (height - tall + 1)), int(right * (width - wide + 1))
            picture = picture.copy()
            picture[top : top + tall, left : left + wide] = _GREY
            return picture

        return _with_frames(dataset, covered)


def _with_frames(dataset: Dataset, change: Callable[[Picture, int], Picture]) -> Dataset:
    numbers = np.arange(len(dataset.faces))
    lazy = _Frames(dataset.faces, change, numbers)
    return replace(dataset, faces=cast("NDArray[np.uint8]", lazy))


class _Frames:
    """Frames that are changed as they are looked at; a clip needs eight of its hundreds.

    It stands for the array where frames are taken by number or sliced.
    """

    def __init__(
        self,
        frames: NDArray[np.uint8],
        change: Callable[[Picture, int], Picture],
        numbers: NDArray[np.int64],
    ) -> None:
        self._frames, self._change, self._numbers = frames, change, numbers
        self.shape = (len(numbers), *frames.shape[1:])
        self.dtype = frames.dtype

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, key: Any) -> Any:
        numbers = self._numbers[key]
        if isinstance(key, slice):
            return _Frames(self._frames, self._change, numbers)
        wanted = np.asarray(numbers)
        found = np.zeros((wanted.size, *self.shape[1:]), np.uint8)
        for place, number in enumerate(wanted.ravel().tolist()):
            found[place] = self._change(np.asarray(self._frames[number]), number)
        return found.reshape(*wanted.shape, *self.shape[1:])

    def take(self, rows: Any, axis: int = 0, out: None = None, mode: str = "raise") -> Any:
        """Return frames by number, as ``np.take`` asks for them."""
        return self[np.asarray(rows)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        every = np.asarray(self[np.arange(len(self))])
        return every if dtype is None else every.astype(dtype)
