"""Going on with a run that was stopped, killed or ran out of something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import sha256_file
from emer_studio.core.modelfiles import locate
from emer_studio.dataset.cache import Dataset, open_cache, verify_hashes
from emer_studio.schema.models import load_manifest
from emer_studio.schema.training import Resumption, RunInfo
from emer_studio.training.device import choose_device
from emer_studio.training.fit.job import Watch
from emer_studio.training.models.registry import model_named
from emer_studio.training.nets.checkpoint import load_cnn_weights
from emer_studio.training.runs.crew import Crew, crew_of
from emer_studio.training.runs.experiment import train_all
from emer_studio.training.runs.provenance import code_sha256, versions
from emer_studio.training.runs.remake import remade
from emer_studio.training.runs.run_info import read_run, settings_of

__all__ = ["refuse_another", "resume_run", "unfinished", "weights_file"]


def resume_run(
    folder: Path,
    console: Console,
    check_stop: Callable[[], None],
    *,
    dataset: Path | None = None,
    cnn_weights: Path | None = None,
    device: str | None = None,
    parallel: int | None = None,
    crew: Crew | None = None,
) -> dict[str, Any]:
    """Go on where a run was left, and return its results.

    Finished folds are read again, the one that was broken off goes on from its last
    finished epoch; with the same program, on the same device, the results are those of a
    run that nothing interrupted.

    Parameters
    ----------
    folder : Path
        The run folder.
    console, check_stop
        See `job.Watch`.
    dataset : Path, optional
        Where the dataset lies now; where the run says by default.
    cnn_weights : Path, optional
        The weights file that the run began from, if it did.
    device : str, optional
        "auto", "cpu" or "cuda"; the run's by default.
    parallel : int, optional
        How many folds at the same time; as the run began by default.
    crew : Crew, optional
        Who trains them, where somebody has one already.

    Raises
    ------
    BadInputError
        When it is done, somebody trains in it, or it began from something else.
    """
    info = unfinished(folder)
    file = weights_file(info, cnn_weights)
    weights = load_cnn_weights(file) if file else None
    settings = settings_of(info, choose_device(device or info.device), weights)
    size = crew.size if crew else parallel or info.parallel
    data = _unchanged(info, dataset or Path(info.dataset), console)
    prepared = remade(info, data)
    now = Resumption(
        when=utc_now(),
        device=settings.device,
        app_version=__version__,
        versions=versions(),
        code_sha256=code_sha256(),
    )
    _tell_differences(info, now, size, console)
    info = info.model_copy(update={"resumed": (*info.resumed, now)})
    learner = model_named(info.model)
    watch = Watch(console, check_stop)
    own = crew_of(1 if crew else size, settings.device, data, file)
    with own as mine:
        return train_all(prepared, learner, settings, folder, watch, info, crew or mine)


def unfinished(folder: Path) -> RunInfo:
    """Read how a run was begun that is not done.

    Raises
    ------
    BadInputError
        When it is done, or `folder` is no run.
    """
    info = read_run(folder)
    if info.state == "done":
        raise BadInputError(
            f"{folder} is done; there is nothing to go on with.",
            fix=f"Its numbers are in {folder / 'results.json'}.",
        )
    return info


def weights_file(info: RunInfo, given: Path | None) -> Path | None:
    """Return the file that the face networks of a run start from, where they do.

    Raises
    ------
    BadInputError
        When it is needed and not here, or `given` is another one.
    """
    if info.cnn_init == "random":
        if given is not None:
            raise BadInputError(
                "The run began from random weights; --cnn-weights does not belong to it."
            )
        return None
    if given is None:
        given = _installed(info)
    if given is None:
        raise BadInputError(
            f"The run began from a weights file ({info.cnn_init[:19]}…), which the folds"
            " to come need.",
            fix="Give the same file with --cnn-weights.",
        )
    if not given.is_file():
        raise BadInputError(f"{given} does not exist.")
    if f"sha256:{sha256_file(given)}" != info.cnn_init:
        raise BadInputError(
            f"{given} is not the weights file that the run began from"
            f" ({info.cnn_init[:19]}…)."
        )
    return given


def _unchanged(info: RunInfo, folder: Path, console: Console) -> Dataset:
    """Open the run's dataset, or say that it is another one by now."""
    if not folder.is_dir():
        raise BadInputError(
            f"The run's dataset {folder} is not there.",
            fix="Give the place it lies at now: emer-studio train DATASET --resume RUN",
        )
    data = open_cache(folder)
    refuse_another(info, data)
    if files := verify_hashes(data):
        raise _changed(data, f"in {', '.join(files)}")
    if data.manifest.synthetic:
        console.say("SYNTHETIC data: a software check, not evidence about people.")
    if data.manifest.simulated:
        console.say("SIMULATED devices: not evidence about people.")
    return data


def refuse_another(info: RunInfo, dataset: Dataset) -> None:
    """Refuse a dataset that is not the one a run began with; its files are not read.

    Raises
    ------
    BadInputError
    """
    if dataset.manifest_sha256 != info.dataset_manifest_sha256:
        raise _changed(dataset, "its manifest is another one")


def _changed(dataset: Dataset, what: str) -> BadInputError:
    return BadInputError(
        f"The dataset {dataset.folder} changed since the run began: {what}.",
        fix="Start a new run; results of two datasets are those of none.",
    )


def _tell_differences(info: RunInfo, now: Resumption, size: int, console: Console) -> None:
    ours = {"device": info.device, "folds at a time": str(info.parallel)}
    before = {**info.versions, "EMER Studio": info.app_version, **ours}
    ours = {"device": now.device, "folds at a time": str(size)}
    after = {**now.versions, "EMER Studio": now.app_version, **ours}
    other = [
        f"{name} {before[name]} then, {after[name]} now"
        for name in before
        if after.get(name) != before[name]
    ]
    if not other and info.code_sha256 and info.code_sha256 != now.code_sha256:
        other = ["the program's code was changed"]
    if other:
        console.say(
            f"This run began in another way: {'; '.join(other)}. Its numbers may differ"
            " from those of a run that nothing interrupted."
        )


def _installed(info: RunInfo) -> Path | None:
    """Return the installed weights, where the run began from them."""
    entry = load_manifest().entry("resnet18")
    if info.cnn_init != f"sha256:{entry.sha256}":
        return None
    return locate(entry.file, entry.sha256)
