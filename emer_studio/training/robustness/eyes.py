"""Worse eyes: a jittering gaze, losses like blinks, a clock that is off."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from emer_studio.dataset.cache import Dataset
from emer_studio.features.velocity import gaze_speed
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.training.robustness.disturbances import Disturbance, lost_rows, with_rows

__all__ = ["Dropouts", "GazeJitter", "TimeOffset"]

Rows = NDArray[np.float32]
Floats = NDArray[np.float64]
_PARAMETERS = EyeParameters()
_AXES = ("x", "y")
_GAZE = ("gaze", "gaze_left", "gaze_right")


class GazeJitter(Disturbance):
    """A gaze that jumps about from sample to sample, both eyes by the same way.

    The angles follow by the dataset's own degrees for a screen; velocity, speed and
    acceleration change by what the jitter adds to them, and so does what is off the screen.
    """

    name, words = "gaze-jitter", "jitter of the gaze"
    unit = "SD in fractions of the screen, by axis"
    touches = ("eye", "gaze")
    not_recomputed = (
        "fixations, saccades and what is measured of them; disparity, because both eyes"
        " jitter alike; fixation maps"
    )

    def missing(self, dataset: Dataset) -> str:
        """Return why, where the gaze is in another unit than fractions of the screen."""
        units = {column.name: column.unit for column in dataset.manifest.eye_columns}
        other = {units["gaze_x"], units["gaze_y"]} - {"1"}
        return f"the gaze is in {', '.join(sorted(other))}" if other else ""

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Add jitter of a standard deviation of `level`."""
        at = {name: i for i, name in enumerate(dataset.manifest.eye_names())}
        per_screen = np.array([_deg_per_screen(dataset, at, axis) for axis in _AXES])

        def change(rows: Rows, times_s: Floats, rng: np.random.Generator) -> Rows:
            jitter = level * rng.standard_normal((len(rows), 2))
            out = rows.copy()
            for name in _GAZE:
                _add(out, at, name, jitter)
            _add(out, at, "gaze_angle", jitter * per_screen, "_deg")
            _add(out, at, "velocity", _rate(jitter * per_screen, times_s), "_deg_s")
            _speed_up(out, rows, times_s, at)
            _leave_screen(out, rows, at)
            return out

        return with_rows(dataset, self, seed, change)


class Dropouts(Disturbance):
    """Rows lost in bursts as long as blinks."""

    name, words, unit = "dropouts", "eyes lost in bursts like blinks", "share of the rows"
    touches = ("eye", "gaze")
    not_recomputed = "fixations that a loss would cut in two; fixation maps"

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Lose a share of `level` of each clip's rows.

        The bursts are as long as what the program takes for a blink
        (`schema.eye_parameters`), anywhere in the clip.
        """

        def change(rows: Rows, times_s: Floats, rng: np.random.Generator) -> Rows:
            lost = _bursts(times_s, round(level * len(rows)), rng)
            rows[lost] = lost_rows(dataset, rows[lost])
            return rows

        return with_rows(dataset, self, seed, change)


class TimeOffset(Disturbance):
    """A tracker whose clock is off against the camera's.

    The rows stay where they are and hold what the eyes did so much earlier (above 0: the
    eyes come late) or later; where the clip has nothing to tell of that, they are lost.
    """

    name, words, unit = "time-offset", "eyes late (+) or early (-) against the face", "ms"
    touches = ("eye", "gaze")
    both_ways = True
    not_recomputed = "fixation maps"

    def of(self, dataset: Dataset, level: float, seed: int) -> Dataset:
        """Shift what the eyes did by `level` milliseconds."""

        def change(rows: Rows, times_s: Floats, _rng: np.random.Generator) -> Rows:
            if level == 0:
                return rows  # rows of equal times stay apart
            wanted = times_s - level / 1000.0
            right = np.searchsorted(times_s, wanted).clip(1, max(len(times_s) - 1, 1))
            right = right.clip(max=len(times_s) - 1)
            left = np.maximum(right - 1, 0)
            nearer = np.abs(wanted - times_s[left]) < np.abs(times_s[right] - wanted)
            source = np.where(nearer, left, right)
            out = rows[source]
            # Half a sample beyond the clip's ends is still the first or the last one.
            beyond = np.abs(times_s[source] - wanted) > _step_s(times_s) / 2 + 1e-9
            inside = (wanted >= times_s[0]) & (wanted <= times_s[-1])
            gone = beyond & ~inside
            out[gone] = lost_rows(dataset, out[gone])
            return out

        return with_rows(dataset, self, seed, change)


def _deg_per_screen(dataset: Dataset, at: Mapping[str, int], axis: str) -> float:
    """Return how many degrees a screen is, by the dataset's own gaze; 0 if it has none."""
    if f"gaze_angle_{axis}_deg" not in at:
        return 0.0
    place = np.asarray(dataset.eyes[:, at[f"gaze_{axis}"]], np.float64)
    deg = np.asarray(dataset.eyes[:, at[f"gaze_angle_{axis}_deg"]], np.float64)
    good = np.isfinite(place) & np.isfinite(deg)
    if not good.any() or np.ptp(place[good]) == 0:
        return 0.0
    place = place[good] - place[good].mean()
    return float((place * deg[good]).sum() / (place**2).sum())


def _add(
    rows: Rows, at: Mapping[str, int], name: str, values: Floats, ending: str = ""
) -> None:
    for number, axis in enumerate(_AXES):
        column = at.get(f"{name}_{axis}{ending}")
        if column is not None:
            rows[:, column] += values[:, number].astype(np.float32)


def _rate(values: Floats, times_s: Floats) -> Floats:
    """Return the change per second since the row before; none for the first row."""
    out = np.zeros_like(values)
    step_s = np.diff(times_s)[:, None]
    out[1:] = np.where(step_s > 0, np.diff(values, axis=0) / np.maximum(step_s, 1e-9), 0.0)
    return out


def _speed_up(out: Rows, rows: Rows, times_s: Floats, at: Mapping[str, int]) -> None:
    """Add what the jitter adds to the speed of the combined gaze, and to its change."""
    names = [f"gaze_angle_{axis}_deg" for axis in _AXES]
    if not {*names, "velocity_deg_s"} <= set(at):
        return
    angles = [at[name] for name in names]
    window_s = _PARAMETERS.velocity_window_s
    after, before = (
        gaze_speed(times_s, x[:, None, angles].astype(np.float64), window_s)
        for x in (out, rows)
    )
    more = np.nan_to_num(after - before)
    out[:, at["velocity_deg_s"]] += more.astype(np.float32)
    if "acceleration_deg_s2" in at:
        change = _rate(more[:, None], times_s)[:, 0]
        out[:, at["acceleration_deg_s2"]] += change.astype(np.float32)


def _leave_screen(out: Rows, rows: Rows, at: Mapping[str, int]) -> None:
    """Mark what the jitter moved over an edge of the screen."""
    if "off_screen" not in at:
        return
    gaze = [at["gaze_x"], at["gaze_y"]]
    after, before = _beyond(out[:, gaze]), _beyond(rows[:, gaze])
    moved = after != before
    out[moved, at["off_screen"]] = after[moved]


def _beyond(gaze: Rows) -> NDArray[np.bool_]:
    return np.asarray(((gaze < 0) | (gaze > 1)).any(axis=1))


def _bursts(times_s: Floats, wanted: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which rows are lost, exactly `wanted` of them."""
    lost = np.zeros(len(times_s), bool)
    step_s = _step_s(times_s)
    while (left := wanted - int(lost.sum())) > 0:
        first, length_s = rng.integers(len(lost)), rng.uniform(*_PARAMETERS.blink_s)
        rows = max(round(length_s / step_s), 1) if step_s > 0 else 1
        fresh = np.flatnonzero(~lost[first : first + rows])[:left]
        lost[first + fresh] = True
    return lost


def _step_s(times_s: Floats) -> float:
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
