"""From raw pupil sizes to a signal that means something.

The steps and their defaults are those of Kret & Sjak-Shie 2019, *Preprocessing pupil size
data: Guidelines and code* (Behavior Research Methods 51): sizes that cannot be, samples
that changed too fast, the edges of losses, what lies off the trend line; then the eyes are
averaged, short gaps are filled and the result is low-passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.features.gaze_table import GazeTable
from emer_studio.features.runs import interpolated, runs, step_of, widened, within
from emer_studio.schema.eye_parameters import EyeParameters

__all__ = ["CleanPupil", "baseline_of", "clean_pupil"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_ORDER = 2  # of the filter each way; chosen by us
_TREND_HZ = 16.0  # of the trend line: the same source smooths it with 16 Hz
_PASSES = 4  # of the trend line: the same source
_LEAST_S = 0.5  # chosen by us: two periods of the cut-off, for a filter to settle in


@dataclass(frozen=True, slots=True)
class CleanPupil:
    """A cleaned pupil.

    Attributes
    ----------
    size : ndarray, shape (n,), float64
        Mean of the eyes in the table's unit, low-passed; NaN where it is not known.
    raw : ndarray, shape (n,), float64
        Mean of the eyes as they were recorded.
    filled : ndarray, shape (n,), bool
        Samples that were interpolated.
    removed : float
        Share of the recorded samples that were taken for artefacts.
    unit : str
        As in the table.
    """

    size: Floats
    raw: Floats
    filled: Mask
    removed: float
    unit: str


def clean_pupil(gaze: GazeTable, parameters: EyeParameters | None = None) -> CleanPupil:
    """Clean the pupil of a recording.

    Parameters
    ----------
    gaze : GazeTable
        The whole recording rather than one clip: what is an outlier is judged by the rest.
    parameters : EyeParameters, optional
        The limits in mm are applied to a pupil in mm only.
    """
    wanted = parameters or EyeParameters()
    times_s = gaze.times_s
    eyes = gaze.pupil[:, :2] if np.isfinite(gaze.pupil[:, :2]).any() else gaze.pupil[:, 2:]
    kept = np.column_stack(
        [_without_artefacts(times_s, eye, gaze.pupil_unit, wanted) for eye in eyes.T]
    )
    recorded = np.isfinite(eyes)
    removed = recorded & ~np.isfinite(kept)
    mean = _mean_of_eyes(kept)
    filled, where = interpolated(times_s, mean, wanted.pupil_gap_s)
    return CleanPupil(
        size=_low_passed(times_s, filled, wanted.pupil_low_pass_hz),
        raw=_row_mean(eyes),
        filled=where,
        removed=float(removed.sum() / max(recorded.sum(), 1)),
        unit=gaze.pupil_unit,
    )


def baseline_of(times_s: Floats, size: Floats, onset_s: float, window_s: float) -> float:
    """Return the median pupil before an onset, to be subtracted; NaN without any sample.

    Where the signal begins later, its first samples after the onset are taken (Mathôt et
    al. 2018 recommend subtraction of a median over a short time).
    """
    before = size[(times_s >= onset_s - window_s) & (times_s < onset_s)]
    if not np.isfinite(before).any():
        before = size[(times_s >= onset_s) & (times_s < onset_s + window_s)]
    seen = before[np.isfinite(before)]
    return float(np.median(seen)) if len(seen) else float("nan")


def _without_artefacts(
    times_s: Floats, size: Floats, unit: str, wanted: EyeParameters
) -> Floats:
    kept = size.copy()
    if unit == "mm":
        kept[(kept < wanted.pupil_mm[0]) | (kept > wanted.pupil_mm[1])] = np.nan
    kept[_beyond(_fastest_change(times_s, kept), wanted.pupil_speed_mad)] = np.nan
    kept = _without_edges(times_s, kept, wanted)
    for _ in range(_PASSES):
        trend = _low_passed(times_s, _bridged(times_s, kept), _TREND_HZ)
        off = _beyond(np.abs(kept - trend), wanted.pupil_line_mad)
        if not off.any():
            break
        kept[off] = np.nan
    return kept


def _fastest_change(times_s: Floats, size: Floats) -> Floats:
    """Return the larger of the speeds from the sample before and to the one after."""
    seen = np.flatnonzero(np.isfinite(size))
    out = np.full(len(size), np.nan)
    if len(seen) < 2:
        return out
    step_s = np.diff(times_s[seen])
    speed = np.abs(np.diff(size[seen])) / np.where(step_s > 0, step_s, np.nan)
    sides = np.stack([np.r_[np.nan, speed], np.r_[speed, np.nan]])
    known = np.isfinite(sides)
    fastest = np.where(known, sides, -np.inf).max(axis=0)
    out[seen] = np.where(known.any(axis=0), fastest, np.nan)
    return out


def _beyond(values: Floats, mads: float) -> Mask:
    """Return where values lie too far above their median, in absolute deviations."""
    seen = np.isfinite(values)
    if not seen.any():
        return seen
    middle = np.median(values[seen])
    deviation = np.median(np.abs(values[seen] - middle))
    if deviation == 0:  # a constant pupil: nothing stands out, or everything would
        return np.zeros(len(values), bool)
    return np.asarray(np.where(seen, values, 0.0) > middle + mads * deviation) & seen


def _without_edges(times_s: Floats, size: Floats, wanted: EyeParameters) -> Floats:
    lost = ~np.isfinite(size)
    wide = within(runs(lost), times_s, wanted.edge_gap_s)
    step_s = step_of(times_s)
    margin = round(wanted.margin_s / step_s) if step_s > 0 else 0
    return np.where(widened(wide, margin, len(size)), np.nan, size)


def _bridged(times_s: Floats, size: Floats) -> Floats:
    return interpolated(times_s, size, np.inf)[0]


def _mean_of_eyes(eyes: Floats) -> Floats:
    """Average the eyes; for a lost one the other stands in, and their usual difference."""
    if eyes.shape[1] == 1:
        return eyes[:, 0]
    both = np.isfinite(eyes).all(axis=1)
    apart = float(np.median(eyes[both, 0] - eyes[both, 1])) if both.any() else 0.0
    return _row_mean(eyes - [apart / 2, -apart / 2])


def _row_mean(values: Floats) -> Floats:
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    total = np.where(seen, values, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _low_passed(times_s: Floats, values: Floats, cut_hz: float) -> Floats:
    """Filter each stretch without a loss forth and back, so that nothing is delayed.

    A stretch that is too short for the filter to settle is left as it is.
    """
    from scipy.signal import butter, sosfiltfilt  # half a second, as in `light`

    step_s = step_of(times_s)
    if step_s <= 0 or cut_hz >= 0.5 / step_s:
        return values.copy()
    filter_ = butter(_ORDER, cut_hz, fs=1 / step_s, output="sos")
    out = values.copy()
    for first, end in within(runs(np.isfinite(values)), times_s, _LEAST_S):
        out[first:end] = sosfiltfilt(filter_, values[first:end])
    return out
