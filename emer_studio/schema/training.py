"""``run.json`` of a training run, format version 1."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emer_studio.core.errors import BadInputError

__all__ = ["FoldSplit", "RunInfo", "parse_run"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FoldSplit(_Frozen):
    """Participants of one fold.

    Parameters
    ----------
    fold : int
        From 1.
    train, validation, test : tuple of str
        Disjoint; `validation` chooses the epoch and is empty with very few participants.
    """

    fold: int = Field(ge=1)
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


class RunInfo(_Frozen):
    """How a run was made.

    Parameters
    ----------
    state : str
        "running" until it ends; a run that was killed keeps that state.
    protocol : str
        Benchmark name.
    preset : str
        Network, loss and optimiser.
    sampling : str
        How clips are reduced to frames and rows.
    cnn_init : str
        Where the face network started: "random", or the hash of a weights file.
    split : tuple of FoldSplit
        All folds.
    folds : {"participant", "official"}
        Where they come from: drawn by participant, or the dataset's official sets.
    dataset, dataset_manifest_sha256 : str
        Where the data were and which they were.
    synthetic, simulated : bool
        Repeated from the dataset.
    versions : dict
        Of Python and the libraries that matter.
    withdrawn : tuple of str
        Participants of the run who have withdrawn since; their lines are out of its
        predictions, what the network learned from them is not.
    """

    format_version: Literal[1] = 1
    state: Literal["running", "done", "interrupted", "failed"]
    protocol: str
    preset: Literal["official-2024"]
    sampling: Literal["aligned", "official"]
    cnn_init: str
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seed: int = Field(ge=0)
    device: str
    split: tuple[FoldSplit, ...]
    folds: Literal["participant", "official"] = "participant"
    dataset: str
    dataset_name: str
    dataset_manifest_sha256: str
    synthetic: bool
    simulated: bool
    app_version: str
    versions: dict[str, str]
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
        return RunInfo.model_validate(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInputError(
            f"{where} is not a training run: {place}: {first['msg']}."
        ) from None
