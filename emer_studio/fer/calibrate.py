"""Fits the temperatures of a study on what its experts agree on, and finds them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio import __version__
from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.fer.calibration import Calibration, Floats, Mixing, fit_temperature
from emer_studio.fer.facefile import FaceFile
from emer_studio.fer.items import frames_of_items, top_frames
from emer_studio.fer.panel import Panel, hash_of
from emer_studio.fer.runs import run_of, simulated, study_of
from emer_studio.fer.table import followed
from emer_studio.labels.consensus import consensus
from emer_studio.labels.ratings import events_of
from emer_studio.recording.reader import Recording
from emer_studio.schema.predictions import (
    CalibrationFile,
    FittedTemperature,
    read_calibrations,
)
from emer_studio.study.folder import Study

__all__ = ["as_json", "calibrate", "calibration_path", "temperatures_for"]


@dataclass
class _Samples:
    """Frames that speak for labelled items."""

    p: list[Floats]
    labels: list[int]
    people: list[str]
    weights: list[float]
    models: list[list[str]]
    simulated: bool = False


def calibration_path(study: Path) -> Path:
    """Return where a study keeps its temperatures."""
    return study / "derived" / "prelabel" / "calibration.json"


def calibrate(study: Study, names: Sequence[str]) -> dict[str, FittedTemperature]:
    """Fit and write down the temperature of one model, or of several and of their mean.

    Each item counts once, by the frames that speak for it (`items.top_frames`).

    Parameters
    ----------
    study : Study
    names : sequence of str
        Models whose run is there, in the order of their names.

    Raises
    ------
    BadInputError
        When there is no run, or there are too few labels, with how many are needed.
    """
    run = "+".join(names)
    samples = _samples(study, run, len(names))
    if samples.models and [name for name, _ in samples.models] != list(names):
        raise BadInputError(f"The run {run} was made by other models.")
    labels, people = np.array(samples.labels, np.int64), np.array(samples.people)
    weights = np.array(samples.weights)
    p = np.stack(samples.p) if samples.p else np.empty((0, len(names), len(EMOTIONS)))

    def fitted(values: Floats, sha256: str) -> FittedTemperature:
        found: Calibration = fit_temperature(values, labels, people, weights)
        return FittedTemperature(
            model_sha256=sha256, simulated=samples.simulated, **asdict(found)
        )

    hashes = [sha256 for _, sha256 in samples.models] or [""] * len(names)
    made = {name: fitted(p[:, k], hashes[k]) for k, name in enumerate(names)}
    if len(names) > 1:
        mixing = Mixing(tuple(made[name].temperature for name in names))
        made[run] = fitted(mixing.mix(p), hash_of(hashes))
    path = calibration_path(study.folder)
    known = read_calibrations(path).models if path.is_file() else {}
    content = CalibrationFile(app_version=__version__, models=known | made)
    write_json(path, content.model_dump())
    return made


def temperatures_for(video: Path, panel: Panel) -> dict[str, float]:
    """Return the temperatures that a recording's study has for a panel's models.

    One that was fitted for another file of the same name is not used.
    """
    study = study_of(video)
    path = calibration_path(study) if study else None
    if path is None or not path.is_file():
        return {}
    hashes = {model.name: model.entry.sha256 for model in panel.models}
    hashes[panel.name] = panel.sha256
    known = read_calibrations(path).models
    return {
        name: known[name].temperature
        for name, sha256 in hashes.items()
        if name in known and known[name].model_sha256 == sha256
    }


def _samples(study: Study, run: str, models: int) -> _Samples:
    agreed = _agreed(study)
    samples, runs = _Samples([], [], [], [], []), 0
    for session in study.sessions():
        for video in Recording(session.folder).videos:
            faces = FaceFile.whole(run_of(video, run).faces)
            if faces is not None and len(faces.models) == models:
                runs += 1
                _add(samples, video, faces, agreed)
    if not runs:
        raise BadInputError(
            f"No session of {study.folder} has been pre-labelled by {run}.",
            fix=f"Run `emer-studio prelabel STUDY --model {run.replace('+', ',')}` first.",
        )
    return samples


def _agreed(study: Study) -> dict[str, str]:
    """Return the category that the experts agree on, of each item that has one."""
    found = consensus(events_of(study), study.file.consensus)
    return {item: one.category for item, one in found.items() if one.category}


def _add(samples: _Samples, video: Path, faces: FaceFile, agreed: dict[str, str]) -> None:
    """Add what speaks for the labelled items of one video."""
    items = {i: span for i, span in frames_of_items(video).items() if i in agreed}
    if not items:
        return
    seen: dict[int, Floats] = {
        int(records["frame"][0]): records["p"][mine].astype(np.float64)
        for records, mine in followed(faces)
        if mine is not None
    }
    person = Recording(video.parent).manifest.participant
    samples.models = faces.models
    samples.simulated |= bool(simulated(video.parent))
    for item, (first, last) in items.items():
        inside = [seen[k] for k in range(first, last + 1) if k in seen]
        if not inside:
            continue
        p = np.stack(inside)
        top = top_frames(p.mean(axis=1))
        samples.p += list(p[top])
        samples.labels += [EMOTIONS.index(agreed[item])] * len(top)
        samples.people += [person] * len(top)
        samples.weights += [1.0 / len(top)] * len(top)


def as_json(made: dict[str, FittedTemperature]) -> dict[str, Any]:
    """Return what `calibrate` found as plain values."""
    return {name: one.model_dump() for name, one in made.items()}
