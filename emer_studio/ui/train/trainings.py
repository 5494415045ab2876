"""The trainings of a study that are not done: which run, which rest, which were killed.

A training is a folder with a request: one run, or several under one folder. It belongs to
no window; its lock says whether it is alive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from emer_studio.core.errors import BadInputError
from emer_studio.core.lockfile import holder_of
from emer_studio.schema.training_request import REQUEST_FILE, TrainingRequest
from emer_studio.study.folder import Study
from emer_studio.study.runs import LOCK_FILE
from emer_studio.ui.train.follow import Follower
from emer_studio.ui.workspace import read_object

__all__ = [
    "ALIVE",
    "BATCH_FILE",
    "EVENTS_FILE",
    "State",
    "Training",
    "training_at",
    "trainings_of",
]

EVENTS_FILE = "events.jsonl"  # as `training.runs.events`, which the window does not import
_GOING = ("running", "paused")  # what a run.json says of what is trained
BATCH_FILE = "all.json"  # as `training.runs.batch`
_RESULT_FILES = ("results.json", BATCH_FILE)

State = Literal["starting", "running", "paused", "killed", "interrupted", "failed", "done"]
ALIVE: tuple[State, ...] = ("starting", "running", "paused")


@dataclass(frozen=True, slots=True)
class Training:
    """One training that was asked for.

    Attributes
    ----------
    folder : Path
        What pause, stop and resume take.
    protocol : str
        A benchmark, or "all".
    model : str
    several : bool
        Whether it is more than one run under one folder.
    state : str
    problem : str
        Why it ended early, for a person; empty where it did not, or somebody wanted it so.
    run : Path
        The run that is trained now, or was last; the folder itself where it is one. Of
        several at the same time, the first by its name.
    runs, done : int
        How many runs of it are there by now, and how many of them are done. Without any,
        nothing has been trained.
    """

    folder: Path
    protocol: str
    model: str
    several: bool
    state: State
    problem: str = ""
    run: Path = Path()
    runs: int = 1
    done: int = 0

    @property
    def alive(self) -> bool:
        """Whether a process trains in it."""
        return self.state in ALIVE


def trainings_of(study: Study) -> list[Training]:
    """Return what is being trained or was broken off, the newest first.

    A run that was broken off and stands alone is in the list of runs already.
    """
    found = {one.folder: one for one in _all(study) if _told(one)}
    return sorted(found.values(), key=lambda one: _changed(one.folder), reverse=True)


def training_at(folder: Path) -> Training | None:
    """Return the training that a run folder belongs to; None where there is no run."""
    for place in (folder.parent.parent, folder.parent):
        if (request := _request(place)) is not None and request.several:
            return _training(place, request)
    request, info = _request(folder), read_object(folder / "run.json")
    if request is None and (info is None or "protocol" not in info):
        return None
    return _training(folder, request)


def _all(study: Study) -> Iterator[Training]:
    for name in (REQUEST_FILE, LOCK_FILE):
        for path in study.derived.glob(f"**/{name}"):
            asked = (path.parent / REQUEST_FILE).is_file()
            if asked == (name == REQUEST_FILE) and (found := training_at(path.parent)):
                yield found


def _told(training: Training) -> bool:
    unlisted = training.several or not (training.folder / "run.json").is_file()
    return training.alive or (unlisted and training.state != "done")


def _request(folder: Path) -> TrainingRequest | None:
    if not (folder / REQUEST_FILE).is_file():
        return None
    try:
        return TrainingRequest.read(folder)
    except BadInputError:
        return None


def _training(folder: Path, request: TrainingRequest | None) -> Training:
    info = read_object(folder / "run.json") or {}
    several = request is not None and request.several
    asked = (request.protocol, request.model) if request is not None else ("", "emert")
    said = str(info.get("state", ""))
    own = [(folder, said)] if info else []
    runs = _runs_below(folder) if several else own
    run, last = _to_follow(runs) if runs else (folder, "")
    if several:
        said = last if last in _GOING else ""
    state, problem = _state(folder, said)
    return Training(
        folder=folder,
        protocol=asked[0] or str(info.get("protocol", "")),
        model=str(info.get("model", asked[1])),
        several=several,
        state=state,
        problem=problem or str(info.get("problem", "")),
        run=run,
        runs=len(runs),
        done=sum(how == "done" for _, how in runs),
    )


def _to_follow(runs: list[tuple[Path, str]]) -> tuple[Path, str]:
    """Return the run to be shown: one that is trained, the same one as long as it is."""
    going = [one for one in runs if one[1] in _GOING]
    return min(going) if going else runs[-1]


def _state(folder: Path, said: str) -> tuple[State, str]:
    if holder_of(folder / LOCK_FILE) is not None:
        begun = said or (folder / EVENTS_FILE).is_file()
        return ("paused" if said == "paused" else "running" if begun else "starting"), ""
    if any((folder / name).is_file() for name in _RESULT_FILES):
        return "done", ""
    if said in ("interrupted", "failed"):
        return ("interrupted" if said == "interrupted" else "failed"), ""
    log = folder / EVENTS_FILE
    code, problem = _end_of(log, _changed(log))
    if said or code is None:
        return "killed", ""
    return ("interrupted" if code == 130 else "failed"), problem


@lru_cache(maxsize=64)
def _end_of(path: Path, _changed_s: float) -> tuple[int | None, str]:
    """Return with which code the last process there ended, None for none, and why."""
    code, problem = None, ""
    for event in Follower(path).read(whole=True):
        if event.get("event") == "begin":
            code, problem = None, ""
        elif event.get("event") == "error":
            problem = str(event.get("text", ""))
        elif event.get("event") == "ended":
            code = int(event.get("code", 1))
    return code, "" if code == 130 else problem


def _runs_below(folder: Path) -> list[tuple[Path, str]]:
    """Return the runs of a folder and how each stands, what changed last at the end."""
    found = sorted(folder.glob("**/run.json"), key=_changed)
    return [
        (path.parent, str((read_object(path) or {}).get("state", ""))) for path in found
    ]


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
