"""What there is to label in a study: one item for each trial of a filmed session."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.recording.reader import Recording
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import Study

__all__ = ["Item", "find_items"]


@dataclass(frozen=True, slots=True)
class Item:
    """The face frames of one trial.

    Attributes
    ----------
    id : str
        ``SESSION/trial-N``, as the label store knows it.
    video : Path
        The face video.
    first, last : int
        Decoded frames taken between the clip's onset and its end, both included.
    """

    id: str
    session: str
    participant: str
    trial: int
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


def _items_of(recording: Recording) -> list[Item]:
    kept = _kept(recording.folder)
    clips = [c for c in recording.whole_clips if not c.repeated or c.trial in kept]
    clips.sort(key=lambda clip: clip.trial)
    folder = recording.folder
    found = []
    for video in recording.videos:
        times_s = recording.frame_times(video)
        for clip in clips:
            inside = (times_s >= clip.onset_s) & (times_s <= clip.end_s)
            frames = np.flatnonzero(inside)
            if len(frames):
                found.append(
                    Item(
                        id=f"{folder.name}/trial-{clip.trial}",
                        session=folder.name,
                        participant=recording.manifest.participant,
                        trial=int(clip.trial),
                        video=video,
                        first=int(frames[0]),
                        last=int(frames[-1]),
                        simulated=recording.manifest.simulated,
                    )
                )
    return found
