"""Where the eyes rest: by a threshold of velocity (I-VT) or of dispersion (I-DT).

Both are those of Salvucci & Goldberg 2000, *Identifying fixations and saccades in
eye-tracking protocols*; a lost sample ends a fixation.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.features.runs import Runs, merged, runs, step_of, within

__all__ = ["idt", "ivt", "joined"]

Floats = npt.NDArray[np.float64]
_LOOK_AHEAD = 64  # samples; the next look is twice as far


def ivt(
    times_s: Floats, speed_deg_s: Floats, threshold_deg_s: float, least_s: float
) -> Runs:
    """Return the stretches that are slower than a threshold.

    Parameters
    ----------
    times_s, speed_deg_s : ndarray, shape (n,), float64
        NaN where there is no speed.
    threshold_deg_s : float
    least_s : float
        Shorter stretches are left out.

    Returns
    -------
    ndarray, shape (k, 2), int64
        Half-open ranges of samples.
    """
    return within(runs(speed_deg_s < threshold_deg_s), times_s, least_s)


def joined(
    times_s: Floats, deg: Floats, found: Runs, gap_s: float, apart_deg: float
) -> Runs:
    """Join fixations with little time and little way between them, as Olsen 2012 does.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
    deg : ndarray, shape (n, 2), float64
    found : ndarray, shape (k, 2), int64
    gap_s, apart_deg : float
        From the last sample of one to the first one of the next; both have to be kept.
    """
    if len(found) < 2:
        return found
    last, first = found[:-1, 1] - 1, found[1:, 0]
    way = deg[first] - deg[last]
    near = np.hypot(way[:, 0], way[:, 1]) <= apart_deg
    return merged(found, near & (times_s[first] - times_s[last] <= gap_s))


def idt(times_s: Floats, deg: Floats, dispersion_deg: float, least_s: float) -> Runs:
    """Return the stretches whose width and height together stay within a limit.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
        At a steady rate.
    deg : ndarray, shape (n, 2), float64
        Gaze; NaN where lost.
    dispersion_deg : float
    least_s : float
        Of a fixation.

    Returns
    -------
    ndarray, shape (k, 2), int64
        Half-open ranges of samples.
    """
    step_s = step_of(times_s)
    size = max(int(np.ceil(least_s / step_s - 1e-3)), 2) if step_s > 0 else 2
    found: list[tuple[int, int]] = []
    seen = np.asarray(np.isfinite(deg).all(axis=1))
    for first, end in runs(seen):
        if end - first >= size:
            inside = _rests(deg[first:end], dispersion_deg, size)
            found += [(first + a, first + b) for a, b in inside]
    return np.array(found, np.int64).reshape(-1, 2)


def _rests(deg: Floats, limit: float, size: int) -> list[tuple[int, int]]:
    """Find the fixations of a stretch without a loss.

    The dispersion of every window of the least size is computed at once; only a window
    that is narrow enough is grown.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d  # as in `fixation_map`

    windows = len(deg) - size + 1
    ahead = {"size": size, "axis": 0, "origin": -(size // 2)}
    high, low = maximum_filter1d(deg, **ahead), minimum_filter1d(deg, **ahead)
    narrow = np.flatnonzero(((high - low).sum(axis=1) <= limit)[:windows])
    found = []
    at = 0
    while (k := int(np.searchsorted(narrow, at))) < len(narrow):
        start = int(narrow[k])
        at = _grown(deg, start + size, high[start], low[start], limit)
        found.append((start, at))
    return found


def _grown(deg: Floats, end: int, high: Floats, low: Floats, limit: float) -> int:
    """Return where the first sample lies that would make the dispersion too large."""
    look = _LOOK_AHEAD
    while end < len(deg):
        piece = deg[end : end + look]
        tops = np.maximum.accumulate(np.maximum(piece, high), axis=0)
        bottoms = np.minimum.accumulate(np.minimum(piece, low), axis=0)
        wide = (tops - bottoms).sum(axis=1) > limit
        if wide.any():
            return end + int(np.argmax(wide))
        high, low, end, look = tops[-1], bottoms[-1], end + len(piece), 2 * look
    return end
