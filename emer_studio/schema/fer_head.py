"""``run.json`` of a pre-labeller that a lab trained on its own experts' labels.

It lies in ``derived/heads/NAME`` of the study, with ``NAME.onnx``, ``NAME.toml`` (what
`models import` reads) and ``predictions.csv``, all of them written at once. Until then
``derived/heads/.NAME.parts`` holds the networks that are trained, and ``begun.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, ValidationError

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.base import Model
from emer_studio.schema.results import Difference
from emer_studio.schema.training import FoldSplit

__all__ = ["BEGUN_FILE", "Against", "FerHeadRun", "HeadScores", "read_head"]

BEGUN_FILE = "begun.json"
"""What an unfinished head is made of; with ``split``, as a run's."""
Span = tuple[float, float]


class HeadScores(Model):
    """How a pre-labeller does on clips with a blind consensus.

    Attributes
    ----------
    clips, participants : int
    war, uar, wf1 : float
        Accuracy, mean recall of the categories that occur, F1 weighted by category.
    ci95 : dict of str to (float, float)
        Of these three, over participants.
    ece : float
        Expected calibration error.
    recall : dict of str to (float or None)
        Of each category; None for one that no clip has.
    counts : dict of str to int
        Clips of each category.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    clips: int
    participants: int
    war: float
    uar: float
    wf1: float
    ci95: dict[str, Span]
    ece: float
    recall: dict[str, float | None]
    counts: dict[str, int]


class Against(Model):
    """The head beside the model that it would replace, on the same clips.

    Attributes
    ----------
    model : str
    head, other : HeadScores
        On the clips that both have an answer to.
    differences : dict of str to Difference
        The head less the other model, for war, uar and wf1.
    """

    model: str
    head: HeadScores
    other: HeadScores
    differences: dict[str, Difference]


class FerHeadRun(Model):
    """How a head was made, and its numbers on people it had not seen.

    Attributes
    ----------
    dataset, dataset_sha256 : str
        Where the faces come from, and the hash of that dataset's manifest.
    synthetic, simulated : bool
        Drawn faces, not filmed ones.
    elsewhere : int
        Clips that have a label, but no blind consensus: neither learned from nor judged by.
    unseen : int
        Clips with a blind consensus that the dataset does not hold, or has no face of.
    split : tuple of FoldSplit
        Of each fold; every clip is judged by the network that had not seen its person.
    chosen_epochs : tuple of int
        Of each fold, by its validation part.
    parity : float
        Largest difference of a probability between the exported file and the network.
    model_sha256 : str
    scores : HeadScores
        As pre-labels of clips are made: from the fifth of the frames least likely neutral.
    scores_of_mean : HeadScores
        From the mean over all frames instead.
    commonest : float
        Accuracy of always saying the commonest category.
    against : Against or None
    against_missing : str
        Why there is none.
    withdrawn : tuple of str
        Participants who have withdrawn since.
    """

    format_version: Literal[1] = 1
    kind: Literal["fer-head"] = "fer-head"
    app_version: str
    name: str
    created: str
    dataset: str
    dataset_sha256: str
    synthetic: bool
    simulated: bool
    elsewhere: int
    unseen: int
    seed: int
    epochs: int
    chosen_epochs: tuple[int, ...]
    split: tuple[FoldSplit, ...]
    device: str
    seconds: float
    parity: float
    model_sha256: str
    scores: HeadScores
    scores_of_mean: HeadScores
    commonest: float
    against: Against | None
    against_missing: str = ""
    withdrawn: tuple[str, ...] = ()


def read_head(folder: Path) -> FerHeadRun:
    """Read and check the numbers of a head.

    Raises
    ------
    BadInputError
    """
    path = folder / "run.json"
    try:
        return FerHeadRun.model_validate(read_json(path))
    except ValidationError as problem:
        raise BadInputError(f"{path} is no run of train-head: {problem}") from None
