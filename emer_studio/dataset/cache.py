"""Writing and opening the dataset folder (its format is in `schema.dataset`).

The writer streams each sample to the disk as it comes and writes the manifest last, so
an interrupted job leaves a folder that is recognised as unfinished.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import shutil
from collections.abc import Sequence
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
    write_json,
)
from emer_studio.dataset.cache_reader import Clip, Dataset, open_cache, verify_hashes
from emer_studio.schema.dataset import (
    DATA_FILES,
    DEAD_BAND,
    FACE_SIZE,
    MAP_SHAPE,
    MAPS_FILE,
    DatasetManifest,
    Limits,
    SampleRow,
    StoredSample,
    polarity,
)
from emer_studio.schema.eye_columns import DEFAULT_EYE_COLUMNS, EyeColumn
from emer_studio.schema.protocol import WHOLE_CLIPS

__all__ = ["CacheWriter", "Clip", "Dataset", "open_cache", "verify_hashes"]

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
    synthetic, simulated, imported : bool, optional
        Flags that every output made from the dataset repeats.
    dead_band : float, optional
        Half width of the neutral band of valence.
    units : sequence of str, optional
        What its samples are, in words.
    maps : bool, optional
        Whether every sample comes with its fixation maps.
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
        imported: bool = False,
        dead_band: float = DEAD_BAND,
        units: Sequence[str] = (WHOLE_CLIPS,),
        maps: bool = False,
        notes: str = "",
        limits: Limits | None = None,
        generator: dict[str, Any] | None = None,
    ) -> None:
        self._manifest = DatasetManifest(
            name=name,
            synthetic=synthetic,
            simulated=simulated,
            imported=imported,
            notes=notes,
            eye_columns=tuple(eye_columns),
            dead_band=dead_band,
            units=tuple(units),
            maps=maps,
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
        files = (*DATA_FILES, MAPS_FILE) if maps else DATA_FILES
        self._hashes = {file: hashlib.sha256() for file in files}
        self._streams: dict[str, IO[bytes]] = {}
        for file in files:
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
        maps: NDArray[np.float32] | None = None,
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
            Seconds since the sample's start, never decreasing.
        eyes : (M, D) float32
            Eye rows in the order of the columns; NaN where lost.
        maps : `MAP_SHAPE` float32, optional
            Fixation maps, for a dataset with maps.

        Raises
        ------
        BadInputError
            When shapes, times or the name do not fit; nothing is written then.
        """
        width = len(self._manifest.eye_columns)
        _check(sample.sample_id, faces, faces_valid, face_times_s, eyes, eye_times_s, width)
        if (maps is not None and maps.shape) != (self._manifest.maps and MAP_SHAPE):
            raise BadInputError(f"Sample {sample.sample_id}: expected maps {MAP_SHAPE}.")
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
        if maps is not None:
            self._append(MAPS_FILE, np.ascontiguousarray(maps, "<f4").tobytes())
        stored = self._stored(sample, len(faces), len(eyes), own.hexdigest())
        self._append("samples.csv", _csv_line(_cell(getattr(stored, c)) for c in _COLUMNS))
        self._ids.add(sample.sample_id)
        self._frames += len(faces)
        self._eyes += len(eyes)

    def add_table(self, name: str, rows: Sequence[Sequence[str]]) -> None:
        """Write a table beside the samples, e.g. ``participants.csv``; head first."""
        self._hashes[name] = hashlib.sha256()
        self._streams[name] = (self.folder / name).open("wb")
        for row in rows:
            self._append(name, _csv_line(row))

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
        """Close the files without a manifest: the folder stays marked as unfinished.

        A folder that got no sample at all is taken away again.
        """
        for stream in self._streams.values():
            with contextlib.suppress(OSError):
                stream.close()
        if not self._ids:
            shutil.rmtree(self.folder, ignore_errors=True)

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
