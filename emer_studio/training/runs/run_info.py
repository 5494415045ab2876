"""``run.json``: how a run is made, written before it starts, and read to make it again."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.schema.training import RunInfo, ViewInfo, parse_run
from emer_studio.study.runs import no_run
from emer_studio.training.fit.job import Settings
from emer_studio.training.prepare import Prepared
from emer_studio.training.presets import PRESETS, Preset, View
from emer_studio.training.runs.provenance import (
    code_sha256,
    hardware,
    split_sha256,
    versions,
)

__all__ = ["describe", "read_run", "settings_of"]


def describe(prepared: Prepared, model: str, settings: Settings, cnn_init: str) -> RunInfo:
    """Return what is written down of a run that is about to start.

    Parameters
    ----------
    prepared : Prepared
    model : str
        Its name.
    settings : Settings
    cnn_init : str
        Where the face network starts: "random", or the hash of a weights file.
    """
    manifest = prepared.dataset.manifest
    return RunInfo(
        state="running",
        protocol=prepared.benchmark.name,
        model=model,
        preset=settings.preset.name,
        view=ViewInfo(**asdict(settings.preset.view)),
        modalities=settings.modalities,
        maps=settings.maps,
        face_net=settings.face_net,
        variant=settings.variant,
        without=settings.without,
        changes=_changes(settings.preset),
        cnn_init=cnn_init,
        epochs=settings.epochs,
        batch_size=settings.preset.batch_size,
        seed=settings.seed,
        device=settings.device,
        precision=settings.precision,
        frozen=settings.frozen,
        compiled=settings.compiled,
        graph=settings.graph,
        split=prepared.split,
        folds=prepared.folds,
        dataset=str(prepared.dataset.folder.resolve()),
        dataset_name=manifest.name,
        dataset_manifest_sha256=prepared.dataset.manifest_sha256,
        synthetic=manifest.synthetic,
        simulated=manifest.simulated,
        app_version=__version__,
        versions=versions(),
        hardware=hardware(settings.device),
        code_sha256=code_sha256(),
        split_sha256=split_sha256(prepared.split),
        started=utc_now(),
    )


def settings_of(
    info: RunInfo, device: str, weights: dict[str, Any] | None = None
) -> Settings:
    """Return the settings that a run was made with, on another device perhaps.

    Raises
    ------
    BadInputError
        When its preset is not known here.
    """
    if info.preset not in PRESETS:
        raise BadInputError(
            f"The run was made with the preset {info.preset!r}, which is not known here.",
            fix=f"Known are {', '.join(PRESETS)}; update the program.",
        )
    view = View(**info.view.model_dump())
    fields: dict[str, Any] = {**info.changes, "view": view, "batch_size": info.batch_size}
    return Settings(
        preset=replace(PRESETS[info.preset], **fields),
        epochs=info.epochs,
        seed=info.seed,
        device=device,
        modalities=tuple(info.modalities),
        maps=info.maps,
        face_net=info.face_net,
        cnn_weights=weights,
        precision=info.precision,
        frozen=info.frozen,
        compiled=info.compiled,
        graph=info.graph,
        without=info.without,
        variant=info.variant,
    )


def _changes(preset: Preset) -> dict[str, bool | int | float]:
    """Return the numbers and switches that are not those of the preset of its name."""
    own, named = asdict(preset), asdict(PRESETS[preset.name])
    apart = {"name", "view", "corrected", "batch_size", "epochs"}
    return {n: v for n, v in own.items() if n not in apart and v != named[n]}


def read_run(run: Path) -> RunInfo:
    """Read ``run.json``.

    Raises
    ------
    BadInputError
        When `run` is not a run folder.
    """
    path = run / "run.json"
    if not path.is_file():
        raise no_run(run)
    return parse_run(read_json(path), str(path))
