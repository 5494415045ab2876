"""Whose face it is when there are several: faces are followed from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from emer_studio.features.faces import Face

__all__ = ["main_faces"]

_OVERLAP = 0.3
"""Least intersection over union with the face before, to be the same one. Chosen by us:
half a face's width between two frames is more than anybody moves."""
_PATIENCE = 30  # frames without it, after which it is another one; chosen by us: a second
_ALIKE = 2.0  # in size, to be taken for the same person who came back; chosen by us


@dataclass
class _Track:
    """One face over time: the index of its face in each frame where it was seen."""

    faces: dict[int, int] = field(default_factory=dict)
    area: float = 0.0
    last: Face | None = None
    seen: int = -1

    def add(self, frame: int, index: int, face: Face) -> None:
        self.faces[frame] = index
        self.area += face.w * face.h
        self.last, self.seen = face, frame

    @property
    def size(self) -> float:
        return float(np.sqrt(self.area / len(self.faces)))


def main_faces(frames: Sequence[Sequence[Face]]) -> list[int | None]:
    """Choose the participant's face in each frame.

    It is the one that fills most of the picture over the whole time; somebody who comes
    back after having been away counts as the same where the size is alike and both were
    never there together.

    Parameters
    ----------
    frames : sequence of sequences of Face
        The faces of each frame in order.

    Returns
    -------
    list of int or None
        For each frame the index of the face; None where the participant is not seen.
    """
    tracks = sorted(_tracks(frames), key=lambda track: track.area, reverse=True)
    chosen: dict[int, int] = {}
    for track in tracks:
        alike = not chosen or 1 / _ALIKE <= track.size / tracks[0].size <= _ALIKE
        if alike and not chosen.keys() & track.faces.keys():
            chosen |= track.faces
    return [chosen.get(frame) for frame in range(len(frames))]


def _tracks(frames: Sequence[Sequence[Face]]) -> list[_Track]:
    tracks: list[_Track] = []
    for frame, faces in enumerate(frames):
        open_tracks = [t for t in tracks if frame - t.seen <= _PATIENCE]
        pairs = sorted(
            (
                (_overlap(track.last, face), index, track)
                for track in open_tracks
                for index, face in enumerate(faces)
                if track.last is not None
            ),
            key=lambda pair: -pair[0],
        )
        taken: set[int] = set()
        for overlap, index, track in pairs:
            if overlap >= _OVERLAP and index not in taken and frame not in track.faces:
                track.add(frame, index, faces[index])
                taken.add(index)
        for index, face in enumerate(faces):
            if index not in taken:
                tracks.append(_Track())
                tracks[-1].add(frame, index, face)
    return tracks


def _overlap(one: Face, other: Face) -> float:
    """Return the intersection over union of two boxes."""
    wide = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    high = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    common = max(wide, 0.0) * max(high, 0.0)
    return common / max(one.w * one.h + other.w * other.h - common, 1e-9)
