"""When the samples of an exported table were taken, in seconds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.gaze_headers import heading
from emer_studio.features.sheets import numbers

__all__ = ["times_of"]

Floats = npt.NDArray[np.float64]
_SECONDS = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_STEP_S = (0.0004, 0.1)  # from sample to sample: 2500 down to 10 Hz; chosen by us
_NAMES = {1.0: "s", 1e-3: "ms", 1e-6: "µs"}


def times_of(
    table: pd.DataFrame, known: Mapping[str, str], source: str
) -> tuple[Floats, list[str]]:
    """Return the samples' times in seconds on the recording's clock.

    The unit is the one in the column's name. Where it has none it is told by the usual
    step from sample to sample, which cannot be both (at 10 to 2500 Hz).

    Parameters
    ----------
    table : DataFrame
        Samples of the tracker only, n of them.
    known : mapping of str to str
        Columns by role; ``time`` is used, and ``tracker_time`` (finer) where times that
        were rounded to ms fall together.
    source : str
        What an error calls the file.

    Returns
    -------
    times_s : ndarray, shape (n,), float64
    notes : list of str

    Raises
    ------
    BadInputError
        When there is no such column, a time is missing, runs backwards, or its unit cannot
        be told.
    """
    role = next((name for name in ("time", "tracker_time") if name in known), "")
    if not role:
        raise BadInputError(
            f"{source}: no column says when a sample was taken.",
            fix="Export 'Recording timestamp', too.",
        )
    times_s, notes = _seconds(table, known[role], source)
    finer = known.get("tracker_time", "") if role == "time" else ""
    if finer and len(times_s) > 1 and (np.diff(times_s) == 0).any():
        exact, more = _seconds(table, finer, source)
        text = f"times are those of {finer!r}, because {known[role]!r} is rounded"
        return exact - exact[0] + times_s[0], [*notes, *more, text]
    return times_s, notes


def _seconds(table: pd.DataFrame, column: str, source: str) -> tuple[Floats, list[str]]:
    raw = numbers(table[column])
    if not np.isfinite(raw).all():
        row = int(np.flatnonzero(~np.isfinite(raw))[0])
        raise BadInputError(
            f"{source}: sample {row + 1} has no time in {column!r}:"
            f" {str(table[column].iloc[row])!r}."
        )
    steps = np.diff(raw)
    if (steps < 0).any():
        row = int(np.flatnonzero(steps < 0)[0]) + 2
        raise BadInputError(
            f"{source}: time runs backwards at sample {row}.",
            fix="Export one recording a file, or correct the table.",
        )
    unit = _SECONDS.get(heading(column).unit)
    if unit is not None:
        return raw * unit, []
    unit = _plausible(steps, column, source)
    name = f"{column!r} has no unit; by its steps it is taken as {_NAMES[unit]}"
    return raw * unit, [name]


def _plausible(steps: Floats, column: str, source: str) -> float:
    moving = steps[steps > 0]
    usual = float(np.median(moving)) if len(moving) else 0.0
    for unit in _NAMES:
        if _STEP_S[0] <= usual * unit <= _STEP_S[1]:
            return unit
    raise BadInputError(
        f"{source}: {column!r} has no unit, and steps of {usual:g} are neither s, ms nor"
        " µs of an eye tracker.",
        fix="Write the unit into the column's name, as in 'Recording timestamp [ms]'.",
    )
