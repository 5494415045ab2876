"""How the scores of a finished run fall as its test clips get worse.

The area under the curve of score over dose, divided by the range of doses, is the
relative robustness of MultiBench (Liang et al. 2021, NeurIPS Datasets and Benchmarks): the
mean score over all doses. Its effective robustness is how much of that is more than another
network of the same score on clean clips would keep; that one is late fusion there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.core.resampling import interval
from emer_studio.dataset.cache import Dataset
from emer_studio.study.runs import open_run
from emer_studio.training.comparing.compare import Draws, draws_of, span
from emer_studio.training.fit.network_model import NetworkModel
from emer_studio.training.robustness.disturbances import Disturbance, LostEyes, LostFaces
from emer_studio.training.robustness.eyes import Dropouts, GazeJitter, TimeOffset
from emer_studio.training.robustness.faces import Blur, Occlusion, PixelNoise
from emer_studio.training.runs.fold_jobs import fold_results, jobs_of
from emer_studio.training.runs.run_info import read_run
from emer_studio.training.scores.evaluate import Again, open_again
from emer_studio.training.scores.metrics import drawn_scores
from emer_studio.training.scores.score import FoldResult

__all__ = ["DISTURBANCES", "area", "file_of", "measure_robustness"]

_FILE = "robustness.json"
DISTURBANCES: tuple[Disturbance, ...] = (
    PixelNoise(64.0),
    Blur(8.0),
    Occlusion(0.8),
    LostFaces(1.0),
    GazeJitter(0.2),
    Dropouts(0.8),
    LostEyes(1.0),
    TimeOffset(1000.0),
)
"""Largest doses chosen by us: where a person sees hardly a face, or a gaze of no use."""
Floats = NDArray[np.float64]
_SCORES = {True: ("rmse", "ccc"), False: ("war", "uar")}
_LOW_IS_GOOD = ("rmse",)


@dataclass(frozen=True, slots=True)
class _Curve:
    """Scores of one label by dose, each (doses, 1 + draws); the first draw is observed."""

    label: str
    levels: tuple[float, ...]
    scores: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class _Side:
    """A run that is disturbed, and its scores on clean clips, each (1 + draws,)."""

    folder: Path
    again: Again
    clean: dict[str, dict[str, Floats]]
    tested: dict[str, tuple[int, ...]]


def area(levels: Sequence[float], scores: Floats) -> Floats:
    """Return the area under scores (doses, ...) over doses, divided by their range."""
    at = np.asarray(levels, np.float64)
    return np.asarray(np.trapezoid(scores, at, axis=0) / (at[-1] - at[0]))


def file_of(run: Path, dataset: Dataset) -> Path:
    """Return where the result goes: another dataset's never takes the place of its own."""
    if read_run(run).dataset_manifest_sha256 == dataset.manifest_sha256:
        return run / _FILE
    return run / f"robustness_{dataset.folder.resolve().name}.json"


def measure_robustness(
    run: Path,
    dataset: Dataset,
    device: str,
    *,
    n_levels: int = 5,
    seed: int = 0,
    against: Path | None = None,
    disturbances: Sequence[Disturbance] = DISTURBANCES,
    console: Console | None = None,
    check_stop: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Disturb the test clips of every fold and write what the run makes of them.

    Parameters
    ----------
    run : Path
        A finished run of a network; gets the file of `file_of`.
    dataset : Dataset
        The data; another one than the run's is allowed and said.
    device : str
        "cpu" or "cuda".
    n_levels : int, optional
        Doses from 0 to the largest; 5, chosen by us.
    seed : int, optional
        Of the disturbances and of the bootstrap.
    against : Path, optional
        A run of the same protocol and folds, e.g. of late fusion.
    disturbances : sequence of Disturbance, optional
        What is done.
    console, check_stop : optional
        Who hears the progress; called before each dose, raises KeyboardInterrupt to end it.

    Returns
    -------
    dict
        What was written.

    Raises
    ------
    BadInputError
        When a run is unfinished or of no network, or the two tested other samples.
    """
    console = console or Console()
    sides = [_opened(run, dataset, device, seed)]
    if against is not None:
        sides.append(_opened(against, dataset, device, seed))
        _check_alike(*sides)
    asked = [one for one in disturbances if not one.missing(dataset) and _sees(sides, one)]
    rows = []
    steps = sum(len(one.levels(n_levels)) - 1 for one in asked) * len(sides)
    done = 0
    for one in asked:
        curves: list[list[_Curve]] = []
        for side in sides:
            found = []
            for level in one.levels(n_levels):
                check_stop()
                if level:
                    worse = one.of(dataset, level, seed)
                    found.append(_scored(side.again, side.folder, worse, seed)[0])
                    done += 1
                    console.progress("Disturbing", done, steps, what=one.name)
                else:
                    found.append(side.clean)
            curves.append(list(_curves(one.levels(n_levels), found)))
        rows.append(_row(one, curves))
    told = _told(sides, dataset, disturbances, rows, seed=seed, n_levels=n_levels)
    write_json(file_of(run, dataset), told)
    return told


def _opened(run: Path, dataset: Dataset, device: str, seed: int) -> _Side:
    again = open_again(run, dataset, device)
    if not isinstance(again.learner, NetworkModel):
        raise BadInputError(
            f"{run} is a run of {again.info.model}, which is no network and would be fitted"
            " anew from the disturbed clips.",
            fix="Give a run of a network.",
        )
    clean, tested = _scored(again, run, dataset, seed)
    return _Side(run, again, clean, tested)


def _scored(
    again: Again, run: Path, dataset: Dataset, seed: int
) -> tuple[dict[str, dict[str, Floats]], dict[str, tuple[int, ...]]]:
    """Return the drawn scores by label, and which samples they are of."""
    prepared = replace(again.prepared, dataset=dataset)
    results: list[FoldResult] = []
    for split in prepared.split:
        for asked, job in jobs_of(prepared, again.learner, again.settings, split, run):
            fitted = again.learner.again(job, again.settings)
            results += fold_results(prepared, split, asked, job, fitted)
    scores, tested = {}, {}
    for task, _ in prepared.tasks:
        mine = [r for r in results if r.task.label == task.label]
        truth = np.concatenate([r.truth for r in mine])
        found = np.concatenate([r.found.values for r in mine])
        tested[task.label] = tuple(i for r in mine for i in r.test)
        draws = _draws(dataset, tested[task.label], seed)
        weights = draws.people if draws.crossed is None else draws.crossed
        every = drawn_scores(truth, found, len(task.classes), weights)
        scores[task.label] = {name: every[name] for name in _SCORES[task.regression]}
    return scores, tested


def _draws(dataset: Dataset, tested: Sequence[int], seed: int) -> Draws:
    samples = [dataset.samples[i] for i in tested]
    return draws_of([s.participant for s in samples], [s.stimulus for s in samples], seed)


def _check_alike(run: _Side, against: _Side) -> None:
    if run.tested != against.tested:
        raise BadInputError(
            f"{run.folder} and {against.folder} did not test the same samples in the same"
            " folds; they cannot be compared.",
            fix="Give runs of one protocol with the same folds and seed.",
        )


def _sees(sides: Sequence[_Side], one: Disturbance) -> bool:
    return any(set(side.again.settings.modalities) & set(one.touches) for side in sides)


def _curves(
    levels: Sequence[float], found: Sequence[dict[str, dict[str, Floats]]]
) -> Iterator[_Curve]:
    for label, names in found[0].items():
        stacked = {name: np.stack([at[label][name] for at in found]) for name in names}
        yield _Curve(label, tuple(levels), stacked)


def _row(one: Disturbance, sides: Sequence[Sequence[_Curve]]) -> dict[str, Any]:
    labels = []
    for place, curve in enumerate(sides[0]):
        other = sides[1][place] if len(sides) > 1 else None
        scores = {
            name: _of_score(name, curve, None if other is None else other.scores[name])
            for name in curve.scores
        }
        labels.append({"label": curve.label, "scores": scores})
    return {
        "name": one.name,
        "words": one.words,
        "unit": one.unit,
        "levels": list(sides[0][0].levels),
        "not_recomputed": one.not_recomputed,
        "labels": labels,
    }


def _of_score(name: str, curve: _Curve, other: Floats | None) -> dict[str, Any]:
    """Return one score by dose, its area, and what it keeps more than another's."""
    mine = curve.scores[name]
    under = area(curve.levels, mine)
    clean = mine[curve.levels.index(0.0)]
    told: dict[str, Any] = {
        "values": [float(v) for v in mine[:, 0]],
        "ci95": [span(interval(v)) for v in mine],
        "relative": _with_ends(under),
        "lost": _with_ends((clean - under) * (-1.0 if name in _LOW_IS_GOOD else 1.0)),
    }
    if other is not None:
        sign = -1.0 if name in _LOW_IS_GOOD else 1.0
        excess = sign * (under - area(curve.levels, other))
        ahead = sign * (clean - other[curve.levels.index(0.0)])
        told |= {
            "against": [float(v) for v in other[:, 0]],
            "excess": _with_ends(excess),
            "effective": _with_ends(excess - ahead),
        }
    return told


def _with_ends(values: Floats) -> dict[str, Any]:
    found = interval(values)
    return {"value": float(values[0]), "ci95": span(found)}


def _told(
    sides: Sequence[_Side],
    dataset: Dataset,
    disturbances: Sequence[Disturbance],
    rows: list[dict[str, Any]],
    *,
    seed: int,
    n_levels: int,
) -> dict[str, Any]:
    info = sides[0].again.info
    same = dataset.manifest_sha256 == info.dataset_manifest_sha256
    return {
        "format_version": 1,
        "run": str(sides[0].folder),
        "name": open_run(sides[0].folder).name,
        "against": str(sides[1].folder) if len(sides) > 1 else None,
        "against_name": open_run(sides[1].folder).name if len(sides) > 1 else None,
        "protocol": info.protocol,
        "model": info.model,
        "preset": info.preset,
        "dataset": str(dataset.folder),
        "dataset_manifest_sha256": dataset.manifest_sha256,
        "same_dataset": same,
        "synthetic": info.synthetic or dataset.manifest.synthetic,
        "simulated": info.simulated or dataset.manifest.simulated,
        "seed": seed,
        "levels": n_levels,
        "samples": {label: len(which) for label, which in sides[0].tested.items()},
        "clean": {
            label: {name: float(values[0]) for name, values in names.items()}
            for label, names in sides[0].clean.items()
        },
        "disturbances": rows,
        "remarks": _remarks(sides, dataset, disturbances, same=same),
    }


def _remarks(
    sides: Sequence[_Side],
    dataset: Dataset,
    disturbances: Sequence[Disturbance],
    *,
    same: bool,
) -> list[str]:
    remarks = []
    if not same:
        remarks.append("This is not the dataset the run was trained on.")
    for one in disturbances:
        if why := one.missing(dataset):
            remarks.append(f"No {one.name}: {why}.")
        elif not _sees(sides, one):
            remarks.append(f"No {one.name}: the run does not look at {one.touches[0]}.")
    if len(sides) > 1 and sides[1].again.info.model != "late-fusion":
        model = sides[1].again.info.model
        remarks.append(f"The other run is of {model}, not of late fusion.")
    return remarks
