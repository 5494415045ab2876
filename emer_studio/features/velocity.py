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
    inside_s = times_s[reach : n - reach]
    elapsed_s = inside_s[2 * half :] - inside_s[: len(inside_s) - 2 * half]
    moved = [_moved(eye, half, reach) for eye in deg.swapaxes(0, 1)]
    total, count = moved[0], np.isfinite(moved[0]).astype(np.int8)
    for other in moved[1:]:
        seen = np.isfinite(other)
        total = np.where(count > 0, total, 0.0)
        np.add(total, other, out=total, where=seen)
        count += seen
    elapsed_s *= count
    good = elapsed_s > 0
    np.divide(total, elapsed_s, out=total, where=good)
    total[~good] = np.nan
    speed[half + reach : n - half - reach] = total
    return speed


def _moved(eye: Floats, half: int, reach: int) -> Floats:
    """Return how far an eye moved from `half` samples before each to `half` after it."""
    squared: Floats | None = None
    for axis in eye.T:
        at = np.ascontiguousarray(axis)
        if reach:
            mean = at[:-2] + at[1:-1]
            mean += at[2:]
            at = mean
        apart = at[2 * half :] - at[: len(at) - 2 * half]
        apart *= apart
        squared = apart if squared is None else squared + apart
    assert squared is not None
    way = np.sqrt(squared, out=squared)
    if reach:
        way /= 3.0
    return way
