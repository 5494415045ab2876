"""Everything that is known of one trial, on seconds since its clip began."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.labels.consensus import Consensus, consensus
from emer_studio.labels.store import find_store
from emer_studio.labels.units import Units
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.schema.explored import Explored, ExploredTrial, read_explored
from emer_studio.study.folder import Study
from emer_studio.ui.label.predictions import Predictions, read_predictions
from emer_studio.ui.session.journal_words import in_words

__all__ = ["Curves", "ExploredSession", "Face", "TrialStory"]

Floats = npt.NDArray[np.float64]
_FOLDER = "derived/dataset"


@dataclass(frozen=True, slots=True)
class Curves:
    """What the eyes did in a trial; see `schema.explored.EXPLORED_ARRAYS`.

    Attributes
    ----------
    values : dict of str to ndarray
        By the names of the arrays, cut to the trial; `times_s` since the clip's onset.
    events : ndarray, shape (m, 8)
        Their onset since the clip's onset.
    density : ndarray, shape (36, 64), float32
    """

    values: dict[str, npt.NDArray[Any]]
    events: Floats
    density: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """The part of a face video that was taken during a trial.

    Attributes
    ----------
    video : Path
    indices : ndarray, shape (k,), int64
        Decoded frames.
    times_s : ndarray, shape (k,), float64
        Since the clip's onset.
    predictions : Predictions or None
        Of a model, for the whole video.
    """

    video: Path
    indices: npt.NDArray[np.int64]
    times_s: Floats
    predictions: Predictions | None


@dataclass(frozen=True)
class TrialStory:
    """One trial.

    Attributes
    ----------
    shown : ShownClip
        Which clip, and when.
    length_s : float
        How long it was shown.
    clip : Path or None
        The clip's file.
    picture_s, picture_pts_s : ndarray, shape (k,)
        When each picture of the clip was shown, and its time stamp in the file.
    frame : tuple of float
        Left, top, width, height of the clip on the display.
    events : list of (float, str)
        What the journal tells.
    ratings : list of dict
        The participant's.
    labels : dict of str to Consensus
        The experts', by the part of the clip they speak of; empty for all of it.
    """

    shown: ShownClip
    length_s: float
    clip: Path | None
    picture_s: Floats
    picture_pts_s: Floats
    frame: tuple[float, float, float, float]
    face: Face | None
    curves: Curves | None
    events: list[tuple[float, str]] = field(default_factory=list)
    ratings: list[dict[str, Any]] = field(default_factory=list)
    labels: dict[str, Consensus] = field(default_factory=dict)

    def picture_at(self, time_s: float) -> float | None:
        """Return the time stamp of the clip's picture that was shown then."""
        row = int(np.searchsorted(self.picture_s, time_s, side="right")) - 1
        return float(self.picture_pts_s[row]) if row >= 0 else None

    def face_at(self, time_s: float) -> int | None:
        """Return the decoded frame of the face that was taken last before then."""
        if self.face is None or not len(self.face.indices):
            return None
        row = int(np.searchsorted(self.face.times_s, time_s, side="right")) - 1
        return int(self.face.indices[max(row, 0)])


class ExploredSession:
    """A session's trials, each read when it is asked for.

    Parameters
    ----------
    study : Study
    folder : Path
        Of the session.

    Raises
    ------
    BadInputError
        When it cannot be read.
    """

    def __init__(self, study: Study, folder: Path) -> None:
        self._study, self.folder = study, folder
        self.recording = Recording(folder)
        self.shown = sorted(self.recording.whole_clips, key=lambda clip: clip.onset_s)
        self.eyes: Explored | None = None
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    @property
    def simulated(self) -> bool:
        """Whether any of it is."""
        return self.recording.manifest.simulated

    def read_eyes(self) -> None:
        """Read what was worked out of the eyes, if it was."""
        self.eyes = read_explored(self.folder)
        self._arrays = {}
        if self.eyes is None or not self.eyes.arrays:
            return
        try:
            path = self.folder / _FOLDER / self.eyes.arrays
            with np.load(path, allow_pickle=False) as stored:
                self._arrays = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError):
            self.eyes = None  # it is worked out again

    def story(self, row: int) -> TrialStory:
        """Return the trial in that place of `shown`."""
        clip = self.shown[row]
        place = self._place(clip)
        pictures = self._pictures.get(clip.trial, (np.empty(0), np.empty(0)))
        ratings = self.recording.ratings
        return TrialStory(
            shown=clip,
            length_s=clip.end_s - clip.onset_s,
            clip=self._file(place),
            picture_s=pictures[0] - clip.onset_s,
            picture_pts_s=pictures[1],
            frame=place.frame if place is not None else (0.0, 0.0, 1.0, 1.0),
            face=self._face(clip),
            curves=self._curves(clip),
            events=_told(self.recording.journal, clip),
            ratings=[one for one in ratings if one.get("trial") == clip.trial],
            labels=_labels(self._study, self.recording, clip),
        )

    def _place(self, clip: ShownClip) -> ExploredTrial | None:
        trials = self.eyes.trials if self.eyes is not None else ()
        return next((one for one in trials if one.trial == clip.trial), None)

    def _file(self, place: ExploredTrial | None) -> Path | None:
        if place is None or not place.file:
            return None
        path = self._study.folder / place.file
        return path if path.is_file() else None

    @cached_property
    def _pictures(self) -> dict[int, tuple[Floats, Floats]]:
        """When each picture of each trial was shown, and its time stamp."""
        rows: dict[int, list[tuple[float, float]]] = {}
        for row in self.recording.presented:
            try:
                shown = (float(row["shown_s"]), float(row["pts_s"]))
                rows.setdefault(int(row["trial"]), []).append(shown)
            except (KeyError, TypeError, ValueError):  # a last row that was cut off
                continue
        tables = {trial: np.array(found) for trial, found in rows.items()}
        return {trial: (table[:, 0], table[:, 1]) for trial, table in tables.items()}

    def _face(self, clip: ShownClip) -> Face | None:
        """Return the video with most frames of the trial."""
        best: Face | None = None
        for video in self.recording.videos:
            try:
                times_s = self.recording.frame_times(video)
            except BadInputError:
                continue
            inside = np.flatnonzero((times_s >= clip.onset_s) & (times_s <= clip.end_s))
            if len(inside) > (len(best.indices) if best is not None else 0):
                since_s = times_s[inside] - clip.onset_s
                best = Face(video, inside, since_s, read_predictions(video))
        return best

    def _curves(self, clip: ShownClip) -> Curves | None:
        found = self._arrays
        if f"map-{clip.trial}" not in found:
            return None
        times_s = found["times_s"]
        inside = slice(*np.searchsorted(times_s, [clip.onset_s, clip.end_s]))
        names = ("xy", "speed_deg_s", "pupil_raw", "pupil", "pupil_lit")
        values = {name: found[name][inside] for name in names}
        values["times_s"] = times_s[inside] - clip.onset_s
        events = found["events"].copy()
        events[:, 1] -= clip.onset_s
        ends = events[:, 1] + events[:, 2]
        seen = (ends > 0) & (events[:, 1] < clip.end_s - clip.onset_s)
        return Curves(values, events[seen], found[f"map-{clip.trial}"])


def _labels(study: Study, recording: Recording, clip: ShownClip) -> dict[str, Consensus]:
    """Return what experts agree on where the blind pass is over, by part."""
    try:
        store = find_store(study)
    except MissingError:  # a label server that does not answer hides no trial
        return {}
    if store is None:
        return {}
    items = {"": f"{recording.folder.name}/trial-{clip.trial}"}
    try:
        items |= {span.part: span.item for span in Units(recording).of(clip)}
    except BadInputError:  # its unit is a peak that it does not have
        pass
    rules = study.file.consensus.model_copy(update={"method": "majority"})  # of one item
    try:
        # Before that somebody may still have to judge the face without knowing this.
        frozen = store.frozen()
        known = {part: item for part, item in items.items() if ("A", item) in frozen}
        said = {part: consensus(store.events(item), rules) for part, item in known.items()}
    finally:
        store.close()
    return {part: found[items[part]] for part, found in said.items() if found}


def _told(journal: list[dict[str, Any]], clip: ShownClip) -> list[tuple[float, str]]:
    """Return what the journal tells of the time in which the clip was shown."""
    length_s = clip.end_s - clip.onset_s
    since = ((float(event["t_s"]) - clip.onset_s, event) for event in journal)
    told = ((at_s, in_words(event)[0]) for at_s, event in since if 0 <= at_s <= length_s)
    return [(at_s, words) for at_s, words in told if words]
