"""Batches on the device: a few frames and rows of each clip, gathered by their numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.schema.dataset import MAP_SHAPE
from emer_studio.training.feed.augment import Changes, changed
from emer_studio.training.feed.eye_rows import (
    EyeScale,
    fit_eye_scale,
    robust_scale,
    summaries,
)
from emer_studio.training.feed.picking import Picker, Rows
from emer_studio.training.feed.residency import stored
from emer_studio.training.nets.network import MODALITIES, FaceNet, Inputs, Shape
from emer_studio.training.presets import View

__all__ = ["Feed", "fit_scale"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_SD = (0.229, 0.224, 0.225)
"""RGB statistics of ImageNet that torchvision's ResNet weights expect."""
_MIDDLE = 128.0  # of a byte


def fit_scale(dataset: Dataset, view: View, indices: Sequence[int]) -> EyeScale:
    """Measure what the eye rows are standardised with, on some samples only.

    Parameters
    ----------
    dataset : Dataset
        The data.
    view : View
        How rows are made.
    indices : sequence of int
        Samples of the training participants, and of nobody else.
    """
    width = dataset.eyes.shape[1]
    if view.eyes == "raw":
        return EyeScale(np.zeros(width, np.float32), np.ones(width, np.float32))
    if view.eyes == "standard":
        return fit_eye_scale(dataset, indices)
    return robust_scale(summaries(dataset, view.rows)[list(indices)])


class Feed:
    """Gathers batches.

    Parameters
    ----------
    dataset : Dataset
        The data.
    view : View
        How a clip becomes input.
    scale : EyeScale
        From the training participants.
    device : torch.device
        Where batches go.
    modalities : collection of str
        Streams that are looked at; the others are zero and marked as absent.
    maps : bool
        Whether the fixation maps are gathered, where the dataset has them.
    pixels : torch.dtype
        Type of the pictures.
    """

    def __init__(
        self,
        dataset: Dataset,
        view: View,
        scale: EyeScale,
        device: torch.device,
        *,
        modalities: Collection[str] = MODALITIES,
        maps: bool = False,
        pixels: torch.dtype = torch.float32,
    ) -> None:
        names = dataset.manifest.eye_names()
        held = summaries(dataset, view.rows) if view.eyes == "summary" else None
        self._summaries = None if held is None else torch.from_numpy(held).to(device)
        width = len(names) if self._summaries is None else self._summaries.shape[2]
        if len(scale.mean) != width:
            raise BadInputError(
                f"Expected a dataset whose eye rows have {len(scale.mean)} numbers, "
                f"found {width}."
            )
        self.dataset, self.view, self.device = dataset, view, device
        self._use = frozenset(modalities)
        self._eye_mean = torch.from_numpy(scale.mean).to(device)
        self._eye_sd = torch.from_numpy(scale.sd).to(device)
        self._limit = scale.limit
        self._picker = Picker(dataset, view)
        self._valid = np.asarray(dataset.faces_valid, np.float32)
        if not len(self._valid):
            self._valid = np.zeros(1, np.float32)
        self.frames = stored(dataset, device)
        self.features: Tensor | None = None
        """(N, W) of all frames, given instead of pictures; see `frozen`."""
        self._maps = dataset.maps if maps and "gaze" in self._use else None
        self._gaze = [names.index("gaze_x"), names.index("gaze_y")]
        told = [i for i, n in enumerate(names) if n.startswith(("gaze", "pupil"))]
        self._told = [i for i in told if "valid" not in names[i]]
        self._width = width
        bgr = view.pixels == "bgr"
        mean, sd = ((0.0,) * 3, (1.0,) * 3) if bgr else (_IMAGENET_MEAN, _IMAGENET_SD)
        self._mean = torch.tensor(mean, device=device)
        self._sd = torch.tensor(sd, device=device)
        self._pixels = pixels

    def shape(self, face_net: FaceNet = "resnet18") -> Shape:
        """Return the sizes of what is gathered, for a network to be made."""
        return Shape(
            face_frames=self.view.frames,
            eye_rows=self.view.rows,
            eye_width=self._width,
            maps=0 if self._maps is None else MAP_SHAPE[0],
            face_net=face_net,
        )

    def picks(self, indices: Sequence[int], rng: np.random.Generator | None = None) -> Rows:
        """Draw frames and rows of samples, e.g. of an epoch; without `rng` the middle."""
        return self._picker(indices, rng)

    def expect(self, rows: Rows) -> None:
        """Hear which rows the next batch will be of."""
        if "face" in self._use and len(rows.frames) and self.features is None:
            self.frames.expect(np.maximum(rows.frames, 0))

    def batch(
        self,
        indices: Sequence[int],
        rng: np.random.Generator | None = None,
        changes: Changes | None = None,
        rows: Rows | None = None,
    ) -> Inputs:
        """Gather samples; without `rng` always the same frames and rows.

        Parameters
        ----------
        indices : sequence of int
            Sample numbers.
        rng : Generator, optional
            Draws the frames and rows (training).
        changes : Changes, optional
            What is done to the clips (training).
        rows : Rows, optional
            What `picks` drew for them; drawn here when absent.
        """
        rows = self.picks(indices, rng) if rows is None else rows
        seen = np.take(self._valid, np.maximum(rows.frames, 0)) * (rows.frames >= 0)
        there = self._sent(seen, "face")
        if changes is not None:
            there = there * changes.seen[:, None]
        eye, eye_valid, gaze, gaze_valid = self._looks(indices, rows)
        inputs = Inputs(
            self._faces(rows.frames, there, changes),
            there,
            self._kept(eye, "eye"),
            self._kept(eye_valid, "eye"),
            self._kept(gaze, "gaze"),
            self._kept(gaze_valid, "gaze"),
            self._sent(self._fixations(indices), "gaze"),
        )
        return inputs if changes is None else changed(inputs, changes)

    def _looks(self, indices: Sequence[int], rows: Rows) -> tuple[Tensor, ...]:
        """Return the eye and the gaze stream, each with what of it is known."""
        if self._summaries is not None:
            eye = points = self._summaries[torch.as_tensor(indices, device=self.device)]
        else:
            eye = points = self._eye_rows(rows.eyes)
            if self.view.sampling == "official":  # its gaze rows are drawn apart
                points = self._eye_rows(rows.gaze)
        gaze = points[..., self._gaze]
        return (
            torch.nan_to_num(self._scaled(eye)),
            torch.isfinite(eye[..., self._told]).any(2).float(),
            torch.nan_to_num(self._scaled(points)[..., self._gaze]),
            torch.isfinite(gaze).all(2).float(),
        )

    def _eye_rows(self, rows: NDArray[np.int64]) -> Tensor:
        found = np.take(self.dataset.eyes, np.maximum(rows, 0), axis=0)
        found[rows < 0] = np.nan
        return torch.from_numpy(found).to(self.device)

    def _scaled(self, rows: Tensor) -> Tensor:
        """Do what `EyeScale.apply` does, on the device."""
        scaled = (rows - self._eye_mean) / self._eye_sd
        limit = self._limit
        return scaled.clamp(-limit, limit) if limit else scaled

    def _fixations(self, indices: Sequence[int]) -> NDArray[np.float32]:
        if self._maps is None:
            return np.zeros((len(indices), 0, *MAP_SHAPE[1:]), np.float32)
        maps = np.asarray(self._maps[list(indices)])
        mean = maps.mean(axis=(2, 3), keepdims=True)
        return np.asarray(maps / np.where(mean > 0, mean, 1.0), np.float32)

    def _kept(self, values: Tensor, modality: str) -> Tensor:
        return values if modality in self._use else torch.zeros_like(values)

    def _sent(self, array: NDArray[Any], modality: str) -> Tensor:
        """Return an array on the device, zero where its stream is left out."""
        if modality not in self._use:
            array = np.zeros_like(array)
        return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(self.device)

    def pictures(self, first: int, last: int) -> Tensor:
        """Return frames of the dataset's file as a network sees them, (K, 3, 112, 112)."""
        pixels = self.frames.gather(np.arange(first, last)[None])
        there = torch.ones(1, last - first, device=self.device)
        return self._normalised(pixels, there, None)[0]

    def _faces(
        self, frames: NDArray[np.int64], there: Tensor, changes: Changes | None
    ) -> Tensor:
        if self.features is None:
            return self._normalised(self._gathered(frames), there, changes)
        index = torch.from_numpy(np.maximum(frames, 0)).to(self.device)
        return self.features[index] * there[:, :, None]

    def _normalised(self, pixels: Tensor, there: Tensor, changes: Changes | None) -> Tensor:
        """Normalise and change in one go; channels last in memory, as the bytes lie.

        Centred bytes are exact in bfloat16, too. Rows of a picture are taken as a whole:
        three numbers at a time would be slow.
        """
        if self.view.pixels == "bgr":
            pixels = pixels.flip(4)
        scale = 1.0 / (255.0 * self._sd)
        offset = (_MIDDLE / 255.0 - self._mean) / self._sd
        if changes is not None:
            mirrored = changes.mirrored[:, None, None, None, None]
            pixels = torch.where(mirrored, pixels.flip(3), pixels)
            scale = scale * changes.light[:, None, None]
            offset = offset * changes.light[:, None, None] + changes.shift[:, None, None]
        width = pixels.shape[3]
        rows = pixels.flatten(3).to(self._pixels).sub_(_MIDDLE)
        for factor, change in ((scale, rows.mul_), (offset, rows.add_)):
            each = (factor * there[:, :, None]).repeat(1, 1, width).unsqueeze(2)
            change(each.to(self._pixels))
        return rows.view(pixels.shape).permute(0, 1, 4, 2, 3)

    def _gathered(self, frames: NDArray[np.int64]) -> Tensor:
        side = self.dataset.manifest.face_size
        if "face" not in self._use or not len(self.dataset.faces):
            shape = (*frames.shape, side, side, 3)
            return torch.zeros(shape, dtype=torch.uint8, device=self.device)
        return self.frames.gather(np.maximum(frames, 0))
