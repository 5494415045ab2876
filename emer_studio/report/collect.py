"""Collecting what a report shows: sessions of a study, results of training runs."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import read_json
from emer_studio.features.eyes import read_gaze
from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording
from emer_studio.report.session_quality import quality_of
from emer_studio.schema.decisions import Decisions, outcome
from emer_studio.schema.results import parse_results
from emer_studio.schema.session_quality import SessionQuality
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import Session, Study

__all__ = [
    "RunFacts",
    "SessionFacts",
    "TrialFacts",
    "collect_run",
    "collect_session",
    "runs_of",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TrialFacts:
    """One trial as the report shows it; arrays are empty where a part is missing."""

    number: int
    clip: str
    rating: dict[str, Any]
    mapped: dict[str, float]
    rt_s: float
    shown: int
    expected: int
    times_s: Floats
    gaze_xy: Floats
    pupil_mm: Floats
    eyes_lost_pct: float
    fer: dict[str, float]
    faces_pct: float


@dataclass(frozen=True)
class SessionFacts:
    """One session as the report shows it.

    `undecided` says why the decisions cannot be read; empty when they can.
    """

    session: Session
    check: dict[str, Any]
    trials: tuple[TrialFacts, ...]
    fer_model: str
    quality: SessionQuality | None
    decisions: Decisions
    undecided: str

    @property
    def outcomes(self) -> dict[int, str]:
        """What becomes of each trial: what a person decided, else what is suggested."""
        trials = self.quality.trials if self.quality is not None else ()
        return {trial.trial: outcome(trial, self.decisions) for trial in trials}


@dataclass(frozen=True)
class RunFacts:
    """One training run as the report shows it."""

    folder: Path
    results: dict[str, Any]
    run: dict[str, Any]


def runs_of(study: Study) -> list[RunFacts]:
    """Return the finished training runs inside a study, oldest first."""
    found = []
    for path in sorted(study.derived.glob("**/results.json")):
        try:
            found.append(collect_run(path.parent))
        except BadInputError:
            continue
    return found


def collect_run(folder: Path) -> RunFacts:
    """Read a training run.

    Raises
    ------
    BadInputError
        When the folder holds none, an unfinished one, or its results are damaged.
    """
    if not (folder / "results.json").is_file():
        raise BadInputError(
            f"{folder} is no finished training run: it has no results.json."
        )
    results = read_json(folder / "results.json")
    parse_results(results, str(folder / "results.json"))
    return RunFacts(folder, results, read_json(folder / "run.json"))


def collect_session(session: Session) -> SessionFacts:
    """Read everything the report shows of one session."""
    recording = Recording(session.folder)
    fer_rows, model = _predictions(session.folder)
    gaze = _gaze(recording)
    trials = tuple(
        _trial(recording, event, gaze, fer_rows) for event in recording.events("trial_done")
    )
    check = check_session(session.folder)
    try:
        quality = quality_of(session.folder, check)
    except BadInputError:  # a journal that was changed by hand; the check says so
        quality = None
    decisions, undecided = {}, ""
    try:
        decisions = decisions_of(session.folder)
    except BadInputError as problem:
        undecided = problem.message
    return SessionFacts(session, check, trials, model, quality, decisions, undecided)


_Gaze = tuple[Floats, Floats, Floats]


def _gaze(recording: Recording) -> _Gaze:
    """Return times (n,), combined gaze (n, 2) and pupil (n,); empty when there is none."""
    nothing = (np.empty(0), np.empty((0, 2)), np.empty(0))
    try:
        stream = recording.gaze()
    except BadInputError:
        return nothing
    if stream is None:
        return nothing
    try:
        gaze = read_gaze(stream, recording.manifest.display)
    except BadInputError:
        return nothing
    return gaze.times_s, gaze.both, gaze.pupil_mm[:, 2]


def _predictions(folder: Path) -> tuple[list[dict[str, str]], str]:
    rows: list[dict[str, str]] = []
    model = ""
    for path in sorted((folder / "derived" / "prelabel").glob("face_*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows += list(csv.DictReader(stream))
        model = str(read_json(path.with_suffix(".json")).get("model", ""))
    return rows, model


def _trial(
    recording: Recording,
    done: dict[str, Any],
    gaze: _Gaze,
    fer_rows: Sequence[dict[str, str]],
) -> TrialFacts:
    number = done["trial"]

    def first(name: str) -> dict[str, Any]:
        return next((e for e in recording.events(name) if e.get("trial") == number), {})

    onset_s, end = first("clip_onset").get("t_s", 0.0), first("clip_end")
    end_s = end.get("t_s", 0.0)
    rating = _felt([r for r in recording.ratings if r.get("trial") == number])
    mapped = rating.get("mapped")
    value = rating.get("value")
    times_s, xy, pupil = gaze
    inside = (times_s >= onset_s) & (times_s < end_s)
    lost = np.isnan(xy[inside]).any(axis=1)
    fer, faces_pct = _seen(recording, fer_rows, onset_s, end_s)
    return TrialFacts(
        number=number,
        clip=done["clip"],
        rating=value if isinstance(value, dict) else {"answer": value},
        mapped=mapped if isinstance(mapped, dict) else {},
        rt_s=float(rating.get("rt_s") or 0.0),
        shown=int(end.get("summary", {}).get("shown", 0)),
        expected=int(end.get("summary", {}).get("expected", 0)),
        times_s=times_s[inside] - onset_s,
        gaze_xy=xy[inside],
        pupil_mm=pupil[inside],
        eyes_lost_pct=100.0 * float(lost.mean()) if len(lost) else 100.0,
        fer=fer,
        faces_pct=faces_pct,
    )


def _felt(ratings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rating that the report shows: of valence and arousal, else the first."""
    for rating in ratings:
        mapped = rating.get("mapped")
        if isinstance(mapped, dict) and "valence" in mapped:
            return rating
    return next(iter(ratings), {})


def _seen(
    recording: Recording, rows: Sequence[dict[str, str]], start_s: float, end_s: float
) -> tuple[dict[str, float], float]:
    """Return the mean probability by emotion over a trial, and the share with a face."""
    if not rows or not recording.videos:
        return {}, 0.0
    times_s = np.concatenate([recording.frame_times(video) for video in recording.videos])
    at = np.flatnonzero((times_s >= start_s) & (times_s < end_s))
    mine = [rows[int(i)] for i in at if i < len(rows)]
    seen = [row for row in mine if row["status"] != "no_face"]
    told = [row for row in seen if row["p_neutral"]]  # another tool may see and not say
    mean = {
        emotion: float(np.mean([float(row[f"p_{emotion}"]) for row in told]))
        for emotion in EMOTIONS
        if told
    }
    return mean, 100.0 * len(seen) / max(len(mine), 1)
