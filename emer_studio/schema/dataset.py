"""The dataset folder (training cache), format version 1.

::

    DATASET/
      manifest.json    this model; written last, so a folder without it is unfinished
      samples.csv      one `StoredSample` per row; an empty cell is a missing label
      faces.u8         (sum n_frames, 112, 112, 3) uint8, RGB, rows of samples in order
      faces_valid.u8   (sum n_frames,) uint8, 1 where a face was found
      face_times.f64   (sum n_frames,) float64, seconds since the sample's start
      eyes.f32         (sum n_eyes, D) float32, NaN where lost
      eye_times.f64    (sum n_eyes,) float64, seconds since the sample's start
      maps.f32         (n_samples, 8, 36, 64) float32, density of fixation time over the
                       clip's frame in eight equal parts of the sample; only where `maps`
                       says so
      votes.csv        how many experts chose each emotion, a sample each
      blind.csv        what they agreed on before anybody saw a suggestion; tests use it
      clips.csv        hash and meant emotion of each stimulus; where recorded
      measures.csv     what the eyes did, a sample each
      truth.csv        what synthetic faces and eyes were drawn from; labels may err
      participants.csv who is in it, with what the protocols asked of them; where recorded

All binary files are little-endian without a header.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.schema.eye_columns import DEFAULT_EYE_COLUMNS, EyeColumn
from emer_studio.schema.units import WHOLE_CLIPS

__all__ = [
    "DATA_FILES",
    "DEAD_BAND",
    "FACE_SIZE",
    "FORMAT_VERSION",
    "MAPS_FILE",
    "MAP_SHAPE",
    "POLARITIES",
    "DatasetManifest",
    "Limits",
    "SampleRow",
    "StoredSample",
    "parse_manifest",
    "parse_sample",
    "polarity",
]

FORMAT_VERSION = 1
DATA_FILES = (
    "samples.csv",
    "faces.u8",
    "faces_valid.u8",
    "face_times.f64",
    "eyes.f32",
    "eye_times.f64",
)
"""Every file of the folder but the manifest."""
MAPS_FILE = "maps.f32"
FACE_SIZE = 112
"""Side of a face crop in pixels (the input size of the official code)."""
DEAD_BAND = 0.125
"""Valence at or below this size counts as neutral: half a step of a 9-point SAM scale
mapped to [-1, 1] (chosen by us)."""
MAP_SHAPE = (8, 36, 64)
"""Parts of a clip, rows and columns of its fixation maps. Eight, as the official code cuts
a clip into eight; a cell is half a degree to one on common displays (chosen by us)."""
POLARITIES = ("negative", "neutral", "positive")
"""The three classes of ER-3 and FER-3."""

Unit = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


def polarity(valence: float, dead_band: float = DEAD_BAND) -> str:
    """Return the three-way class of a valence in [-1, 1]."""
    if abs(valence) <= dead_band:
        return "neutral"
    return "positive" if valence > 0 else "negative"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SampleRow(_Frozen):
    """One clip, or part of one, seen by one participant; None means not labelled.

    Parameters
    ----------
    sample_id : str
        Unique in the dataset.
    participant, session, stimulus : str
        Pseudonym, session and clip names. Folds are made by participant.
    trial : int
        Trial number in the session, from 1.
    unit : {"clip", "window", "peak"}
        What the sample is: the whole clip, a window of it, or the time around its peak.
        Parts have the clip's name and ``/w-01`` or ``/peak`` behind it.
    from_s : float
        Where in the clip it begins, seconds after the onset.
    start_s, end_s : float
        Of the sample on the session's clock, seconds; of a whole clip its onset and end.
    er_valence, er_arousal, er_emotion, er3
        What the participant reported to feel. `er3` is derived from the valence when
        it is None.
    er_weak : bool
        The participant said that of the whole clip, of which this is a part.
    fer_emotion, fer_valence, fer_arousal, fer_intensity, fer3
        What experts saw in the face; intensity in [0, 3].
    excluded : bool
        Never used for training; `reason` says why.
    """

    sample_id: Text
    participant: Text
    session: str = ""
    stimulus: Text
    trial: int = Field(default=1, ge=0)
    unit: Literal["clip", "window", "peak"] = "clip"
    from_s: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    start_s: float = Field(default=0.0, allow_inf_nan=False)
    end_s: float = Field(default=0.0, allow_inf_nan=False)
    er_valence: Unit | None = None
    er_arousal: Unit | None = None
    er_emotion: str | None = None
    er3: str | None = None
    er_weak: bool = False
    fer_emotion: str | None = None
    fer_valence: Unit | None = None
    fer_arousal: Unit | None = None
    fer_intensity: Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)] | None = None
    fer3: str | None = None
    excluded: bool = False
    reason: str = ""

    @field_validator("er_emotion", "fer_emotion")
    @classmethod
    def _known_emotion(cls, value: str | None) -> str | None:
        if value is not None and value not in EMOTIONS:
            raise ValueError(f"expected one of {', '.join(EMOTIONS)}, found {value!r}")
        return value

    @field_validator("er3", "fer3")
    @classmethod
    def _known_polarity(cls, value: str | None) -> str | None:
        if value is not None and value not in POLARITIES:
            raise ValueError(f"expected one of {', '.join(POLARITIES)}, found {value!r}")
        return value

    @model_validator(mode="after")
    def _reason_given(self) -> Self:
        if self.excluded and not self.reason:
            raise ValueError(f"sample {self.sample_id} is excluded without a reason")
        return self

    @property
    def trial_id(self) -> str:
        """The sample's clip, which it may share with other parts of it."""
        if self.unit == "clip":
            return self.sample_id
        return self.sample_id.rpartition("/")[0]


class StoredSample(SampleRow):
    """A row of samples.csv: the sample and where its data lie.

    Parameters
    ----------
    frame_first, n_frames : int
        First row and number of rows in the face files.
    eye_first, n_eyes : int
        First row and number of rows in the eye files.
    sha256 : str
        Hash of the sample's own data; equal hashes are the same recording twice.
    """

    frame_first: int = Field(ge=0)
    n_frames: int = Field(ge=0)
    eye_first: int = Field(ge=0)
    n_eyes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Limits(_Frozen):
    """Best reachable 7-class ER accuracy of a synthetic dataset, by what is seen.

    Parameters
    ----------
    face, eyes, both : float
        Accuracy of the Bayes decision from the shown expression, from the latent eye
        response, and from both, in [0, 1].
    stimulus : float, optional
        From the clip's target emotion alone.
    stimulus_face, all : float, optional
        From the target and the shown expression, and from the eyes as well.
    """

    face: float = Field(ge=0, le=1)
    eyes: float = Field(ge=0, le=1)
    both: float = Field(ge=0, le=1)
    stimulus: float | None = Field(default=None, ge=0, le=1)
    stimulus_face: float | None = Field(default=None, ge=0, le=1)
    all: float | None = Field(default=None, ge=0, le=1)


class DatasetManifest(_Frozen):
    """``manifest.json`` of a dataset.

    Parameters
    ----------
    synthetic : bool
        Made by a generator: a software check, not evidence about people.
    simulated : bool
        Recorded from simulated devices.
    imported : bool
        Holds sessions that were recorded elsewhere.
    dead_band : float
        Half width of the neutral band of valence behind ``er3`` and ``fer3``.
    eye_columns : tuple of EyeColumn
        Columns of ``eyes.f32`` in file order.
    units : tuple of str
        What its samples are, in words; more than one where sessions had different units.
    maps : bool
        Whether there is a ``maps.f32``.
    sha256 : dict
        Hash of every other file of the folder, by name.
    """

    format_version: Literal[1] = 1
    name: Text
    synthetic: bool = False
    simulated: bool = False
    imported: bool = False
    notes: str = ""
    eye_columns: tuple[EyeColumn, ...] = DEFAULT_EYE_COLUMNS
    face_size: Literal[112] = 112
    dead_band: float = Field(default=DEAD_BAND, ge=0, lt=1)
    n_samples: int = Field(ge=0)
    units: tuple[str, ...] = (WHOLE_CLIPS,)
    maps: bool = False
    sha256: dict[str, str]
    limits: Limits | None = None
    generator: dict[str, Any] | None = None
    app_version: str
    created: str

    @field_validator("eye_columns")
    @classmethod
    def _has_gaze(cls, value: tuple[EyeColumn, ...]) -> tuple[EyeColumn, ...]:
        names = [column.name for column in value]
        if len(set(names)) != len(names):
            raise ValueError("two eye columns have the same name")
        if not {"gaze_x", "gaze_y"} <= set(names):
            raise ValueError("the columns gaze_x and gaze_y are required")
        return value

    def eye_names(self) -> tuple[str, ...]:
        """Return the column names of ``eyes.f32`` in file order."""
        return tuple(column.name for column in self.eye_columns)


def parse_manifest(raw: Any, where: str) -> DatasetManifest:
    """Check the content of a ``manifest.json``.

    Raises
    ------
    BadInputError
        Saying what is wrong in `where`.
    """
    try:
        return DatasetManifest.model_validate(raw)
    except ValidationError as problem:
        raise BadInputError(
            f"{where} is not a dataset manifest of format version {FORMAT_VERSION}: "
            f"{_first(problem)}"
        ) from None


def parse_sample(cells: dict[str, str], where: str) -> StoredSample:
    """Check one row of ``samples.csv``; empty cells are missing values.

    Raises
    ------
    BadInputError
        Saying what is wrong in `where`.
    """
    try:
        return StoredSample.model_validate({k: v for k, v in cells.items() if v != ""})
    except ValidationError as problem:
        raise BadInputError(f"{where} is wrong: {_first(problem)}") from None


def _first(problem: ValidationError) -> str:
    first = problem.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{place}: {first['msg']} (found {str(first.get('input'))[:60]!r})."
