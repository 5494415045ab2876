"""What is odd about a trial's data; it is told and the trial is built all the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emer_studio.features.eyes import Eyes
from emer_studio.features.runs import step_of

__all__ = ["eye_remarks", "face_remarks"]

_GAP_S = 0.5  # chosen by us: `check` tells of shorter gaps; these cut into what is analysed
_RATE = 0.1  # chosen by us: a tracker that changes its rate doubles or halves it
_LEAST = 20  # samples, below which nothing is said


def eye_remarks(eyes: Eyes, start_s: float, end_s: float) -> list[str]:
    """Return what is odd about the eyes in a stretch of a recording.

    Parameters
    ----------
    eyes : Eyes
        The whole recording.
    start_s, end_s : float
        On the clock of the gaze.
    """
    inside = (eyes.gaze.times_s >= start_s) & (eyes.gaze.times_s < end_s)
    times_s = eyes.gaze.times_s[inside]
    if len(times_s) < _LEAST:
        return []
    found = []
    longest_s = float(np.diff(times_s).max())
    if longest_s > _GAP_S:
        found.append(f"no gaze sample for {longest_s:.1f} s")
    here_s, usual_s = step_of(times_s), step_of(eyes.gaze.times_s)
    if abs(here_s - usual_s) > _RATE * usual_s:
        found.append(f"gaze at {1 / here_s:.0f} Hz, at {1 / usual_s:.0f} Hz in the session")
    pupil = eyes.pupil.raw[inside]
    pupil = pupil[np.isfinite(pupil)]
    if len(pupil) >= _LEAST and np.ptp(pupil) == 0:
        found.append("the pupil never changes")
    return found


def face_remarks(several: npt.NDArray[np.uint8]) -> list[str]:
    """Return what is odd about the faces of a trial.

    Parameters
    ----------
    several : ndarray, shape (n_frames,), uint8
        Where there was more than one face.
    """
    share = float(several.mean()) if len(several) else 0.0
    return [f"another face in {share:.0%} of the frames"] if share > 0 else []
