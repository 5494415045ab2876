"""Fixations, saccades and blinks of a gaze table, with what is measured of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.features.fixations import idt, ivt, joined
from emer_studio.features.gaze_table import GazeTable
from emer_studio.features.runs import (
    Runs,
    interpolated,
    runs,
    spread,
    step_of,
    widened,
    within,
)
from emer_studio.features.velocity import gaze_speed
from emer_studio.schema.eye_parameters import EyeParameters

__all__ = [
    "BLINK",
    "EVENT_COLUMNS",
    "FIXATION",
    "KINDS",
    "NONE",
    "SACCADE",
    "EyeEvents",
    "eye_events",
]

Floats = npt.NDArray[np.float64]
NONE, FIXATION, SACCADE, BLINK = range(4)
KINDS = ("none", "fixation", "saccade", "blink")

EVENT_COLUMNS = {
    "kind": "fixation (on moving pictures: gaze-stable), saccade or blink",
    "first": "index of its first sample",
    "end": "index after its last sample",
    "onset_s": "stamp of its first sample",
    "duration_s": "to the end of its last sample",
    "x": "mean place of a fixation, where a saccade ends; fraction of the display",
    "y": "the same, downwards",
    "x_deg": "the same in degrees from the display's middle, to the right",
    "y_deg": "the same, downwards",
    "amplitude_deg": "of a saccade: from its first to its last place",
    "peak_deg_s": "of a saccade: its largest speed",
    "dispersion_deg": "of a fixation: standard deviation about its mean place",
    "drift_deg_s": "of a fixation: speed of the straight line through it",
    "pursuit": "whether the eye followed something during a fixation",
}
"""The columns of `EyeEvents.table` and their meaning."""


@dataclass(frozen=True, slots=True)
class EyeEvents:
    """What the eyes did.

    Attributes
    ----------
    table : DataFrame
        One row per event in order, see `EVENT_COLUMNS`; NaN where it does not apply.
    codes : ndarray, shape (n,), uint8
        Of each sample: 0 nothing, 1 fixation, 2 saccade, 3 blink.
    filled : ndarray, shape (n,), bool
        Samples whose place was interpolated to find events; the raw gaze is as it was.
    speed_deg_s : ndarray, shape (n,), float64
        NaN beside a loss.
    """

    table: pd.DataFrame
    codes: npt.NDArray[np.uint8]
    filled: npt.NDArray[np.bool_]
    speed_deg_s: Floats

    def of(self, kind: str) -> pd.DataFrame:
        """Return the rows of one kind."""
        return self.table[self.table["kind"] == kind]


def eye_events(gaze: GazeTable, parameters: EyeParameters | None = None) -> EyeEvents:
    """Find the events.

    Losses longer than a blink's edge are widened by a margin, short ones are filled in a
    straight line; then fixations are found by I-VT or I-DT and saccades are what is fast
    between them.

    Parameters
    ----------
    gaze : GazeTable
        Of n samples.
    parameters : EyeParameters, optional
    """
    wanted = parameters or EyeParameters()
    times_s = gaze.times_s
    lost = np.asarray(~gaze.valid.any(axis=1))
    deg, filled = _cleaned(gaze, lost, wanted)
    apart = bool(gaze.valid[:, :2].any())
    speed = gaze_speed(
        times_s, deg[:, :2] if apart else deg[:, 2:], wanted.velocity_window_s
    )
    at = deg[:, 2]
    if wanted.method == "idt":
        rests = idt(times_s, at, wanted.dispersion_deg, wanted.dispersion_s)
    else:
        slow = ivt(times_s, speed, wanted.saccade_deg_s, 0.0)
        near = joined(times_s, at, slow, wanted.merge_s, wanted.merge_deg)
        rests = within(near, times_s, wanted.fixation_s)
    resting = spread(rests, len(times_s))
    fast = runs((speed >= wanted.saccade_deg_s) & ~resting)
    blinks = within(runs(lost & ~filled), times_s, *wanted.blink_s)
    found = {FIXATION: rests, SACCADE: fast, BLINK: blinks}
    codes = np.zeros(len(times_s), np.uint8)
    for code, ranges in found.items():
        codes[spread(ranges, len(times_s))] = code
    return EyeEvents(_table(gaze, at, speed, found, wanted), codes, filled, speed)


def _cleaned(
    gaze: GazeTable, lost: npt.NDArray[np.bool_], wanted: EyeParameters
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the gaze in degrees without blinks' edges, with short gaps filled."""
    deg = gaze.deg
    step_s = step_of(gaze.times_s)
    margin = round(wanted.margin_s / step_s) if step_s > 0 else 0
    wide = within(runs(lost), gaze.times_s, wanted.edge_gap_s)
    deg[widened(wide, margin, len(lost))] = np.nan
    filled = np.zeros(len(lost), bool)
    for eye in range(deg.shape[1]):
        if np.isfinite(deg[:, eye]).any():
            deg[:, eye], where = interpolated(gaze.times_s, deg[:, eye], wanted.gap_fill_s)
            filled |= where
    return deg, filled & lost


def _table(
    gaze: GazeTable,
    deg: Floats,
    speed: Floats,
    found: dict[int, Runs],
    wanted: EyeParameters,
) -> pd.DataFrame:
    rows = [
        {
            "kind": KINDS[code],
            **_span(gaze.times_s, first, end),
            **_MEASURES[code](gaze, deg, speed, slice(first, end), wanted),
        }
        for code, ranges in found.items()
        for first, end in ranges.tolist()
    ]
    table = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    table["pursuit"] = table["pursuit"].eq(True)
    table = table.astype(_TYPES)  # also where there is no event at all
    return table.sort_values("first", ignore_index=True)


_TYPES = {name: "f8" for name in EVENT_COLUMNS if name not in ("kind", "pursuit")} | {
    "first": "i8",
    "end": "i8",
}


def _span(times_s: Floats, first: int, end: int) -> dict[str, float]:
    onset_s = float(times_s[first])
    last_s = float(times_s[end - 1]) + step_of(times_s[max(first - 1, 0) : end + 1])
    return {"first": first, "end": end, "onset_s": onset_s, "duration_s": last_s - onset_s}


def _of_fixation(
    gaze: GazeTable, deg: Floats, speed: Floats, part: slice, wanted: EyeParameters
) -> dict[str, float | bool]:
    places, times_s = deg[part], gaze.times_s[part]
    seen = np.isfinite(places).all(axis=1)
    places, times_s = places[seen], times_s[seen]
    spread_deg = float(np.sqrt(places.var(axis=0).sum()))
    since = times_s - times_s.mean()
    slope = since @ places / max(float(since @ since), 1e-12)
    drift = float(np.hypot(*slope))
    way = drift * float(times_s[-1] - times_s[0])
    return {
        **_place(np.nanmean(gaze.both[part], axis=0), places.mean(axis=0)),
        "dispersion_deg": spread_deg,
        "drift_deg_s": drift,
        "pursuit": drift > wanted.pursuit_deg_s and way > wanted.pursuit_deg,
    }


def _of_saccade(
    gaze: GazeTable, deg: Floats, speed: Floats, part: slice, _wanted: EyeParameters
) -> dict[str, float | bool]:
    return {
        **_place(gaze.both[part][-1], deg[part][-1]),
        "amplitude_deg": _apart(deg[part]),
        "peak_deg_s": _peak(speed[part]),
    }


def _of_blink(
    _gaze: GazeTable, _deg: Floats, _speed: Floats, _part: slice, _wanted: EyeParameters
) -> dict[str, float | bool]:
    return {}


_MEASURES = {FIXATION: _of_fixation, SACCADE: _of_saccade, BLINK: _of_blink}


def _place(xy: Floats, deg: Floats) -> dict[str, float]:
    values = np.r_[xy, deg].tolist()
    return dict(zip(("x", "y", "x_deg", "y_deg"), values, strict=True))


def _apart(places: Floats) -> float:
    return float(np.hypot(*(places[-1] - places[0])))


def _peak(speed: Floats) -> float:
    seen = speed[np.isfinite(speed)]
    return float(seen.max()) if len(seen) else float("nan")
