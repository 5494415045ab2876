"""The tables of what the eyes did: measures of each trial, and every event in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.export.columns import Column, Table
from emer_studio.dataset.export.gather import Gathered, OutSession
from emer_studio.dataset.fitness import gaze_in
from emer_studio.dataset.trials import Trial
from emer_studio.features.eye_events import EVENT_COLUMNS
from emer_studio.features.eyes import Eyes
from emer_studio.features.trial_measures import TRIAL_MEASURES, trial_measures

__all__ = ["eye_tables"]

_WHOSE = (
    Column("participant", "code", source="the export"),
    Column("session", "number of the session", source="session.json", dtype="Int64"),
    Column("trial", "number of the trial", source="journal", dtype="Int64"),
)
_SEEN = {
    "gaze_samples": ("1", "samples of the tracker while the clip was shown"),
    "gaze_covered": ("1", "share of the clip that has samples at all, lost or not"),
    "gaze_seen": ("1", "share of the samples with gaze"),
    "gaze_elsewhere": ("1", "share of those beside the display"),
}
_UNITS = {"_s": "s", "_deg": "deg", "deg_s": "deg/s"}
_SAMPLES = ("first", "end")  # places in an array that is not exported
_TYPES = {"pursuit": "boolean"}
_GAZE = "gaze of the recording"
_PUPIL = Column("pupil_unit", "unit of the pupil's measures", "", _GAZE)
_DIGITS = 5


def eye_tables(
    gathered: Gathered,
    on_session: Callable[[int, int], None],
    also: Callable[[OutSession], None] = lambda _one: None,
) -> tuple[Table, Table]:
    """Return the eye measures of each trial, and the events that begin in one.

    A session whose gaze cannot be understood is left out of both.

    Parameters
    ----------
    gathered : Gathered
        Is added to.
    on_session : callable
        Called with the number of sessions done and their total.
    also : callable
        Called with each session while its recording is in memory.
    """
    measures, events = _empty_measures(), _empty_events()
    for done, one in enumerate(gathered.sessions, start=1):
        person = gathered.names.person(one.code)
        whose = {"participant": person, "session": one.session.manifest.session}
        try:
            eyes = one.lit_eyes()
            for trial in one.trials:
                about = {**whose, "trial": trial.number}
                measures.rows.append({**about, **_measured(eyes, trial)})
                events.rows.extend({**about, **row} for row in _events(one, eyes, trial))
        except BadInputError as problem:
            gathered.leave_out(one, "eyes", problem.message)
        also(one)
        one.forget()
        on_session(done, len(gathered.sessions))
    return measures, events


def _empty_measures() -> Table:
    named = {**_SEEN, **TRIAL_MEASURES}
    found = tuple(
        Column(name, meaning, unit, _GAZE) for name, (unit, meaning) in named.items()
    )
    return Table("eye_measures", (*_WHOSE, *found, _PUPIL))


def _empty_events() -> Table:
    found = tuple(
        Column(name, meaning, _unit(name), _GAZE, dtype=_TYPES.get(name, ""))
        for name, meaning in EVENT_COLUMNS.items()
        if name not in _SAMPLES
    )
    return Table("eye_events", (*_WHOSE, *found))


def _unit(name: str) -> str:
    if name in ("x", "y"):
        return "1"
    fitting = [unit for ending, unit in _UNITS.items() if name.endswith(ending)]
    return fitting[-1] if fitting else ""


def _measured(eyes: Eyes, trial: Trial) -> dict[str, Any]:
    seen = gaze_in(eyes.gaze, trial.onset_s, trial.end_s)
    shares = (seen.samples, seen.covered, seen.seen, seen.elsewhere)
    measures = trial_measures(eyes, trial.onset_s, trial.end_s)
    both = {**dict(zip(_SEEN, shares, strict=True)), **measures}
    found = {name: _cell(value) for name, value in both.items()}
    return {**found, _PUPIL.name: eyes.gaze.pupil_unit}


def _events(one: OutSession, eyes: Eyes, trial: Trial) -> list[dict[str, Any]]:
    table = eyes.events.table
    onset = table["onset_s"]
    mine = table[(onset >= trial.onset_s) & (onset < trial.end_s)]
    shifted = mine.assign(onset_s=mine["onset_s"] - one.zero_s).drop(columns=[*_SAMPLES])
    return [_cells(row) for _, row in shifted.iterrows()]


def _cells(row: pd.Series[Any]) -> dict[str, Any]:
    found = {str(name): _cell(value) for name, value in row.items()}
    if found["kind"] != "fixation":
        found["pursuit"] = None
    return found


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, _DIGITS)
    return value
