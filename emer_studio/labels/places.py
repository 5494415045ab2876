"""Where an item lies: whose face, which clip, which part of which video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.labels.units import Units
from emer_studio.recording.reader import Recording, frame_table
from emer_studio.study.folder import Study

__all__ = ["Place", "places_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """An item's part of a face video.

    Attributes
    ----------
    item, session, participant, stimulus : str
    video : Path
    first, last : int
        Decoded frames, both included.
    start_ms, end_ms : float
        Presentation times of those frames in the video; the last one's end.
    simulated : bool
    """

    item: str
    session: str
    participant: str
    stimulus: str
    video: Path
    first: int
    last: int
    start_ms: float
    end_ms: float
    simulated: bool


def places_of(study: Study) -> dict[str, Place]:
    """Return the place of each item whose face was filmed, by item.

    Sessions that cannot be read are left out; other pages tell of them.
    """
    found: dict[str, Place] = {}
    for session in study.sessions():
        try:
            found |= {place.item: place for place in _places(Recording(session.folder))}
        except (BadInputError, OSError, KeyError, ValueError):
            continue
    return found


def _places(recording: Recording) -> Iterator[Place]:
    about, session = recording.manifest, recording.folder.name
    for video in recording.videos:
        table = frame_table(video)
        times_s = table["t_s"]
        pts_ms = table.get("pts_ms", (times_s - times_s[:1]) * 1000.0)
        frame_ms = float(np.median(np.diff(pts_ms))) if len(pts_ms) > 1 else 0.0
        for item, stimulus, start_s, end_s in _spans(recording):
            inside = np.flatnonzero((times_s >= start_s) & (times_s < end_s))
            if len(inside):
                yield Place(
                    item=item,
                    session=session,
                    participant=about.participant,
                    stimulus=stimulus,
                    video=video,
                    first=int(inside[0]),
                    last=int(inside[-1]),
                    start_ms=float(pts_ms[inside[0]]),
                    end_ms=float(pts_ms[inside[-1]]) + frame_ms,
                    simulated=about.simulated,
                )


def _spans(recording: Recording) -> Iterator[tuple[str, str, float, float]]:
    """Yield each item with its clip and time: the whole clip, and the parts it is cut in.

    A whole clip has a place also where its parts are the items: labels from before the
    unit was chosen, and those from elsewhere, may speak of it.
    """
    units = Units(recording)
    for clip in recording.whole_clips:
        item = f"{recording.folder.name}/trial-{clip.trial}"
        yield item, clip.clip, clip.onset_s, clip.end_s
        try:
            spans = units.of(clip)
        except BadInputError:  # its unit is a peak that it does not have
            continue
        for span in spans:
            if span.part:
                yield span.item, clip.clip, span.start_s, span.end_s
