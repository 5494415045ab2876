"""Batches straight from the dataset's files: a few frames and rows of each clip."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.cache import Dataset
from emer_studio.schema.dataset import MAP_SHAPE
from emer_studio.training.augment import Changes, changed
from emer_studio.training.eye_rows import EyeScale, fit_eye_scale, robust_scale, summaries
from emer_studio.training.network import MODALITIES, FaceNet, Inputs, Shape
from emer_studio.training.presets import View
from emer_studio.training.sampling import Picks, aligned_picks, official_picks

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
        self._summaries = summaries(dataset, view.rows) if view.eyes == "summary" else None
        width = len(names) if self._summaries is None else self._summaries.shape[2]
        if len(scale.mean) != width:
            raise BadInputError(
                f"Expected a dataset whose eye rows have {len(scale.mean)} numbers, "
                f"found {width}."
            )
        self.dataset, self.view, self.device = dataset, view, device
        self._scale, self._use = scale, frozenset(modalities)
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

    def batch(
        self,
        indices: Sequence[int],
        rng: np.random.Generator | None = None,
        changes: Changes | None = None,
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
        """
        picks = [self._picks(index, rng) for index in indices]
        faces, face_valid = self._faces(indices, picks)
        rows = self._rows(indices, [p.eyes for p in picks])
        points = rows
        if self.view.sampling == "official":  # its gaze rows are drawn apart
            points = self._rows(indices, [p.gaze for p in picks])
        eye_valid = np.asarray(np.isfinite(rows[..., self._told]).any(axis=2))
        gaze_valid = np.asarray(np.isfinite(points[..., self._gaze]).all(axis=2))
        eye = np.nan_to_num(self._scale.apply(rows))
        gaze = np.nan_to_num(self._scale.apply(points)[..., self._gaze])
        there = self._sent(face_valid, "face")
        if changes is not None:
            there = there * changes.seen[:, None]
        inputs = Inputs(
            self._pictures(faces, there, changes),
            there,
            self._sent(eye, "eye"),
            self._sent(eye_valid, "eye"),
            self._sent(gaze, "gaze"),
            self._sent(gaze_valid, "gaze"),
            self._sent(self._fixations(indices), "gaze"),
        )
        return inputs if changes is None else changed(inputs, changes)

    def _picks(self, index: int, rng: np.random.Generator | None) -> Picks:
        clip, view = self.dataset.clip(index), self.view
        if view.sampling == "official":
            return official_picks(
                len(clip.faces), len(clip.eyes), view.frames, view.rows, rng
            )
        return aligned_picks(
            clip.face_times_s, clip.faces_valid, clip.eye_times_s,
            view.frames, view.rows, rng,
        )  # fmt: skip

    def _faces(
        self, indices: Sequence[int], picks: Sequence[Picks]
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        side, frames = self.dataset.manifest.face_size, self.view.frames
        faces = np.zeros((len(indices), frames, side, side, 3), np.uint8)
        valid = np.zeros((len(indices), frames), bool)
        if "face" in self._use:
            for i, (index, pick) in enumerate(zip(indices, picks, strict=True)):
                clip = self.dataset.clip(index)
                if len(clip.faces):
                    faces[i] = clip.faces[pick.frames]
                    valid[i] = clip.faces_valid[pick.frames]
        return faces, valid

    def _rows(
        self, indices: Sequence[int], rows: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float32]:
        if self._summaries is not None:
            return self._summaries[list(indices)]
        out = np.full((len(indices), self.view.rows, self._width), np.nan, np.float32)
        for i, (index, picked) in enumerate(zip(indices, rows, strict=True)):
            eyes = self.dataset.clip(index).eyes
            if len(eyes):
                out[i] = eyes[picked]
        return out

    def _fixations(self, indices: Sequence[int]) -> NDArray[np.float32]:
        if self._maps is None:
            return np.zeros((len(indices), 0, *MAP_SHAPE[1:]), np.float32)
        maps = np.asarray(self._maps[list(indices)])
        mean = maps.mean(axis=(2, 3), keepdims=True)
        return np.asarray(maps / np.where(mean > 0, mean, 1.0), np.float32)

    def _sent(self, array: NDArray[Any], modality: str) -> Tensor:
        """Return an array on the device, zero where its stream is left out."""
        if modality not in self._use:
            array = np.zeros_like(array)
        return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(self.device)

    def _pictures(
        self, faces: NDArray[np.uint8], there: Tensor, changes: Changes | None
    ) -> Tensor:
        """Normalise and change in one go; channels last in memory, as the bytes lie.

        Centred bytes are exact in bfloat16, too. Rows of a picture are taken as a whole:
        three numbers at a time would be slow.
        """
        pixels = torch.from_numpy(faces).to(self.device)
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
