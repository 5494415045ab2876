"""One person watching one clip: where the eyes were, on the clip's own clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.core.errors import BadInputError
from emer_studio.features.eye_sources import EyeSource, open_source
from emer_studio.features.eyes import Eyes, eyes_of
from emer_studio.features.fixation_map import Frame, fixation_map
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.recording.screen_geometry import Geometry
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.schema.stimulus import Clip, load_manifest
from emer_studio.stimulus.library import clip_file, look_at
from emer_studio.study.folder import Study

__all__ = ["Viewing", "viewings_of", "viewings_of_study"]

Floats = npt.NDArray[np.float64]
_NEAR_S = 0.05
"""A gaze older than this is not shown any more; chosen by us: one and a half pictures of a
clip at 30 a second."""


@dataclass(frozen=True, slots=True)
class Viewing:
    """A clip as one participant watched it. All times are the clip file's own, in s.

    Attributes
    ----------
    participant, session : str
    trial : int
    clip : str
    file : Path
        As the study keeps it.
    start_s, end_s : float
        The part that was shown.
    fixations : DataFrame
        ``onset_s``, ``duration_s``, ``x``, ``y`` (fractions of the display).
    times_s : ndarray, shape (n,), float64
    at : ndarray, shape (n, 2), float64
        Gaze as fraction of the clip's frame; NaN where lost.
    frame : Frame
        Of the clip on the display.
    geometry : Geometry
    simulated : bool
    """

    participant: str
    session: str
    trial: int
    clip: str
    file: Path
    start_s: float
    end_s: float
    fixations: pd.DataFrame
    times_s: Floats
    at: Floats
    frame: Frame
    geometry: Geometry
    simulated: bool

    def density(
        self, size: tuple[int, int], start_s: float, end_s: float
    ) -> npt.NDArray[np.float32]:
        """Return the map of a time window; see `fixation_map`."""
        return fixation_map(
            self.fixations,
            self.frame,
            self.geometry,
            size,
            start_s=start_s,
            end_s=end_s,
        )

    def gaze_at(self, time_s: float) -> tuple[float, float] | None:
        """Return where the eyes were on the clip, None where nobody knows."""
        if not len(self.times_s):
            return None
        near = int(np.searchsorted(self.times_s, time_s))
        around = [i for i in (near - 1, near) if 0 <= i < len(self.times_s)]
        best = min(around, key=lambda i: abs(self.times_s[i] - time_s))
        x, y = self.at[best]
        if abs(self.times_s[best] - time_s) > _NEAR_S or not np.isfinite(x + y):
            return None
        return float(x), float(y)


def viewings_of(
    session: Path, parameters: EyeParameters, trials: Collection[int] = ()
) -> tuple[list[Viewing], list[str]]:
    """Return the viewings of a session, and why others are not among them.

    Parameters
    ----------
    session : Path
    parameters : EyeParameters
    trials : collection of int
        Only these; all when empty.

    Raises
    ------
    BadInputError
        When there is no gaze on the screen, the display's size is not known, or a trial
        that was asked for is none.
    """
    source = open_source(session)
    if source.recording is None or source.display_px is None:
        raise BadInputError(f"{session}: the display's size in pixels is not known.")
    shown = source.recording.shown_clips
    unknown = sorted(set(trials) - {one.trial for one in shown})
    if unknown:
        known = ", ".join(str(one.trial) for one in shown) or "none"
        raise BadInputError(
            f"{session.name} has no trial {unknown[0]} with a whole clip; it has: {known}."
        )
    wanted = [one for one in shown if not trials or one.trial in trials]
    manifest = session.resolve().parents[1] / source.recording.manifest.manifest
    if not manifest.is_file():
        return [], [f"{session.name}: its list of clips, {manifest}, is not there"]
    clips = {clip.id: clip for clip in load_manifest(manifest).clips}
    eyes = eyes_of(source.gaze, parameters)
    found: list[Viewing] = []
    notes: list[str] = []
    for one in wanted:
        try:
            file = clip_file(clips[one.clip], manifest)
            found.append(_viewing(source, eyes, one, clips[one.clip], file))
        except (BadInputError, KeyError) as problem:
            why = problem.message if isinstance(problem, BadInputError) else "not listed"
            notes.append(f"{session.name}, trial {one.trial} ({one.clip}): {why}")
    return found, notes


def viewings_of_study(
    study: Study, on_session: Callable[[int, int], None] = lambda _done, _total: None
) -> tuple[dict[tuple[str, Path], list[Viewing]], list[str]]:
    """Return everybody's first viewing of each clip and file, and why others are not there.

    `on_session` is called with the number of sessions done and their total.
    """
    found: dict[tuple[str, Path], list[Viewing]] = {}
    notes: list[str] = []
    sessions = study.sessions()
    for number, session in enumerate(sessions, start=1):
        try:
            viewings, more = viewings_of(session.folder, study.file.eyes)
        except BadInputError as problem:
            viewings, more = [], [problem.message]
        notes += more
        for one in viewings:
            others = found.setdefault((one.clip, one.file.resolve()), [])
            if one.participant not in {other.participant for other in others}:
                others.append(one)
        on_session(number, len(sessions))
    return found, notes


def _viewing(
    source: EyeSource, eyes: Eyes, shown: ShownClip, clip: Clip, file: Path
) -> Viewing:
    assert source.recording is not None
    assert source.display_px is not None
    look = look_at(file)
    frame = Frame.fitted((look.width_px, look.height_px), source.display_px)
    about, times_s = source.recording.manifest, eyes.gaze.times_s
    inside = (times_s >= shown.onset_s) & (times_s < shown.end_s)
    table = eyes.events.of("fixation")
    ends_s = (table["onset_s"] + table["duration_s"]).to_numpy(np.float64)
    onsets_s = table["onset_s"].to_numpy(np.float64)
    during = (ends_s > shown.onset_s) & (onsets_s < shown.end_s)
    clock = _clip_clock(source.recording, shown, clip)
    starts_s = clock(onsets_s[during])
    fixations = table[during].assign(
        onset_s=starts_s, duration_s=clock(ends_s[during]) - starts_s
    )
    begin_s, end_s = clock(np.array([shown.onset_s, shown.end_s]))
    return Viewing(
        participant=about.participant,
        session=source.recording.folder.name,
        trial=shown.trial,
        clip=shown.clip,
        file=file,
        start_s=float(begin_s),
        end_s=float(end_s),
        fixations=fixations,
        times_s=clock(times_s[inside]),
        at=frame.within(eyes.gaze.both[inside]),
        frame=frame,
        geometry=eyes.gaze.geometry,
        simulated=about.simulated,
    )


def _clip_clock(
    recording: Recording, shown: ShownClip, clip: Clip
) -> Callable[[Floats], Floats]:
    """Return what turns LSL time into the clip's, by when each picture was presented.

    Where no picture was logged (an imported session), the clip is taken to have run
    without a stall.
    """
    rows = [row for row in recording.presented if row.get("trial") == str(shown.trial)]
    known = [(float(r["shown_s"]), float(r["pts_s"])) for r in rows if r["shown_s"]]
    if not known:
        return lambda at_s: np.asarray(at_s - shown.onset_s + clip.trim_in_s)
    shown_s, pts_s = np.array(sorted(known), np.float64).T

    def clip_time(at_s: Floats) -> Floats:
        beyond = np.minimum(at_s - shown_s[0], 0) + np.maximum(at_s - shown_s[-1], 0)
        return np.asarray(np.interp(at_s, shown_s, pts_s) + beyond)

    return clip_time
