"""Pre-labels: the table and the summary that ``prelabel`` writes, format version 1.

The table (CSV, UTF-8, one header line) has one row for **every decoded frame**, in order;
the columns are `COLUMNS`:

==============================  ======================================================
``frame``                       index of the decoded frame, from 0
``pts``                         its presentation time stamp in the stream's own ticks
``time_s``                      the same in seconds; empty, like ``pts``, when absent
``status``                      ``ok`` one face, ``multi`` several faces, ``no_face``
                                where the participant's is not found
``n_faces``                     faces the detector found
``x``, ``y``, ``w``, ``h``      box of the participant's face, px of the decoded frame
``det_score``                   the detector's own score of that face
``p_happiness`` … ``p_neutral`` probabilities of that face, in EMER's order; sum to 1
``valence``, ``arousal``        of that face, -1..1, where the model gives them
==============================  ======================================================

A value that does not exist is an empty field. The participant's face is the one that fills
most of the picture over the whole video (`features.face_track`). A pre-label is a
prediction: it is never a rater and never becomes a label by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json

__all__ = [
    "COLUMNS",
    "PROBABILITY_COLUMNS",
    "STATUSES",
    "CalibrationFile",
    "FittedTemperature",
    "ItemPrediction",
    "PredictedItems",
    "PrelabelSummary",
    "read_calibrations",
    "read_items",
    "read_summary",
]

PROBABILITY_COLUMNS = tuple(f"p_{emotion}" for emotion in EMOTIONS)
COLUMNS = (
    "frame",
    "pts",
    "time_s",
    "status",
    "n_faces",
    "x",
    "y",
    "w",
    "h",
    "det_score",
    *PROBABILITY_COLUMNS,
    "valence",
    "arousal",
)
STATUSES = ("ok", "no_face", "multi")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class PrelabelSummary(BaseModel):
    """What stands beside the table: where the numbers come from and what they amount to.

    Attributes
    ----------
    source, source_sha256 : str
        Name and content of the video or picture.
    table : str
        Name of the CSV beside this file.
    model, model_sha256, detector, detector_sha256 : str
        What made the predictions.
    frames : int
        Decoded frames, one row each.
    faces : int
        Faces found in all frames together.
    frames_with_face, frames_multi : int
        Frames with the participant's face, and those of them with several.
    mean_p : dict
        Mean probability of each emotion over the frames with a face; None without any.
    fps : float
        Frames worked through per second.
    damaged : str
        Why decoding stopped before the end of the file; empty when it did not.
    simulated : bool or None
        Copied from the session's manifest: the face was drawn, not filmed.
    temperatures : dict
        What probabilities were calibrated with, by the model's name and, of several, by the
        name of all of them. What is not in it was taken as the model says it (1.0).
    imported : str
        Name of the table of another tool that it comes from; empty for our own models.
    remark : str
        What a reader of the numbers has to know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format_version: Literal[1] = 1
    app_version: str
    source: str
    source_sha256: Sha256
    table: str
    model: str
    model_sha256: Sha256
    detector: str
    detector_sha256: Sha256
    frames: Count
    faces: Count
    frames_with_face: Count
    frames_multi: Count
    mean_p: dict[str, float | None]
    fps: float
    damaged: str = ""
    simulated: bool | None = None
    temperatures: dict[str, float] = {}
    imported: str = ""
    remark: str = ""


class ItemPrediction(BaseModel):
    """What the frames of one item amount to; calibrated, where there is a calibration.

    Attributes
    ----------
    frames : int
        Of the video, in the item.
    face_share : float
        Of them, those with the participant's face.
    p_top : dict
        Mean probability of each emotion over the fifth of the frames with a face that is
        least likely neutral: what speaks for the item. None without a face, like the rest.
    p_mean : dict
        The same over all frames with a face.
    neutral_share : float or None
        Of the frames with a face, those whose likeliest emotion is neutral.
    category : str or None
        The likeliest emotion of `p_top`.
    max_p : float or None
        Its probability. The lower it is, the more a person should look.
    valence, arousal : float or None
        Means over the frames with a face, where the model gives them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frames: Count
    face_share: Share
    p_top: dict[str, float | None]
    p_mean: dict[str, float | None]
    neutral_share: Share | None = None
    category: str | None = None
    max_p: Share | None = None
    valence: float | None = None
    arousal: float | None = None


class PredictedItems(BaseModel):
    """``VIDEO.items.json``: a model's view of every item of a video.

    Attributes
    ----------
    table : str
        The frames it was summed up from.
    model, model_sha256 : str
        What predicted.
    temperatures : dict
        As in the summary.
    items : dict
        By the item's name, ``SESSION/trial-N`` or a part of it; empty where the session's
        journal cannot be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format_version: Literal[1] = 1
    app_version: str
    table: str
    model: str
    model_sha256: Sha256
    temperatures: dict[str, float] = {}
    items: dict[str, ItemPrediction]


class FittedTemperature(BaseModel):
    """One model's calibration on a study's labels; see `fer.calibration.Calibration`.

    Attributes
    ----------
    model_sha256 : str
        Of the file it was fitted for; of several models, of their hashes.
    simulated : bool
        A face was drawn, not filmed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    model_sha256: Sha256
    temperature: Annotated[float, Field(gt=0)]
    ece_before: Share
    ece_after: Share
    n: Count
    participants: Count
    simulated: bool = False


class CalibrationFile(BaseModel):
    """``derived/prelabel/calibration.json`` of a study.

    Attributes
    ----------
    models : dict
        By the model's name and, of several, by the name of all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format_version: Literal[1] = 1
    app_version: str
    models: dict[str, FittedTemperature]


def read_calibrations(path: Path) -> CalibrationFile:
    """Read and check a study's temperatures."""
    try:
        return CalibrationFile.model_validate(read_json(path))
    except ValidationError as problem:
        raise BadInputError(f"{path} holds no calibration: {problem}") from None


def read_items(path: Path) -> PredictedItems:
    """Read and check the summary of a video's items."""
    try:
        return PredictedItems.model_validate(read_json(path))
    except ValidationError as problem:
        raise BadInputError(f"{path} is no summary of items: {problem}") from None


def read_summary(path: Path) -> PrelabelSummary:
    """Read and check a summary file."""
    try:
        return PrelabelSummary.model_validate(read_json(path))
    except ValidationError as problem:
        raise BadInputError(f"{path} is not a pre-label summary: {problem}") from None
