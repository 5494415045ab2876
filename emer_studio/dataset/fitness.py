"""Whether a trial can be used: judged here for datasets and for the quality page alike.

What a person decides goes before it: `schema.decisions.left_out`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.features.eyes import read_gaze
from emer_studio.features.gaze_table import GazeTable
from emer_studio.recording.reader import Recording, ShownClip

__all__ = ["LEAST", "GazeSeen", "doubt", "gaze_in", "gaze_of", "mark_of", "nothing_of"]

LEAST = 0.5
"""Share of frames with a face, and of samples with eyes, below which a trial is excluded
(chosen by us, until a study sets limits of its own: more is guessed than seen)."""
_COVERED = 0.9  # of a clip, by gaze samples; chosen by us, as `check` does


@dataclass(frozen=True, slots=True)
class GazeSeen:
    """What the eye tracker has of one clip.

    Attributes
    ----------
    samples : int
        Samples stamped while the clip was shown.
    covered : float
        Share of the clip that they fill at their own rate.
    seen : float
        Share of them with gaze.
    """

    samples: int
    covered: float
    seen: float


def gaze_of(recording: Recording) -> GazeTable:
    """Return the gaze of a session.

    Raises
    ------
    BadInputError
        When there is none, or it is of no use to a dataset.
    """
    stream = recording.gaze()
    if stream is None:
        raise BadInputError("there is no gaze stream in the recording")
    return read_gaze(stream, recording.manifest.display)


def gaze_in(gaze: GazeTable, start_s: float, end_s: float) -> GazeSeen:
    """Measure the gaze from a clip's onset to its end (recorder's LSL clock)."""
    inside = (gaze.times_s >= start_s) & (gaze.times_s < end_s)
    times_s = gaze.times_s[inside]
    if not len(times_s):
        return GazeSeen(0, 0.0, 0.0)
    typical_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    covered = len(times_s) * typical_s / max(end_s - start_s, 1e-9)
    seen = float(np.mean(np.all(np.isfinite(gaze.both[inside]), axis=1)))
    return GazeSeen(len(times_s), covered, seen)


def mark_of(recording: Recording, shown: ShownClip) -> str:
    """Return why a clip was not presented as it is meant to be; empty for most."""
    again = "shown before: a first reaction happens once" if shown.repeated else ""
    return recording.marks.get(shown.trial, "") or again


def nothing_of(frames: int, gaze: GazeSeen) -> str:
    """Return what a trial lacks altogether, so that it is no sample; empty when nothing."""
    if not frames:
        return "no face frames"
    return "" if gaze.samples else "no gaze samples"


def doubt(marked: str, faces: float, gaze: GazeSeen) -> str:
    """Return why a trial should not be trained on; empty when it may be.

    Parameters
    ----------
    marked : str
        Why it was not presented as it is meant to be (`mark_of`).
    faces : float
        Share of its frames with a face.
    gaze : GazeSeen
    """
    if marked:
        return marked
    if faces < LEAST:
        return f"a face in {faces:.0%} of the frames only"
    if gaze.covered < _COVERED:
        return f"gaze for {gaze.covered:.0%} of the clip only"
    return f"eyes in {gaze.seen:.0%} of the samples only" if gaze.seen < LEAST else ""
