"""What the processes of a team do that do not lead: learn along, and keep nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.dataset.cache import open_cache
from emer_studio.schema.training import RunInfo
from emer_studio.training.fit.job import Watch
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.fit.team import team
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.runs.fold_jobs import jobs_of
from emer_studio.training.runs.remake import remade
from emer_studio.training.runs.resume import weights_file
from emer_studio.training.runs.run_info import settings_of

__all__ = ["follow"]


def follow(dataset: Path | None, cnn_weights: Path | None, device: str) -> None:
    """Learn all folds of the run that the leader begins or goes on with.

    Parameters
    ----------
    dataset : Path, optional
        Where it lies on this computer; where the leader has it by default.
    cnn_weights : Path, optional
        Likewise.
    device : str
        "cpu" or "cuda".

    Raises
    ------
    EmerError
        When this computer has another dataset or other weights than the leader's, or the
        leader ends before all is learnt.
    """
    try:
        told: Any = team().same(None)
        info = RunInfo.model_validate(told)
        data = open_cache(dataset or Path(info.dataset))
        if data.manifest_sha256 != info.dataset_manifest_sha256:
            raise BadInputError(
                f"{data.folder} is another dataset than the one that the first process"
                " trains on.",
                fix="Copy the dataset to every computer, or name a folder that all share.",
            )
        file = weights_file(info, cnn_weights)
        weights = load_cnn_weights(file) if file else None
        prepared = remade(info, data)
        settings = settings_of(info, device, weights)
        learner = model_named(info.model)
        assert isinstance(learner, NetworkModel)
        watch = Watch(_Silent(), lambda: None)
        nowhere = Path()  # who follows writes no file
        for split in prepared.split:
            for _, job in jobs_of(prepared, learner, settings, split, nowhere):
                learner.learn(job, settings, watch)
    except RuntimeError:  # what torch raises when the others are gone
        raise WorkFailedError(
            "The first process has ended, or cannot be reached; it says why."
        ) from None


class _Silent(Console):
    """Says nothing: the leader tells how it goes."""

    def event(self, name: str, /, **fields: Any) -> None:
        """Tell nobody."""

    def note(self, text: str) -> None:
        """Print nothing."""

    def progress(self, step: str, done: int, total: int, /, **fields: Any) -> None:
        """Draw no bar."""
