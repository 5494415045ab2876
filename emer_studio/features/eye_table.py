"""The default eye columns computed from binocular gaze and its events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio.schema.eye_columns import eye_column_names

__all__ = ["BinocularGaze", "eye_table"]

Floats = NDArray[np.float64]
SCREEN_DEG = (44.0, 26.0)
"""Visual angle of a 24-inch screen at about 65 cm (used where geometry is not known)."""
_NO_EVENT, _FIXATION, _SACCADE, _BLINK = range(4)


@dataclass(frozen=True, slots=True)
class BinocularGaze:
    """What the columns are computed from; the eye axis is left, right.

    Attributes
    ----------
    times_s : (N,) float64
        Sample times, increasing.
    xy : (N, 2, 2) float64
        Gaze by eye and axis, fraction of the screen, origin top left, NaN when lost.
    pupil_mm, openness_mm : (N, 2) float64
        NaN when lost.
    origin_mm : (N, 2, 3) float64
        Eye position, NaN when lost.
    event : (N,) int
        0 none, 1 fixation, 2 saccade, 3 blink.
    combined : (N, 3) float64, optional
        Gaze x, y and pupil (mm) of both eyes together, from a tracker that gives no eye
        by itself; NaN when lost. Used where neither eye has a value of its own.
    """

    times_s: Floats
    xy: Floats
    pupil_mm: Floats
    openness_mm: Floats
    origin_mm: Floats
    event: NDArray[Any]
    combined: Floats | None = None

    @property
    def both(self) -> Floats:
        """Mean gaze of the eyes, (N, 2); of both together where there is no other."""
        return self._or_combined(_mean(self.xy, axis=1), slice(0, 2))

    @property
    def pupil_both_mm(self) -> Floats:
        """Mean pupil of the eyes, (N,); of both together where there is no other."""
        return self._or_combined(_mean(self.pupil_mm, axis=1), 2)

    def _or_combined(self, mean: Floats, part: slice | int) -> Floats:
        if self.combined is None:
            return mean
        return np.where(np.isfinite(mean), mean, self.combined[:, part])


def eye_table(
    gaze: BinocularGaze, screen_deg: tuple[float, float] = SCREEN_DEG
) -> NDArray[np.float32]:
    """Compute the default eye columns.

    Parameters
    ----------
    gaze : BinocularGaze
        One clip.
    screen_deg : tuple of float, optional
        Visual angle of the screen's width and height, degrees.

    Returns
    -------
    (N, 39) float32
        In the order of `schema.eye_columns`; NaN where a value is lost.
    """
    scale = np.asarray(screen_deg)
    both, pupil = gaze.both, gaze.pupil_both_mm
    early = pupil[gaze.times_s < gaze.times_s[:1] + 0.5]
    baseline = np.nanmedian(early) if np.isfinite(early).any() else np.nan
    velocity = _rate(both * scale, gaze.times_s)
    speed = np.hypot(velocity[:, 0], velocity[:, 1])
    elapsed, centre = _events(gaze.event, gaze.times_s, both)
    columns = {
        **_flat("gaze", both, "xy"),
        **_flat("gaze_left", gaze.xy[:, 0], "xy"),
        **_flat("gaze_right", gaze.xy[:, 1], "xy"),
        **_flat("gaze_angle", (both - 0.5) * scale, "xy", "_deg"),
        **_flat("disparity", (gaze.xy[:, 0] - gaze.xy[:, 1]) * scale, "xy", "_deg"),
        "off_screen": ((both < 0) | (both > 1)).any(axis=1),
        "pupil_mm": pupil,
        "pupil_change_mm": pupil - baseline,
        "pupil_velocity_mm_s": _rate(pupil[:, None], gaze.times_s)[:, 0],
        **_flat("velocity", velocity, "xy", "_deg_s"),
        "velocity_deg_s": speed,
        "acceleration_deg_s2": _rate(speed[:, None], gaze.times_s)[:, 0],
        "fixation": gaze.event == _FIXATION,
        "saccade": gaze.event == _SACCADE,
        "blink": gaze.event == _BLINK,
        "event_elapsed_s": elapsed,
        **_flat("fixation", centre, "xy"),
        "fixation_distance_deg": np.hypot(*((both - centre) * scale).T),
    }
    for i, side in enumerate(("left", "right")):
        columns[f"validity_{side}"] = np.isfinite(gaze.xy[:, i]).all(axis=1)
        columns[f"pupil_{side}_mm"] = gaze.pupil_mm[:, i]
        columns[f"pupil_valid_{side}"] = np.isfinite(gaze.pupil_mm[:, i])
        columns[f"openness_{side}_mm"] = gaze.openness_mm[:, i]
        columns.update(_flat(f"origin_{side}", gaze.origin_mm[:, i], "xyz", "_mm"))
    return np.stack([columns[name] for name in eye_column_names()], axis=1).astype("f4")


def _flat(name: str, values: Floats, axes: str, unit: str = "") -> dict[str, Floats]:
    return {f"{name}_{axis}{unit}": values[:, i] for i, axis in enumerate(axes)}


def _mean(values: Floats, axis: int) -> Floats:
    """Mean of what is finite, NaN where nothing is."""
    good = np.isfinite(values)
    total = np.where(good, values, 0.0).sum(axis=axis)
    count = good.sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _rate(values: Floats, times_s: Floats) -> Floats:
    """Change per second since the sample before; NaN beside a loss."""
    out = np.full_like(values, np.nan)
    dt = np.diff(times_s)[:, None]
    out[1:] = np.where(dt > 0, np.diff(values, axis=0) / np.where(dt > 0, dt, 1.0), np.nan)
    return out


def _events(event: NDArray[Any], times_s: Floats, place: Floats) -> tuple[Floats, Floats]:
    """Return the time since each event began and the running centre of fixations."""
    elapsed = np.full(len(event), np.nan)
    centre = np.full((len(event), 2), np.nan)
    changes = np.flatnonzero(np.diff(event) != 0) + 1
    starts = [0, *changes.tolist()] if len(event) else []
    for start, end in zip(starts, [*starts[1:], len(event)], strict=True):
        if event[start] == _NO_EVENT:
            continue
        elapsed[start:end] = times_s[start:end] - times_s[start]
        if event[start] == _FIXATION:
            good = np.isfinite(place[start:end])
            total = np.cumsum(np.where(good, place[start:end], 0.0), axis=0)
            count = np.cumsum(good, axis=0)
            centre[start:end] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return elapsed, centre
