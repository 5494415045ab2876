"""The table of trials of a recording from elsewhere."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.sheets import numbers, read_sheet

__all__ = ["RATING_RANGE", "ImportedTrial", "read_trials"]

RATING_RANGE = (1.0, 9.0)
"""Of valence and arousal in the table: the nine points of SAM."""
_NEEDED = ("trial", "clip", "onset_s", "end_s")
_RATED = ("valence", "arousal")


@dataclass(frozen=True, slots=True)
class ImportedTrial:
    """One trial.

    Attributes
    ----------
    trial : int
    clip : str
    onset_s, end_s : float
        Of the clip, on the clock of the gaze.
    rated : dict of str to float
        Valence and arousal as they were given.
    mapped : dict of str to float
        The same, mapped to -1 … 1.
    emotion : str
        What was felt, of `core.emotions`; empty where nobody asked.
    """

    trial: int
    clip: str
    onset_s: float
    end_s: float
    rated: dict[str, float]
    mapped: dict[str, float]
    emotion: str


def read_trials(
    path: Path, rating_range: tuple[float, float] = RATING_RANGE
) -> list[ImportedTrial]:
    """Read a table of trials: trial, clip, onset_s, end_s; valence, arousal, emotion.

    Raises
    ------
    BadInputError
        When a column is missing, or a row is none: the first one is named.
    """
    table = read_sheet(path)
    table.columns = pd.Index([str(name).lower() for name in table.columns])
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        found = ", ".join(map(repr, table.columns))
        raise BadInputError(
            f"{path}: expected the columns {', '.join(_NEEDED)} (and valence, arousal,"
            f" emotion, if rated); {', '.join(missing)} is missing, found {found}."
        )
    for name in ("trial", "onset_s", "end_s", *_RATED):
        if name in table.columns:
            _all_numbers(table, name, path)
    trials = [_trial(row, rating_range, path) for row in table.to_dict("records")]
    trials.sort(key=lambda trial: trial.onset_s)
    _apart(trials, path)
    return trials


def _all_numbers(table: pd.DataFrame, name: str, path: Path) -> None:
    """Make numbers of a column; a cell that is none is told, an empty one may be."""
    values = numbers(table[name])
    odd = table[name].notna().to_numpy() & ~pd.notna(values)
    if odd.any():
        row = int(odd.argmax())
        raise BadInputError(
            f"{path}, row {row + 2}: {name} is {str(table[name].iloc[row])!r}, no number."
        )
    table[name] = values


def _trial(
    row: dict[Any, Any], rating_range: tuple[float, float], path: Path
) -> ImportedTrial:
    number, onset_s, end_s = row["trial"], row["onset_s"], row["end_s"]
    clip = "" if pd.isna(row["clip"]) else str(row["clip"]).strip()
    where = f"{path}, trial {number:g}"
    if not (math.isfinite(number) and number >= 1 and number == int(number)):
        raise BadInputError(f"{path}: trials count from 1; found {number:g}.")
    if not clip:
        raise BadInputError(f"{where} names no clip.")
    if not (math.isfinite(onset_s) and math.isfinite(end_s) and onset_s < end_s):
        raise BadInputError(f"{where}: expected onset_s before end_s, found {onset_s:g} and"
                            f" {end_s:g}.")  # fmt: skip
    rated = {name: float(row[name]) for name in _RATED if pd.notna(row.get(name))}
    mapped = {name: _mapped(v, rating_range, where) for name, v in rated.items()}
    emotion = "" if pd.isna(row.get("emotion")) else str(row["emotion"]).strip().lower()
    if emotion and emotion not in EMOTIONS:
        raise BadInputError(
            f"{where}: expected an emotion of {', '.join(EMOTIONS)}; found {emotion!r}."
        )
    return ImportedTrial(
        int(number), clip, float(onset_s), float(end_s), rated, mapped, emotion
    )


def _mapped(value: float, rating_range: tuple[float, float], where: str) -> float:
    low, high = rating_range
    if not low <= value <= high:
        raise BadInputError(
            f"{where}: a rating of {value:g} is outside {low:g} to {high:g}.",
            fix="Say what the scale was: --rating-range LOW HIGH.",
        )
    return (2 * value - low - high) / (high - low)


def _apart(trials: list[ImportedTrial], path: Path) -> None:
    if len({trial.trial for trial in trials}) < len(trials):
        raise BadInputError(f"{path}: two rows have the same trial number.")
    for one, other in itertools.pairwise(trials):
        if other.onset_s < one.end_s:
            raise BadInputError(
                f"{path}: trial {other.trial} begins before trial {one.trial} has ended."
            )
