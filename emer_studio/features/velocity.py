"""How fast the eyes turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.features.runs import step_of

__all__ = ["gaze_speed"]

Floats = npt.NDArray[np.float64]


def gaze_speed(times_s: Floats, deg: Floats, window_s: float) -> Floats:
    """Return the speed of the gaze in deg/s, shape (n,); NaN beside a loss.

    Each eye is compared over a window, as Tobii's I-VT filter does (Olsen 2012): from
    sample to sample, noise alone would pass for a saccade. Where three samples fit into
    that window they are averaged first; at lower rates that would smear a saccade over its
    neighbours. An eye counts only where it was seen at both ends, so losing one eye is no
    movement.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
        Increasing.
    deg : ndarray, shape (n, n_eyes, 2), float64
        Gaze by eye in degrees; NaN where lost.
    window_s : float
        Over which a place is compared; at least two samples.
    """
    n, step_s = len(times_s), step_of(times_s)
    half = max(round(window_s / 2 / step_s), 1) if step_s > 0 else 1
    reach = 1 if 2 * step_s <= window_s else 0  # of the mean, to either side
    speed = np.full(n, np.nan)
    if n < 2 * (half + reach) + 1:
        return speed
    inner = slice(half + reach, n - half - reach)
    inside_s = times_s[reach : n - reach]
    elapsed_s = inside_s[2 * half :] - inside_s[: len(inside_s) - 2 * half]
    total, count = np.zeros(len(elapsed_s)), np.zeros(len(elapsed_s))
    for eye in deg.swapaxes(0, 1):
        at = (eye[:-2] + eye[1:-1] + eye[2:]) / 3 if reach else eye
        apart = at[2 * half :] - at[: len(at) - 2 * half]
        moved = np.hypot(apart[:, 0], apart[:, 1])
        seen = np.isfinite(moved)
        total += np.where(seen, moved, 0.0)
        count += seen
    usable = (count > 0) & (elapsed_s > 0)
    speed[inner][usable] = total[usable] / count[usable] / elapsed_s[usable]
    return speed
