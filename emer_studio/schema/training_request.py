"""``start.json``: what a training was asked for, written before anything is trained.

A run that another process is to start, and several runs under one folder, begin from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.training import FoldKind

__all__ = ["REQUEST_FILE", "TrainingRequest"]

REQUEST_FILE = "start.json"


class TrainingRequest(BaseModel):
    """What a training was asked for; None where a default is to be taken.

    Parameters
    ----------
    dataset : str
        Folder.
    protocol : str
        A benchmark, or "all".
    seeds : tuple of int
        One run each; with several, or all benchmarks, in folders of their own.
    folds, folds_by, epochs
        Where they differ from the benchmark's and the preset's.
    device : {"auto", "cpu", "cuda"}
    precision, model, preset, corrected_input, modalities, maps, face_net
        As `emer-studio train` takes them.
    frozen : bool
        The face network stays as it begins.
    compiled, graph : bool
        Parts are compiled; a GPU's step is recorded once.
    parallel : int
        How many folds, also of several runs, are trained at the same time.
    cnn_weights : str
        A file; "none" for random weights; empty for the installed ones, if there are any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    dataset: str
    protocol: str
    seeds: tuple[int, ...] = ()
    folds: int | Literal["official"] | None = None
    folds_by: FoldKind | None = None
    epochs: int | None = Field(default=None, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    model: str = "emert"
    preset: str = "studio"
    corrected_input: bool = False
    modalities: tuple[Literal["face", "eye", "gaze"], ...] = ("face", "eye", "gaze")
    maps: bool = False
    face_net: Literal["auto", "small", "resnet18"] = "auto"
    frozen: bool = False
    compiled: bool = False
    graph: bool = False
    parallel: int = Field(default=1, ge=1)
    cnn_weights: str = ""

    @property
    def several(self) -> bool:
        """Whether it is more than one run."""
        return self.protocol == "all" or len(self.seeds) > 1

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the one of a folder.

        Raises
        ------
        BadInputError
            When there is none, or it cannot be understood.
        """
        path = folder / REQUEST_FILE
        try:
            return cls.model_validate(read_json(path))
        except ValidationError as problem:
            first = problem.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BadInputError(f"{path}: {place}: {first['msg']}.") from None
