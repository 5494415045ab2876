"""What a stretch of gaze was like, in numbers of the field."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.features.eye_events import EyeEvents

__all__ = ["MEASURES", "gaze_entropy_bits", "main_sequence", "scan_path"]

Floats = npt.NDArray[np.float64]
_GRID = (8, 6)
"""Columns and rows of the screen for entropies. Chosen by us: cells of some 5 degrees."""
_LEAST_SACCADES = 5  # chosen by us: a line through fewer follows chance

MEASURES = {
    "fixations": ("1", "number of fixations (on moving pictures: gaze-stable stretches)"),
    "fixation_hz": ("1/s", "fixations per second of the stretch"),
    "fixation_s": ("s", "median duration of the fixations"),
    "fixation_dispersion_deg": ("deg", "median dispersion of the fixations"),
    "pursuit_share": ("1", "share of fixation time in which the eye followed something"),
    "saccades": ("1", "number of saccades"),
    "saccade_deg": ("deg", "median amplitude of the saccades"),
    "saccade_peak_deg_s": ("deg/s", "median peak velocity of the saccades"),
    "main_sequence_slope": ("1", "exponent of peak velocity over amplitude"),
    "scan_path_deg": ("deg", "way from fixation to fixation, added up"),
    "gaze_entropy_bits": ("bit", "entropy of where fixations lay, by time"),
    "transition_entropy_bits": ("bit", "entropy of where the next one goes"),
    "blinks": ("1", "number of blinks"),
    "blink_hz": ("1/s", "blinks per second of the stretch"),
    "blink_s": ("s", "median duration of the blinks"),
}
"""Unit and meaning of each measure of `scan_path`."""


def scan_path(events: EyeEvents, start_s: float, end_s: float) -> dict[str, float]:
    """Measure the events that begin in a stretch of time.

    Parameters
    ----------
    events : EyeEvents
    start_s, end_s : float
        On the clock of the events.

    Returns
    -------
    dict of str to float
        See `MEASURES`; NaN where there is too little.
    """
    table = events.table
    table = table[(table["onset_s"] >= start_s) & (table["onset_s"] < end_s)]
    by_kind = {k: table[table["kind"] == k] for k in ("fixation", "saccade", "blink")}
    rests, jumps, blinks = by_kind["fixation"], by_kind["saccade"], by_kind["blink"]
    length_s = max(end_s - start_s, 1e-9)
    rest_s = rests["duration_s"].sum()
    followed_s = rests.loc[rests["pursuit"], "duration_s"].sum()
    return {
        "fixations": float(len(rests)),
        "fixation_hz": len(rests) / length_s,
        "fixation_s": _median(rests["duration_s"]),
        "fixation_dispersion_deg": _median(rests["dispersion_deg"]),
        "pursuit_share": float(followed_s / rest_s) if rest_s else float("nan"),
        "saccades": float(len(jumps)),
        "saccade_deg": _median(jumps["amplitude_deg"]),
        "saccade_peak_deg_s": _median(jumps["peak_deg_s"]),
        "main_sequence_slope": main_sequence(jumps)[0],
        "scan_path_deg": _way_deg(rests),
        "gaze_entropy_bits": gaze_entropy_bits(rests),
        "transition_entropy_bits": _transition_entropy_bits(rests),
        "blinks": float(len(blinks)),
        "blink_hz": len(blinks) / length_s,
        "blink_s": _median(blinks["duration_s"]),
    }


def main_sequence(saccades: pd.DataFrame) -> tuple[float, float]:
    """Fit peak velocity = k * amplitude ^ p (Bahill, Clark & Stark 1975).

    Returns
    -------
    p, k : float
        Exponent, and peak velocity at one degree in deg/s; NaN for too few saccades.
    """
    size, peak = saccades["amplitude_deg"].to_numpy(), saccades["peak_deg_s"].to_numpy()
    known = np.isfinite(size) & np.isfinite(peak) & (size > 0) & (peak > 0)
    if known.sum() < _LEAST_SACCADES or np.ptp(np.log(size[known])) < 1e-6:
        return float("nan"), float("nan")
    slope, offset = np.polyfit(np.log(size[known]), np.log(peak[known]), 1)
    return float(slope), float(np.exp(offset))


def gaze_entropy_bits(fixations: pd.DataFrame) -> float:
    """Return the Shannon entropy of fixation time over a grid of the screen, in bits.

    Stationary gaze entropy of Krejtz et al. 2015, *Gaze transition entropy*; 0 when one
    cell was looked at only, log2 of the number of cells when all were alike.
    """
    if not len(fixations):
        return float("nan")
    share = _time_by_cell(fixations)
    return _entropy_bits(share / share.sum())


def _transition_entropy_bits(fixations: pd.DataFrame) -> float:
    """Return the mean entropy of the next cell, given this one (the same source)."""
    if len(fixations) < 2:
        return float("nan")
    cells = _cells(fixations)
    counts = np.zeros((_GRID[0] * _GRID[1],) * 2)
    np.add.at(counts, (cells[:-1], cells[1:]), 1)
    left = counts.sum(axis=1)
    each = [_entropy_bits(row / row.sum()) for row in counts[left > 0]]
    return float(np.average(each, weights=left[left > 0]))


def _cells(fixations: pd.DataFrame) -> npt.NDArray[np.int64]:
    across = np.clip((fixations["x"].to_numpy() * _GRID[0]).astype(int), 0, _GRID[0] - 1)
    down = np.clip((fixations["y"].to_numpy() * _GRID[1]).astype(int), 0, _GRID[1] - 1)
    return np.asarray(down * _GRID[0] + across, np.int64)


def _time_by_cell(fixations: pd.DataFrame) -> Floats:
    time_s = np.zeros(_GRID[0] * _GRID[1])
    np.add.at(time_s, _cells(fixations), fixations["duration_s"].to_numpy())
    return time_s


def _entropy_bits(shares: Floats) -> float:
    there = shares[shares > 0]
    return float(-(there * np.log2(there)).sum()) + 0.0


def _way_deg(fixations: pd.DataFrame) -> float:
    places = fixations[["x_deg", "y_deg"]].to_numpy()
    if len(places) < 2:
        return float("nan")
    return float(np.hypot(*np.diff(places, axis=0).T).sum())


def _median(values: pd.Series[float]) -> float:
    return float(values.median()) if len(values) else float("nan")
