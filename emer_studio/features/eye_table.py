"""The default eye columns of a clip, computed from the eyes of its recording."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.features.eye_events import BLINK, FIXATION, SACCADE
from emer_studio.features.eyes import Eyes
from emer_studio.features.pupil import baseline_of
from emer_studio.features.runs import runs
from emer_studio.schema.eye_columns import eye_column_names

__all__ = ["eye_table"]

Floats = npt.NDArray[np.float64]
_LEFT, _RIGHT, _COMBINED = range(3)


def eye_table(eyes: Eyes, start_s: float, end_s: float) -> npt.NDArray[np.float32]:
    """Compute the default eye columns of a stretch of time.

    Parameters
    ----------
    eyes : Eyes
        The whole recording, so that what lies before the clip is known.
    start_s, end_s : float
        From the clip's onset to its end, on the clock of the gaze.

    Returns
    -------
    ndarray, shape (n, 39), float32
        In the order of `schema.eye_columns`, a row for each sample; NaN where a value is
        lost.
    """
    inside = (eyes.gaze.times_s >= start_s) & (eyes.gaze.times_s < end_s)
    gaze, codes = eyes.gaze.cut(inside), eyes.events.codes[inside]
    times_s, deg, both = gaze.times_s, gaze.deg, gaze.both
    at, pupil = deg[:, _COMBINED], gaze.pupil_mm[:, _COMBINED]
    velocity, speed = _rate(at, times_s), eyes.events.speed_deg_s[inside]
    elapsed, centre, centre_deg = _present_event(codes, times_s, both, at)
    columns = {
        **_flat("gaze", both, "xy"),
        **_flat("gaze_left", gaze.xy[:, _LEFT], "xy"),
        **_flat("gaze_right", gaze.xy[:, _RIGHT], "xy"),
        **_flat("gaze_angle", at, "xy", "_deg"),
        **_flat("disparity", deg[:, _LEFT] - deg[:, _RIGHT], "xy", "_deg"),
        "off_screen": ((both < 0) | (both > 1)).any(axis=1),
        "pupil_mm": pupil,
        "pupil_change_mm": _change_mm(eyes, start_s)[inside],
        "pupil_velocity_mm_s": _rate(pupil[:, None], times_s)[:, 0],
        **_flat("velocity", velocity, "xy", "_deg_s"),
        "velocity_deg_s": speed,
        "acceleration_deg_s2": _rate(speed[:, None], times_s)[:, 0],
        "fixation": codes == FIXATION,
        "saccade": codes == SACCADE,
        "blink": codes == BLINK,
        "event_elapsed_s": elapsed,
        **_flat("fixation", centre, "xy"),
        "fixation_distance_deg": np.hypot(*(at - centre_deg).T),
    }
    for i, side in ((_LEFT, "left"), (_RIGHT, "right")):
        columns[f"validity_{side}"] = gaze.valid[:, i]
        columns[f"pupil_{side}_mm"] = gaze.pupil_mm[:, i]
        columns[f"pupil_valid_{side}"] = np.isfinite(gaze.pupil_mm[:, i])
        columns[f"openness_{side}_mm"] = gaze.openness_mm[:, i]
        columns.update(_flat(f"origin_{side}", gaze.origin_mm[:, i], "xyz", "_mm"))
    return np.stack([columns[name] for name in eye_column_names()], axis=1).astype("f4")


def _change_mm(eyes: Eyes, start_s: float) -> Floats:
    """Return the cleaned pupil less its baseline before the clip."""
    size, times_s = eyes.pupil.size, eyes.gaze.times_s
    if eyes.pupil.unit != "mm":
        return np.full(len(size), np.nan)
    return size - baseline_of(times_s, size, start_s, eyes.parameters.pupil_baseline_s)


def _flat(name: str, values: Floats, axes: str, unit: str = "") -> dict[str, Floats]:
    return {f"{name}_{axis}{unit}": values[:, i] for i, axis in enumerate(axes)}


def _rate(values: Floats, times_s: Floats) -> Floats:
    """Change per second since the sample before; NaN beside a loss."""
    out = np.full_like(values, np.nan)
    step_s = np.diff(times_s)[:, None]
    moves = step_s > 0
    out[1:] = np.where(moves, np.diff(values, axis=0) / np.where(moves, step_s, 1), np.nan)
    return out


def _present_event(
    codes: npt.NDArray[np.uint8], times_s: Floats, both: Floats, at: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return the time since each event began and a fixation's mean place so far.

    The place comes as a fraction of the display and in degrees.
    """
    elapsed = np.full(len(codes), np.nan)
    centres = np.full((2, len(codes), 2), np.nan)
    for code in (FIXATION, SACCADE, BLINK):
        for start, end in runs(codes == code):
            elapsed[start:end] = times_s[start:end] - times_s[start]
    for start, end in runs(codes == FIXATION):
        for centre, place in zip(centres, (both, at), strict=True):
            centre[start:end] = _running_mean(place[start:end])
    return elapsed, centres[0], centres[1]


def _running_mean(place: Floats) -> Floats:
    good = np.isfinite(place)
    total = np.cumsum(np.where(good, place, 0.0), axis=0)
    count = np.cumsum(good, axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
