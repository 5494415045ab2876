"""The eyes of one session, cut to its samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.clip_places import ClipPlace
from emer_studio.dataset.fitness import GazeSeen, gaze_in, gaze_of
from emer_studio.dataset.pieces import Arrays, Piece
from emer_studio.dataset.remarks import eye_remarks
from emer_studio.features.clip_light import clip_light, light_around
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import Eyes, eyes_of
from emer_studio.features.fixation_map import Frame, fixation_map
from emer_studio.features.gaze_table import GazeTable
from emer_studio.features.light import without_light
from emer_studio.features.trial_measures import TRIAL_MEASURES, trial_measures
from emer_studio.labels.units import Span
from emer_studio.recording.reader import Recording
from emer_studio.schema.dataset import MAP_SHAPE
from emer_studio.schema.eye_parameters import EyeParameters

__all__ = ["EYE_VERSION", "EyeWork", "TrialEyes", "lit_eyes", "trial_eyes", "work_out_eyes"]

EYE_VERSION = 1
"""Of how eye rows and maps are made; raise it when they come out differently."""


@dataclass(frozen=True, slots=True)
class EyeWork:
    """The trials of a session, and the samples that are cut out of them.

    Attributes
    ----------
    session : Path
        Its folder.
    spans : tuple of (int, float, float)
        Number, onset and end of each trial, LSL clock in seconds.
    places : tuple of ClipPlace
        Each trial's clip on the display.
    parameters : EyeParameters
    key : str
        Of the piece, see `pieces.key_of`.
    cuts : tuple of tuple of Span
        The samples of each trial.
    """

    session: Path
    spans: tuple[tuple[int, float, float], ...]
    places: tuple[ClipPlace, ...]
    parameters: EyeParameters
    key: str
    cuts: tuple[tuple[Span, ...], ...] = ()

    @property
    def piece(self) -> Piece:
        """Where the eyes are kept."""
        return Piece(self.session, "eyes", self.key)


@dataclass(frozen=True, slots=True)
class TrialEyes:
    """The eyes of one sample.

    Attributes
    ----------
    rows : ndarray, shape (m, 39), float32
    times_s : ndarray, shape (m,), float64
        Since its start.
    maps : ndarray, shape `MAP_SHAPE`, float32
        Fixation density over the clip's frame in equal parts of its time.
    measures : dict of str to float
        See `features.trial_measures`.
    remarks : tuple of str
        What is odd.
    seen : GazeSeen
    """

    rows: npt.NDArray[np.float32]
    times_s: npt.NDArray[np.float64]
    maps: npt.NDArray[np.float32]
    measures: dict[str, float]
    remarks: tuple[str, ...]
    seen: GazeSeen


def work_out_eyes(work: EyeWork) -> str:
    """Compute the eyes of all samples and keep them.

    Returns
    -------
    str
        Why it could not be done; empty when it is.
    """
    try:
        eyes = lit_eyes(work)
    except BadInputError as problem:
        return problem.message
    arrays = Arrays()
    for cuts, place in zip(work.cuts, work.places, strict=True):
        for span in cuts:
            arrays |= _cut_out(eyes, span, place)
    work.piece.save(arrays)
    return ""


def _cut_out(eyes: Eyes, span: Span, place: ClipPlace) -> Arrays:
    gaze, name, (start_s, end_s) = eyes.gaze, span.name, (span.start_s, span.end_s)
    inside = (gaze.times_s >= start_s) & (gaze.times_s < end_s)
    seen = gaze_in(gaze, start_s, end_s)
    measures = trial_measures(eyes, start_s, end_s, onset_s=span.onset_s)
    return {
        f"rows-{name}": eye_table(eyes, start_s, end_s),
        f"times-{name}": gaze.times_s[inside] - start_s,
        f"maps-{name}": _maps(eyes, place.frame, start_s, end_s),
        f"measures-{name}": np.array(list(measures.values()), np.float64),
        f"remarks-{name}": np.array(eye_remarks(eyes, start_s, end_s), str),
        f"seen-{name}": np.array([*asdict(seen).values()], np.float64),
    }


def lit_eyes(work: EyeWork) -> Eyes:
    """Return the eyes of the whole recording, and the pupil without the clips' light.

    Raises
    ------
    BadInputError
        When there is no gaze that can be understood.
    """
    gaze = gaze_of(Recording(work.session))
    eyes = eyes_of(gaze, work.parameters)
    light = without_light(gaze.times_s, eyes.pupil.size, _luminance(work, gaze))
    return replace(eyes, light=light)


def _luminance(work: EyeWork, gaze: GazeTable) -> npt.NDArray[np.float64]:
    """Return the light around the gaze, shape (n,); NaN where no clip was shown."""
    found = np.full(len(gaze.times_s), np.nan)
    for (_, start_s, end_s), place in zip(work.spans, work.places, strict=True):
        inside = (gaze.times_s >= start_s) & (gaze.times_s < end_s)
        if place.file is None or not inside.any():
            continue
        try:
            light = clip_light(place.file, place.trim_in_s)
        except BadInputError:  # it was shown once; now nobody can say how bright it was
            continue
        since_s, xy = gaze.times_s[inside] - start_s, gaze.both[inside]
        found[inside] = light_around(light, since_s, xy, place.frame, gaze.geometry)
    return found


def trial_eyes(arrays: Arrays, name: str) -> TrialEyes:
    """Return one sample of a kept piece, by `Span.name`."""
    samples, *rest = arrays[f"seen-{name}"].tolist()
    return TrialEyes(
        arrays[f"rows-{name}"],
        arrays[f"times-{name}"],
        arrays[f"maps-{name}"],
        dict(zip(TRIAL_MEASURES, arrays[f"measures-{name}"].tolist(), strict=True)),
        tuple(arrays[f"remarks-{name}"].tolist()),
        GazeSeen(int(samples), *rest),
    )


def _maps(
    eyes: Eyes, frame: Frame, start_s: float, end_s: float
) -> npt.NDArray[np.float32]:
    parts, rows, columns = MAP_SHAPE
    rests = eyes.events.of("fixation")
    edges_s = np.linspace(start_s, end_s, parts + 1)
    return np.stack(
        [
            fixation_map(
                rests,
                frame,
                eyes.gaze.geometry,
                (columns, rows),
                start_s=float(begin),
                end_s=float(end),
            )
            for begin, end in pairwise(edges_s)
        ]
    )
