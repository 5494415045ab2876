"""Batches straight from the dataset's files: a few frames and rows of each clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import Dataset
from emer_studio.training.sampling import Sampling, aligned_picks, official_picks

__all__ = ["Batch", "Batcher", "EyeScale", "fit_eye_scale"]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_SD = (0.229, 0.224, 0.225)
"""RGB statistics of ImageNet that torchvision's ResNet weights expect."""


@dataclass(frozen=True, slots=True)
class EyeScale:
    """Mean and spread of each eye column over the training participants.

    Attributes
    ----------
    mean, sd : (D,) float32
        In the units of the columns; `sd` is 1 for constant and never seen columns.
    """

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]


def fit_eye_scale(dataset: Dataset, indices: Sequence[int]) -> EyeScale:
    """Measure the eye columns over some samples, leaving out what was lost.

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
    sd[sd < 1e-6 * np.maximum(np.abs(mean), 1.0)] = 1.0
    return EyeScale(mean.astype(np.float32), sd.astype(np.float32))


class Batch(NamedTuple):
    """Network input on its device.

    Attributes
    ----------
    face : (B, F, 3, 112, 112) float32
        Normalised RGB, zero where no face was found; channels last in memory.
    eye : (B, R, D) float32
        Standardised eye rows, zero where lost.
    gaze : (B, R, 2) float32
        Standardised combined gaze, zero where lost.
    """

    face: Tensor
    eye: Tensor
    gaze: Tensor


class Batcher:
    """Gathers batches.

    Parameters
    ----------
    dataset : Dataset
        The data.
    scale : EyeScale
        From the training participants.
    sampling : {"aligned", "official"}
        How a clip is reduced.
    device : torch.device
        Where batches go.
    n_frames, n_rows : int
        Frames and rows of each clip.
    """

    def __init__(
        self,
        dataset: Dataset,
        scale: EyeScale,
        sampling: Sampling,
        device: torch.device,
        *,
        n_frames: int = 8,
        n_rows: int = 32,
    ) -> None:
        names = dataset.manifest.eye_names()
        if len(scale.mean) != len(names):
            raise BadInputError(
                f"Expected a dataset with {len(scale.mean)} eye columns, "
                f"found {len(names)}."
            )
        self._dataset = dataset
        self._scale = scale
        self._sampling = sampling
        self._device = device
        self._n_frames, self._n_rows = n_frames, n_rows
        self._gaze = [names.index("gaze_x"), names.index("gaze_y")]
        shape = (1, 1, 3, 1, 1)
        self._mean = torch.tensor(_IMAGENET_MEAN, device=device).view(shape)
        self._sd = torch.tensor(_IMAGENET_SD, device=device).view(shape)

    def batch(
        self, indices: Sequence[int], rng: np.random.Generator | None = None
    ) -> Batch:
        """Gather samples; without `rng` always the same frames and rows.

        Parameters
        ----------
        indices : sequence of int
            Sample numbers.
        rng : Generator, optional
            Draws the frames and rows (training).
        """
        side, width = self._dataset.manifest.face_size, self._dataset.eyes.shape[1]
        n = len(indices)
        faces = np.zeros((n, self._n_frames, side, side, 3), np.uint8)
        valid = np.zeros((n, self._n_frames), np.float32)
        eyes = np.full((n, self._n_rows, width), np.nan, np.float32)
        gaze = np.full((n, self._n_rows, 2), np.nan, np.float32)
        for i, index in enumerate(indices):
            clip = self._dataset.clip(index)
            if self._sampling == "aligned":
                picks = aligned_picks(
                    clip.face_times_s, clip.faces_valid, clip.eye_times_s,
                    self._n_frames, self._n_rows, rng,
                )  # fmt: skip
            else:
                picks = official_picks(
                    len(clip.faces), len(clip.eyes), self._n_frames, self._n_rows, rng
                )
            if len(clip.faces):
                faces[i] = clip.faces[picks.frames]
                valid[i] = clip.faces_valid[picks.frames]
            if len(clip.eyes):
                eyes[i] = self._standard(clip.eyes[picks.eyes])
                gaze[i] = self._standard(clip.eyes[picks.gaze])[:, self._gaze]
        return Batch(
            self._pictures(faces, valid),
            torch.from_numpy(np.nan_to_num(eyes)).to(self._device),
            torch.from_numpy(np.nan_to_num(gaze)).to(self._device),
        )

    def _standard(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return (rows - self._scale.mean) / self._scale.sd

    def _pictures(self, faces: NDArray[np.uint8], valid: NDArray[np.float32]) -> Tensor:
        pixels = torch.from_numpy(faces).to(self._device).permute(0, 1, 4, 2, 3)
        mask = torch.from_numpy(valid).to(self._device)[:, :, None, None, None]
        return (pixels.float() / 255.0 - self._mean) / self._sd * mask
