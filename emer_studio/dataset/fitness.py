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
from emer_studio.schema.exclusion import ExclusionRules

__all__ = ["GazeSeen", "doubt", "gaze_in", "gaze_of", "mark_of", "nothing_of"]


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
    elsewhere : float
        Share of those beside the display.
    """

    samples: int
    covered: float
    seen: float
    elsewhere: float = 0.0


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
    places = gaze.both[inside]
    known = np.all(np.isfinite(places), axis=1)
    beside = np.any((places[known] < 0) | (places[known] > 1), axis=1)
    elsewhere = float(np.mean(beside)) if len(beside) else 0.0
    return GazeSeen(len(times_s), covered, float(np.mean(known)), elsewhere)


def mark_of(recording: Recording, shown: ShownClip) -> str:
    """Return why a clip was not presented as it is meant to be; empty for most."""
    again = "shown before: a first reaction happens once" if shown.repeated else ""
    return recording.marks.get(shown.trial, "") or again


def nothing_of(frames: int, gaze: GazeSeen) -> str:
    """Return what a trial lacks altogether, so that it is no sample; empty when nothing."""
    if not frames:
        return "no face frames"
    return "" if gaze.samples else "no gaze samples"


def doubt(
    marked: str, faces: float, gaze: GazeSeen, rules: ExclusionRules, *, rated: bool
) -> str:
    """Return why a trial should not be trained on; empty when it may be.

    Parameters
    ----------
    marked : str
        Why it was not presented as it is meant to be (`mark_of`).
    faces : float
        Share of its frames with a face.
    gaze : GazeSeen
    rules : ExclusionRules
        Of the study.
    rated : bool
        Whether the participant gave a rating.
    """
    if marked:
        return marked
    if rules.rated and not rated:
        return "no rating"
    if faces < rules.least_face:
        return f"a face in {faces:.0%} of the frames only"
    if gaze.covered < rules.least_covered:
        return f"gaze for {gaze.covered:.0%} of the clip only"
    if gaze.seen < rules.least_gaze:
        return f"eyes in {gaze.seen:.0%} of the samples only"
    if gaze.elsewhere > rules.most_elsewhere:
        return f"{gaze.elsewhere:.0%} of the gaze lay beside the display"
    return ""
