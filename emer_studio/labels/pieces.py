"""Which frames of which face video belong to each item of a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emer_studio.core.errors import BadInputError
from emer_studio.labels.units import Span, Units
from emer_studio.recording.reader import Recording
from emer_studio.study.decisions import decisions_of
from emer_studio.study.folder import Study

__all__ = ["Piece", "pieces_of"]


@dataclass(frozen=True, slots=True)
class Piece:
    """The face frames of one item.

    Attributes
    ----------
    item : str
        See `labels.units.Span`.
    video : Path
    first, last : int
        Decoded frames, both included.
    again : bool
        A silent repeat: in a bundle it has another name, and nothing tells.
    session, participant : str
        Whose face it is; not for raters.
    trial : int
    part : str
        As in tables: ``w-01`` for a window, ``peak``; empty for a whole clip.
    simulated : bool
    """

    item: str
    video: Path
    first: int
    last: int
    again: bool = False
    session: str = ""
    participant: str = ""
    trial: int = 0
    part: str = ""
    simulated: bool = False


def pieces_of(study: Study) -> list[Piece]:
    """Return what there is to label, oldest session first.

    Of an item that two videos show, because the camera was plugged in anew, it is the part
    with more frames.
    """
    found: dict[str, Piece] = {}
    for session in study.sessions():
        try:
            pieces = list(_pieces(Recording(session.folder)))
        except (BadInputError, OSError, KeyError, ValueError):
            continue  # a damaged session is shown on the study page, not here
        for piece in pieces:
            other = found.get(piece.item)
            if other is None or piece.last - piece.first > other.last - other.first:
                found[piece.item] = piece
    return list(found.values())


def _pieces(recording: Recording) -> Iterator[Piece]:
    spans = list(_spans(recording))
    for video in recording.videos:
        times_s = recording.frame_times(video)
        for span in spans:
            inside = (times_s >= span.start_s) & (times_s < span.end_s)
            frames = np.flatnonzero(inside)
            if len(frames):
                yield Piece(
                    item=span.item,
                    video=video,
                    first=int(frames[0]),
                    last=int(frames[-1]),
                    session=recording.folder.name,
                    participant=recording.manifest.participant,
                    trial=span.trial,
                    part=span.part,
                    simulated=recording.manifest.simulated,
                )


def _spans(recording: Recording) -> Iterator[Span]:
    decided = decisions_of(recording.folder)
    kept = {trial for trial, one in decided.items() if one.decision == "keep"}
    units = Units(recording)
    for clip in sorted(recording.whole_clips, key=lambda clip: clip.trial):
        if clip.repeated and clip.trial not in kept:
            continue
        try:
            yield from units.of(clip)
        except BadInputError:  # told by datasets for each trial, by `protocol check`
            continue
