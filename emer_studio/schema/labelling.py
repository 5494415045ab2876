"""``labelling.yaml`` of a study: who labels faces, by which scheme, and how it is checked.

Without the file everybody who types a code is a rater, and the defaults below hold.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from emer_studio.core.emotions import EMOTIONS
from emer_studio.schema.base import Model, load_yaml

__all__ = ["FILE", "Asked", "LabellingFile", "Scheme", "load_labelling"]

FILE = "labelling.yaml"
Asked = Literal["off", "offered", "required"]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,16}$")]
Share = Annotated[float, Field(ge=0, le=0.5)]


class Scheme(Model):
    """What is asked about a face; every label event names its `version`.

    Attributes
    ----------
    version : int
        Raise it with every change, so that labels under different schemes can be told.
    second : bool
        Whether a second category may be given.
    valence_arousal, confidence : {"off", "offered", "required"}
    action_units : tuple of int
        FACS action units graded A to E; none unless a lab has trained coders.
    codebook : dict of str to str
        What each category means, for the sheet that raters read.
    pictures : dict of str to str
        A picture for each category, relative to the study.
    """

    version: Annotated[int, Field(ge=1)] = 1
    second: bool = True
    valence_arousal: Asked = "offered"
    confidence: Asked = "offered"
    action_units: tuple[Annotated[int, Field(ge=1, le=99)], ...] = ()
    codebook: dict[str, str] = {}
    pictures: dict[str, str] = {}

    @field_validator("codebook", "pictures")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        strange = sorted(set(value) - set(EMOTIONS))
        if strange:
            raise ValueError(f"expected {', '.join(EMOTIONS)}, found {', '.join(strange)}")
        return value


class LabellingFile(Model):
    """Who labels, and how.

    Attributes
    ----------
    scheme : Scheme
    raters : tuple of str
        Codes of those who label blind; empty: everybody who types one.
    adjudicators : tuple of str
        Codes of those who decide what stays disputed; empty: anyone who did not label it.
    overlap : float
        Share of the items that every rater labels; the others go to as many raters as a
        consensus needs (`consensus.quorum` in ``study.yaml``).
    repeats : float
        Share that a rater gets a second time without being told, for intra-rater
        agreement (5 to 10 %).
    withheld : float
        Share of the review in which the suggestion is withheld at random, to measure
        anchoring (10 %).
    disputed_p : float
        How sure a model has to be to make a majority against it disputed.
    training : dict of str to str
        Items with their gold category, labelled first, with feedback; none: no training.
    training_kappa : float
        Agreement with the gold (Cohen's kappa) that lets a rater begin.
    deadline : date or None
        Shown to raters.
    """

    format_version: Literal[1] = 1
    scheme: Scheme = Scheme()
    raters: tuple[Code, ...] = ()
    adjudicators: tuple[Code, ...] = ()
    overlap: Annotated[float, Field(ge=0, le=1)] = 1.0
    repeats: Share = 0.05
    withheld: Share = 0.1
    disputed_p: Annotated[float, Field(gt=0, le=1)] = 0.8
    training: dict[str, str] = {}
    training_kappa: Annotated[float, Field(ge=0, le=1)] = 0.6
    deadline: date | None = None

    @field_validator("training")
    @classmethod
    def _gold(cls, value: dict[str, str]) -> dict[str, str]:
        strange = sorted(set(value.values()) - set(EMOTIONS))
        if strange:
            raise ValueError(f"expected {', '.join(EMOTIONS)}, found {', '.join(strange)}")
        return value


def load_labelling(study: Path) -> LabellingFile:
    """Return how the faces of a study are labelled.

    Raises
    ------
    BadInputError
        When ``labelling.yaml`` cannot be understood.
    """
    path = study / FILE
    return load_yaml(path, LabellingFile) if path.is_file() else LabellingFile()
