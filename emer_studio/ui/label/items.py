"""What there is to label in a study: one item for each label unit of a filmed session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.labels.units import Span, Units
from emer_studio.recording.reader import Recording, ShownClip
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import Study

__all__ = ["Item", "find_items"]


@dataclass(frozen=True, slots=True)
class Item:
    """The face frames of one trial, or of a window or the peak of its clip.

    Attributes
    ----------
    id : str
        As the label store knows it, see `labels.units.Span`.
    part : str
        As in tables: ``w-01`` for a window, ``peak``; empty for a whole clip.
    video : Path
        The face video.
    first, last : int
        Decoded frames taken between its beginning and its end, both included.
    """

    id: str
    session: str
    participant: str
    trial: int
    part: str
    video: Path
    first: int
    last: int
    simulated: bool


def find_items(study: Study) -> list[Item]:
    """Return the items of every session, oldest session first, trials in order."""
    found: list[Item] = []
    for session in study.sessions():
        try:
            found += _items_of(Recording(session.folder))
        except (BadInputError, OSError, KeyError, ValueError):
            continue  # a damaged session is shown on the study page, not here
    return found


def _kept(folder: Path) -> set[int]:
    """Return the trials that a person decided to keep, also ones shown before."""
    try:
        return {n for n, one in decisions_of(folder).items() if one.decision == "keep"}
    except BadInputError:  # the page that shows the quality says so
        return set()


def _spans_of(units: Units, clip: ShownClip) -> tuple[Span, ...]:
    try:
        return units.of(clip)
    except BadInputError:  # told by datasets for each trial, by `protocol check`
        return ()


def _items_of(recording: Recording) -> list[Item]:
    kept = _kept(recording.folder)
    clips = [c for c in recording.whole_clips if not c.repeated or c.trial in kept]
    clips.sort(key=lambda clip: clip.trial)
    units = Units(recording)
    spans = [span for clip in clips for span in _spans_of(units, clip)]
    folder = recording.folder
    found = []
    for video in recording.videos:
        times_s = recording.frame_times(video)
        for span in spans:
            inside = (times_s >= span.start_s) & (times_s < span.end_s)
            frames = np.flatnonzero(inside)
            if len(frames):
                found.append(
                    Item(
                        id=span.item,
                        session=folder.name,
                        participant=recording.manifest.participant,
                        trial=span.trial,
                        part=span.part,
                        video=video,
                        first=int(frames[0]),
                        last=int(frames[-1]),
                        simulated=recording.manifest.simulated,
                    )
                )
    return found
