"""Writing and opening the dataset folder (its format is in `schema.dataset`).

The writer streams each sample to the disk as it comes and writes the manifest last, so
an interrupted job leaves a folder that is recognised as unfinished.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import (
    fsync_file,
    new_folder,
    read_json,
    sha256_file,
    write_json,
)
from emer_studio.schema.dataset import (
    DEAD_BAND,
    FACE_SIZE,
    DatasetManifest,
    Limits,
    SampleRow,
    StoredSample,
    parse_manifest,
    parse_sample,
    polarity,
)
from emer_studio.schema.eye_columns import DEFAULT_EYE_COLUMNS, EyeColumn

__all__ = ["CacheWriter", "Clip", "Dataset", "open_cache", "verify_hashes"]

_FILES = ("samples.csv", "faces.u8", "faces_valid.u8", "face_times.f64", "eyes.f32")
_NAMES = (*_FILES, "eye_times.f64")
_COLUMNS = tuple(StoredSample.model_fields)


class CacheWriter:
    """Write a dataset sample by sample; use it as a context manager.

    Parameters
    ----------
    folder : Path
        Created; an existing folder that is not empty is refused.
    name : str
        What the dataset is called.
    eye_columns : sequence of EyeColumn, optional
        Columns of the eye rows; ours by default.
    synthetic, simulated : bool, optional
        Flags that every output made from the dataset repeats.
    dead_band : float, optional
        Half width of the neutral band of valence.
    notes : str, optional
        Anything a reader should know.
    limits : Limits, optional
        Best reachable accuracies, known for synthetic data only.
    generator : dict, optional
        How synthetic data were made.
    """

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        eye_columns: Sequence[EyeColumn] = DEFAULT_EYE_COLUMNS,
        synthetic: bool = False,
        simulated: bool = False,
        dead_band: float = DEAD_BAND,
        notes: str = "",
        limits: Limits | None = None,
        generator: dict[str, Any] | None = None,
    ) -> None:
        self._manifest = DatasetManifest(
            name=name,
            synthetic=synthetic,
            simulated=simulated,
            notes=notes,
            eye_columns=tuple(eye_columns),
            dead_band=dead_band,
            n_samples=0,
            sha256={},
            limits=limits,
            generator=generator,
            app_version=__version__,
            created=utc_now(),
        )
        self.folder = new_folder(folder)
        self._ids: set[str] = set()
        self._frames = self._eyes = 0
        self._hashes = {file: hashlib.sha256() for file in _NAMES}
        self._streams: dict[str, IO[bytes]] = {}
        for file in _NAMES:
            self._streams[file] = (folder / file).open("wb")
        self._append("samples.csv", _csv_line(_COLUMNS))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    @property
    def manifest(self) -> DatasetManifest:
        """The manifest; complete once the writer is closed."""
        return self._manifest

    @property
    def n_samples(self) -> int:
        """Samples written so far."""
        return len(self._ids)

    def add(
        self,
        sample: SampleRow,
        faces: NDArray[np.uint8],
        faces_valid: NDArray[Any],
        face_times_s: NDArray[np.float64],
        eyes: NDArray[np.float32],
        eye_times_s: NDArray[np.float64],
    ) -> None:
        """Append one sample.

        Parameters
        ----------
        sample : SampleRow
            Its names and labels. Missing ``er3`` and ``fer3`` are derived from valence.
        faces : (T, 112, 112, 3) uint8
            Face crops, RGB.
        faces_valid : (T,) bool or uint8
            Whether a face was found.
        face_times_s, eye_times_s : (T,), (M,) float64
            Seconds since clip onset, never decreasing.
        eyes : (M, D) float32
            Eye rows in the order of the columns; NaN where lost.

        Raises
        ------
        BadInputError
            When shapes, times or the name do not fit; nothing is written then.
        """
        width = len(self._manifest.eye_columns)
        _check(sample.sample_id, faces, faces_valid, face_times_s, eyes, eye_times_s, width)
        if sample.sample_id in self._ids:
            raise BadInputError(f"The sample {sample.sample_id!r} was added twice.")
        parts = {
            "faces.u8": np.ascontiguousarray(faces, "u1").tobytes(),
            "faces_valid.u8": np.asarray(faces_valid, bool).astype("u1").tobytes(),
            "face_times.f64": np.asarray(face_times_s, "<f8").tobytes(),
            "eyes.f32": np.ascontiguousarray(eyes, "<f4").tobytes(),
            "eye_times.f64": np.asarray(eye_times_s, "<f8").tobytes(),
        }
        own = hashlib.sha256()
        for file, content in parts.items():
            own.update(content)
            self._append(file, content)
        stored = self._stored(sample, len(faces), len(eyes), own.hexdigest())
        self._append("samples.csv", _csv_line(_cell(getattr(stored, c)) for c in _COLUMNS))
        self._ids.add(sample.sample_id)
        self._frames += len(faces)
        self._eyes += len(eyes)

    def close(self) -> DatasetManifest:
        """Finish the dataset: flush everything, then write the manifest."""
        for stream in self._streams.values():
            fsync_file(stream)
            stream.close()
        hashes = {file: value.hexdigest() for file, value in self._hashes.items()}
        self._manifest = self._manifest.model_copy(
            update={"sha256": hashes, "n_samples": self.n_samples}
        )
        content = self._manifest.model_dump(mode="json")
        write_json(self.folder / "manifest.json", content)
        return self._manifest

    def abort(self) -> None:
        """Close the files without a manifest: the folder stays marked as unfinished."""
        for stream in self._streams.values():
            with contextlib.suppress(OSError):
                stream.close()

    def _stored(
        self, sample: SampleRow, frames: int, eyes: int, sha256: str
    ) -> StoredSample:
        band = self._manifest.dead_band
        fields = sample.model_dump()
        for column, valence in (("er3", "er_valence"), ("fer3", "fer_valence")):
            if fields[column] is None and fields[valence] is not None:
                fields[column] = polarity(fields[valence], band)
        return StoredSample(
            **fields,
            frame_first=self._frames,
            n_frames=frames,
            eye_first=self._eyes,
            n_eyes=eyes,
            sha256=sha256,
        )

    def _append(self, file: str, content: bytes) -> None:
        try:
            self._streams[file].write(content)
        except OSError as problem:
            raise WorkFailedError(
                f"{self.folder / file} could not be written: {problem.strerror}.",
                fix="Free disk space, delete the unfinished folder and start again.",
            ) from None
        self._hashes[file].update(content)


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
        Seconds since clip onset.
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
    )


def verify_hashes(dataset: Dataset) -> list[str]:
    """Return the names of the files whose content is not what the manifest says."""
    expected = dataset.manifest.sha256
    return [f for f in _NAMES if sha256_file(dataset.folder / f) != expected.get(f)]


def _not_a_dataset(folder: Path) -> str:
    if not folder.is_dir():
        return f"Expected a dataset folder, but {folder} is not a folder."
    if any((folder / file).exists() for file in _NAMES):
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


def _check(
    name: str,
    faces: NDArray[Any],
    valid: NDArray[Any],
    face_times: NDArray[Any],
    eyes: NDArray[Any],
    eye_times: NDArray[Any],
    width: int,
) -> None:
    expected = (len(faces), FACE_SIZE, FACE_SIZE, 3)
    if faces.shape != expected or faces.dtype != np.uint8:
        raise BadInputError(
            f"Sample {name}: expected faces of shape {expected} and type uint8, "
            f"found {faces.shape} {faces.dtype}."
        )
    if eyes.ndim != 2 or eyes.shape[1] != width:
        raise BadInputError(
            f"Sample {name}: expected eye rows with {width} columns, found {eyes.shape}."
        )
    if valid.shape != (len(faces),) or face_times.shape != (len(faces),):
        raise BadInputError(f"Sample {name}: {len(faces)} faces need as many times.")
    if eye_times.shape != (len(eyes),):
        raise BadInputError(f"Sample {name}: {len(eyes)} eye rows need as many times.")
    for what, times in (("face", face_times), ("eye", eye_times)):
        if not np.isfinite(times).all() or (np.diff(times) < 0).any():
            raise BadInputError(f"Sample {name}: {what} times are not in order.")
    if len(faces) == 0 and len(eyes) == 0:
        raise BadInputError(f"Sample {name} has neither a face frame nor an eye row.")


def _csv_line(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(list(cells))
    return text.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
