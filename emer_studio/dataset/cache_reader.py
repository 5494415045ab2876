"""Opening the dataset folder; the arrays are read from the disk as they are used."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, sha256_file
from emer_studio.schema.dataset import (
    DATA_FILES,
    MAP_SHAPE,
    MAPS_FILE,
    DatasetManifest,
    StoredSample,
    parse_manifest,
    parse_sample,
)

__all__ = ["Clip", "Dataset", "open_cache", "verify_hashes"]


@dataclass(frozen=True, slots=True)
class Clip:
    """The data of one sample, as read-only views.

    Attributes
    ----------
    faces : (T, 112, 112, 3) uint8
        RGB crops.
    faces_valid : (T,) uint8
        1 where a face was found.
    face_times_s, eye_times_s : (T,), (M,) float64
        Seconds since the sample's start.
    eyes : (M, D) float32
        Eye rows, NaN where lost.
    """

    faces: NDArray[np.uint8]
    faces_valid: NDArray[np.uint8]
    face_times_s: NDArray[np.float64]
    eyes: NDArray[np.float32]
    eye_times_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dataset:
    """An opened dataset; the arrays are read from the disk as they are used.

    Attributes
    ----------
    folder : Path
        Where it lies.
    manifest : DatasetManifest
        What it is.
    manifest_sha256 : str
        Hash of ``manifest.json``, which holds the hashes of all other files.
    samples : tuple of StoredSample
        The rows of ``samples.csv``.
    faces, faces_valid, face_times_s, eyes, eye_times_s
        The whole files, see `schema.dataset`.
    maps : ndarray, shape (n_samples, *MAP_SHAPE), float32, or None
        Fixation maps, where the dataset has them.
    """

    folder: Path
    manifest: DatasetManifest
    manifest_sha256: str
    samples: tuple[StoredSample, ...]
    faces: NDArray[np.uint8]
    faces_valid: NDArray[np.uint8]
    face_times_s: NDArray[np.float64]
    eyes: NDArray[np.float32]
    eye_times_s: NDArray[np.float64]
    maps: NDArray[np.float32] | None = None

    def clip(self, index: int) -> Clip:
        """Return the data of sample number `index` without copying."""
        sample = self.samples[index]
        f = slice(sample.frame_first, sample.frame_first + sample.n_frames)
        e = slice(sample.eye_first, sample.eye_first + sample.n_eyes)
        return Clip(
            self.faces[f],
            self.faces_valid[f],
            self.face_times_s[f],
            self.eyes[e],
            self.eye_times_s[e],
        )


def open_cache(folder: Path) -> Dataset:
    """Open a dataset; nothing but the tables is read.

    Raises
    ------
    BadInputError
        When `folder` is not a dataset, is unfinished, or its files do not fit together.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise BadInputError(_not_a_dataset(folder))
    manifest = parse_manifest(read_json(path), str(path))
    samples = _read_samples(folder, manifest)
    n = sum(sample.n_frames for sample in samples)
    m = sum(sample.n_eyes for sample in samples)
    side, width = manifest.face_size, len(manifest.eye_columns)
    return Dataset(
        folder=folder,
        manifest=manifest,
        manifest_sha256=sha256_file(path),
        samples=samples,
        faces=_open(folder / "faces.u8", "u1", (n, side, side, 3)),
        faces_valid=_open(folder / "faces_valid.u8", "u1", (n,)),
        face_times_s=_open(folder / "face_times.f64", "<f8", (n,)),
        eyes=_open(folder / "eyes.f32", "<f4", (m, width)),
        eye_times_s=_open(folder / "eye_times.f64", "<f8", (m,)),
        maps=_open(folder / MAPS_FILE, "<f4", (len(samples), *MAP_SHAPE))
        if manifest.maps
        else None,
    )


def verify_hashes(dataset: Dataset) -> list[str]:
    """Return the names of the files whose content is not what the manifest says."""
    expected, folder = dataset.manifest.sha256, dataset.folder
    names = (*DATA_FILES, *(name for name in expected if name not in DATA_FILES))
    return [
        name
        for name in names
        if not (folder / name).is_file() or sha256_file(folder / name) != expected.get(name)
    ]


def _not_a_dataset(folder: Path) -> str:
    if not folder.is_dir():
        return f"Expected a dataset folder, but {folder} is not a folder."
    if any((folder / file).exists() for file in DATA_FILES):
        return (
            f"{folder} is an unfinished dataset: it has no manifest.json, which is "
            "written last. Delete it and make the dataset again."
        )
    return f"{folder} is not a dataset: it has no manifest.json."


def _read_samples(folder: Path, manifest: DatasetManifest) -> tuple[StoredSample, ...]:
    path = folder / "samples.csv"
    if not path.is_file():
        raise BadInputError(f"{folder} is not complete: samples.csv is missing.")
    if sha256_file(path) != manifest.sha256.get("samples.csv"):
        raise BadInputError(
            f"{path} is not the file the manifest describes: it was changed after the "
            "dataset was made.",
            fix="Make the dataset again from the study instead of editing its tables.",
        )
    with path.open(newline="", encoding="utf-8") as stream:
        samples = tuple(
            parse_sample(cells, f"{path}, line {number}")
            for number, cells in enumerate(csv.DictReader(stream), start=2)
        )
    if len(samples) != manifest.n_samples:
        raise BadInputError(
            f"{path} holds {len(samples)} samples, the manifest says {manifest.n_samples}."
        )
    return samples


def _open(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
    found = path.stat().st_size if path.is_file() else -1
    if found != expected:
        what = "is missing" if found < 0 else f"has {found} bytes"
        raise BadInputError(
            f"{path} {what}, expected {expected} bytes.",
            fix="The dataset is damaged: copy or make it again.",
        )
    if expected == 0:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype=dtype, mode="r", shape=shape)
