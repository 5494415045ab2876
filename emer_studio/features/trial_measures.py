"""One number each for what the eyes did during a clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.features import scan_path as path
from emer_studio.features.eyes import Eyes
from emer_studio.features.pupil import baseline_of

__all__ = ["TRIAL_MEASURES", "trial_measures"]

_NAN = float("nan")

TRIAL_MEASURES = path.MEASURES | {
    "pupil_baseline": ("as the pupil", "median of the cleaned pupil before the clip"),
    "pupil_change": ("as the pupil", "mean of the cleaned pupil in the clip less that"),
    "pupil_peak": ("as the pupil", "95th percentile of it in the clip less that"),
    "pupil_change_light": ("as the pupil", "pupil_change without the clip's light"),
    "light_explained": ("1", "share of the session's pupil that the clips' light explains"),
    "gaze_lost": ("1", "share of the samples without gaze"),
}
"""Unit and meaning of each measure of `trial_measures`."""


def trial_measures(
    eyes: Eyes, start_s: float, end_s: float, *, onset_s: float | None = None
) -> dict[str, float]:
    """Measure a stretch of a recording.

    Parameters
    ----------
    eyes : Eyes
        The whole recording.
    start_s, end_s : float
        On the clock of the gaze.
    onset_s : float, optional
        When the clip began, of which this is a part: the pupil's baseline lies before it.

    Returns
    -------
    dict of str to float
        See `TRIAL_MEASURES`; NaN where there is too little.
    """
    times_s = eyes.gaze.times_s
    inside = (times_s >= start_s) & (times_s < end_s)
    window_s = eyes.parameters.pupil_baseline_s
    begin_s = start_s if onset_s is None else onset_s
    baseline = baseline_of(times_s, eyes.pupil.size, begin_s, window_s)
    change = _known(eyes.pupil.size[inside] - baseline)
    dark = np.zeros(0)
    if eyes.light is not None and np.isfinite(eyes.light.gain):
        corrected = eyes.light.corrected
        before = baseline_of(times_s, corrected, begin_s, window_s)
        dark = _known(corrected[inside] - before)
    known = eyes.gaze.valid[inside, 2]
    return {
        **path.scan_path(eyes.events, start_s, end_s),
        "pupil_baseline": baseline,
        "pupil_change": float(change.mean()) if len(change) else _NAN,
        "pupil_peak": float(np.percentile(change, 95)) if len(change) else _NAN,
        "pupil_change_light": float(dark.mean()) if len(dark) else _NAN,
        "light_explained": eyes.light.explained if eyes.light else _NAN,
        "gaze_lost": float(1 - known.mean()) if len(known) else _NAN,
    }


def _known(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[np.isfinite(values)]
