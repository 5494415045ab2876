"""The training runs of a study or dataset: what each is, how it stands, what it is called.

Nothing here loads what trains: folders and JSON files only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json, sha256_file
from emer_studio.core.lockfile import holder_of
from emer_studio.schema.results import Results, parse_results
from emer_studio.schema.run_notes import NOTES_FILE, RunNotes, parse_run_notes
from emer_studio.schema.training import RunInfo, parse_run
from emer_studio.schema.training_request import REQUEST_FILE

__all__ = ["LOCK_FILE", "Entry", "MainScore", "no_run", "open_run", "runs_at"]

LOCK_FILE = "train.lock"
_MAIN = ("war", "rmse")
_NAMED = 4  # runs that a message names
_DEEP = ("*/run.json", "*/*/run.json", "*/*/*/run.json")
"""Also several benchmarks and seeds under one folder (``all_…/er7/seed0``)."""

State = Literal["running", "paused", "killed", "done", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class MainScore:
    """The one number of a run that a list shows.

    Attributes
    ----------
    metric : str
        "war" (higher is better) or "rmse" (lower is).
    value : float
        Over all test samples; the mean over labels where there are several.
    ci95 : tuple of float, optional
        Over participants and stimuli where that is known, else over participants; None
        with several labels.
    """

    metric: str
    value: float
    ci95: tuple[float, float] | None

    def __str__(self) -> str:
        ends = f" [{self.ci95[0]:.3f}, {self.ci95[1]:.3f}]" if self.ci95 else ""
        return f"{self.metric.upper()} {self.value:.3f}{ends}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One training run.

    Attributes
    ----------
    folder : Path
    info : RunInfo
        How it was made.
    notes : RunNotes
        What people added.
    results : Results or None
        None until it is done.
    state : str
        As its ``run.json`` says; "killed" where that says "running" or "paused" and
        nobody trains.
    """

    folder: Path
    info: RunInfo
    notes: RunNotes
    results: Results | None
    state: State

    @property
    def batch(self) -> Path | None:
        """The folder of the several runs that it is one of; None where it is alone."""
        above = self.folder.parents[:2]  # of several benchmarks, of several seeds
        return next((one for one in above[::-1] if (one / REQUEST_FILE).is_file()), None)

    @property
    def name(self) -> str:
        """What people call it: their name for it, or its folder's and its batch's."""
        if self.notes.name or self.batch is None:
            return self.notes.name or self.folder.name
        return f"{self.folder.relative_to(self.batch)} of {self.batch.name}"

    @property
    def kind(self) -> str:
        """The model, and what it looks at or lacks where it is not the whole one."""
        info = self.info
        looks = [] if len(info.modalities) == 3 else [", ".join(info.modalities)]
        looks += ["with maps"] if info.maps else []
        if info.variant:
            looks = [info.variant]
        return f"{info.model} ({', '.join(looks)})" if looks else info.model

    @property
    def folds(self) -> str:
        """How many folds, and what they keep apart."""
        kind = self.info.folds
        return (
            f"{len(self.info.split)} {'official' if kind == 'official' else f'by {kind}'}"
        )

    @property
    def score(self) -> MainScore | None:
        """The main score, None until it is done."""
        if self.results is None:
            return None
        pooled = self.results.model_extra or {}
        metric = next((name for name in _MAIN if name in pooled), None)
        if metric is None:
            return None
        ends = (self.results.ci95_crossed or {}).get(metric)
        ends = ends or (self.results.ci95 or {}).get(metric)
        return MainScore(metric, float(pooled[metric]), ends)


def no_run(folder: Path) -> BadInputError:
    """Return what is said of a folder that is no run, though runs may lie in it."""
    found = [path for deep in _DEEP[:2] for path in folder.glob(deep)]
    inside = sorted(path.parent.relative_to(folder) for path in found)
    if inside:
        names = ", ".join(place.as_posix() for place in inside[:_NAMED])
        more = f" and {len(inside) - _NAMED} more" if inside[_NAMED:] else ""
        return BadInputError(
            f"{folder} is not a training run: it has no run.json. It holds {len(inside)}:"
            f" {names}{more}.",
            fix=f"Give one of them, e.g. {folder / inside[0]}",
        )
    return BadInputError(
        f"{folder} is not a training run: it has no run.json.",
        fix="Give the folder of a run; runs list STUDY shows them.",
    )


def open_run(folder: Path) -> Entry:
    """Read a run folder.

    Raises
    ------
    BadInputError
        When it is none, or one of its files is damaged.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise no_run(folder)
    info = parse_run(read_json(path), str(path))
    notes, told = RunNotes(), folder / NOTES_FILE
    if told.is_file():
        notes = parse_run_notes(read_json(told), str(told))
    results, path = None, folder / "results.json"
    if path.is_file():
        results = parse_results(read_json(path), str(path))
    return Entry(folder, info, notes, results, _state(folder, info))


def runs_at(place: Path) -> tuple[list[Entry], list[tuple[Path, str]]]:
    """Return the runs of a place, the newest first, and the folders that cannot be read.

    Parameters
    ----------
    place : Path
        A study, a dataset (its own runs only), a folder of runs or a run.

    Raises
    ------
    BadInputError
        When `place` is none of these.
    """
    dataset = (place / "samples.csv").is_file() and (place / "manifest.json").is_file()
    if (place / "run.json").is_file():
        folders: Iterable[Path] = [place]
    elif (place / "study.yaml").is_file():
        folders = _below(place / "derived", "**/run.json")
    elif dataset:
        beside = _below(place.resolve().parent / "runs", *_DEEP)
        folders = [*beside, *_below(place / "derived" / "runs", "*/run.json")]
    else:
        folders = _below(place, *_DEEP)
        if not folders and place.name != "runs":
            raise BadInputError(
                f"{place} holds no training run.",
                fix="Give a study, a dataset, a folder of runs or a run.",
            )
    found, damaged = [], []
    for folder in folders:
        try:
            found.append(open_run(folder))
        except BadInputError as problem:
            damaged.append((folder, str(problem)))
    if dataset:
        found = [entry for entry in found if _is_of(entry, place)]
    return sorted(found, key=lambda entry: entry.info.started, reverse=True), damaged


def _below(root: Path, *patterns: str) -> list[Path]:
    """Return the run folders below a place, except those that are being deleted."""
    paths = (path for pattern in patterns for path in root.glob(pattern))
    hidden = ((path, path.relative_to(root).parts) for path in paths)
    return sorted(
        path.parent for path, parts in hidden if not any(p.startswith(".") for p in parts)
    )


def _is_of(entry: Entry, dataset: Path) -> bool:
    same_place = Path(entry.info.dataset) == dataset.resolve()
    content = sha256_file(dataset / "manifest.json")
    return same_place or entry.info.dataset_manifest_sha256 == content


def _state(folder: Path, info: RunInfo) -> State:
    going = info.state in ("running", "paused")
    if going and holder_of(folder / LOCK_FILE) is None:
        return "killed"
    return info.state
