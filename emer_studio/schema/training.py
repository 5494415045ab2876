"""``run.json`` of a training run, format version 2."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emer_studio.core.errors import BadInputError
from emer_studio.schema.upgrades import upgraded

__all__ = [
    "PARTS",
    "FoldKind",
    "FoldSplit",
    "Part",
    "Resumption",
    "RunInfo",
    "RunState",
    "StimulusSplit",
    "ViewInfo",
    "parse_run",
]

FoldKind = Literal["participant", "stimulus", "both"]
"""What training and test never share: people, clips, or neither of them."""
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")
RunState = Literal["running", "paused", "done", "interrupted", "failed"]
"""A run that was killed keeps "running" or "paused", and nobody holds its lock."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StimulusSplit(_Frozen):
    """Stimuli of one fold; the parts are disjoint."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class FoldSplit(_Frozen):
    """Participants, and where they are split as well, stimuli of one fold.

    Parameters
    ----------
    fold : int
        From 1.
    train, validation, test : tuple of str
        Participants; `validation` chooses the epoch and is empty with very few of them.
        Disjoint, unless the fold is by stimulus alone: then everybody may be in all parts.
    by : {"participant", "stimulus", "both"}
        What the parts never share.
    stimuli : StimulusSplit, optional
        The clips of each part; None where every part has all of them.
    """

    fold: int = Field(ge=1)
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    by: FoldKind = "participant"
    stimuli: StimulusSplit | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.stimuli is None) != (self.by == "participant"):
            raise ValueError("stimuli are named where folds are by stimulus or both")
        return self

    def part_of(self, participant: str, stimulus: str) -> Part | None:
        """Return the part of a sample, None where it is used in none."""
        for part in PARTS:
            clips = None if self.stimuli is None else getattr(self.stimuli, part)
            if participant in getattr(self, part) and (clips is None or stimulus in clips):
                return part
        return None


class ViewInfo(_Frozen):
    """How clips became input: the fields of `training.presets.View`."""

    sampling: Literal["aligned", "official"] = "aligned"
    pixels: Literal["imagenet", "bgr"] = "imagenet"
    eyes: Literal["raw", "standard", "summary"] = "standard"
    frames: int = Field(default=8, ge=1)
    rows: int = Field(default=32, ge=1)


class Resumption(_Frozen):
    """One time a run was gone on with.

    Parameters
    ----------
    when : str
        UTC.
    device, app_version, versions, code_sha256
        Of the program that went on; as in `RunInfo`.
    """

    when: str
    device: str
    app_version: str
    versions: dict[str, str]
    code_sha256: str


class RunInfo(_Frozen):
    """How a run was made.

    Parameters
    ----------
    state : str
        "running" or "paused" until it ends; a run that was killed keeps that state.
    problem : str
        Why it is interrupted or failed; empty where somebody wanted it so.
    protocol : str
        Benchmark name.
    model : str
        Which model.
    preset : str
        Its input and optimiser.
    view : ViewInfo
        How clips became its input.
    modalities : tuple of str
        Streams that were looked at.
    maps : bool
        Whether the fixation maps were looked at.
    face_net : str
        What looked at the pictures.
    variant : str
        What it is in an ablation (`training.ablation.variants`); empty otherwise.
    without : tuple of str
        Parts that the network was trained without.
    changes : dict
        Numbers and switches in which it differed from its preset.
    cnn_init : str
        Where the face network started: "random", or the hash of a weights file.
    precision : {"fp32", "bf16"}
        Of the network's arithmetic.
    frozen : bool
        Whether the face network stayed as it began: a quick look.
    compiled, graph : bool
        Whether parts were compiled, and a GPU's step recorded once.
    parallel : int
        How many folds were trained at the same time.
    split : tuple of FoldSplit
        All folds.
    folds : {"participant", "stimulus", "both", "official"}
        Where they come from: drawn by what the parts never share, or the dataset's
        official sets.
    dataset, dataset_manifest_sha256 : str
        Where the data were and which they were.
    synthetic, simulated : bool
        Repeated from the dataset.
    versions : dict
        Of Python and the libraries that matter.
    hardware : dict
        Number of processor threads; name and driver of the GPU where it was used.
    code_sha256, split_sha256 : str
        Over the program's Python files, and over the folds.
    resumed : tuple of Resumption
        When it was gone on with, and by which program.
    withdrawn : tuple of str
        Participants of the run who have withdrawn since; their lines are out of its
        predictions, what the network learned from them is not.
    """

    format_version: Literal[2] = 2
    state: RunState
    problem: str = ""
    protocol: str
    model: str = "emert"
    preset: str
    view: ViewInfo = ViewInfo()
    modalities: tuple[Literal["face", "eye", "gaze"], ...] = ("face", "eye", "gaze")
    maps: bool = False
    face_net: Literal["resnet18", "small"] = "resnet18"
    variant: str = ""
    without: tuple[str, ...] = ()
    changes: dict[str, bool | int | float] = Field(default_factory=dict)
    cnn_init: str
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seed: int = Field(ge=0)
    device: str
    precision: Literal["fp32", "bf16"] = "fp32"
    frozen: bool = False
    compiled: bool = False
    graph: bool = False
    parallel: int = Field(default=1, ge=1)
    split: tuple[FoldSplit, ...]
    folds: FoldKind | Literal["official"] = "participant"
    dataset: str
    dataset_name: str
    dataset_manifest_sha256: str
    synthetic: bool
    simulated: bool
    app_version: str
    versions: dict[str, str]
    hardware: dict[str, str] = Field(default_factory=dict)
    code_sha256: str = ""
    split_sha256: str = ""
    resumed: tuple[Resumption, ...] = ()
    started: str
    finished: str | None = None
    withdrawn: tuple[str, ...] = ()


def parse_run(raw: Any, where: str) -> RunInfo:
    """Check the content of a ``run.json``.

    Raises
    ------
    BadInputError
        Saying what is wrong in `where`.
    """
    try:
        if isinstance(raw, dict):
            raw = upgraded(raw, "RunInfo", 2)
        return RunInfo.model_validate(raw)
    except ValueError as problem:
        if not isinstance(problem, ValidationError):
            raise BadInputError(f"{where}: {problem}") from None
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInputError(
            f"{where} is not a training run: {place}: {first['msg']}."
        ) from None
