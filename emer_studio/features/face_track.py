"""Whose face it is when there are several: faces are followed from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emer_studio.features.faces import Face

__all__ = ["FaceTracker", "main_faces"]

_OVERLAP = 0.3
"""Least intersection over union with the face before, to be the same one. Chosen by us:
half a face's width between two frames is more than anybody moves."""
_PATIENCE = 30  # frames without it, after which it is another one; chosen by us: a second
_ALIKE = 2.0  # in size, to be taken for the same person who came back; chosen by us


@dataclass
class _Track:
    """One face over time, without what it was in each frame."""

    last: Face
    seen: int
    area: float = 0.0
    count: int = 0

    def add(self, frame: int, face: Face) -> None:
        self.area += face.w * face.h
        self.count += 1
        self.last, self.seen = face, frame

    @property
    def size(self) -> float:
        return float(np.sqrt(self.area / self.count))


class FaceTracker:
    """Follows faces through a video of any length.

    What it remembers grows with the number of people and not with that of frames.
    """

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._open: list[int] = []
        self._together: set[tuple[int, int]] = set()
        self._frame = -1

    def add(self, faces: Sequence[Face]) -> list[int]:
        """Take the faces of the next frame; return the number of each one's track."""
        self._frame += 1
        frame, tracks = self._frame, self._tracks
        self._open = [n for n in self._open if frame - tracks[n].seen <= _PATIENCE]
        pairs = sorted(
            (
                (_overlap(tracks[number].last, face), index, number)
                for number in self._open
                for index, face in enumerate(faces)
            ),
            key=lambda pair: -pair[0],
        )
        found: dict[int, int] = {}
        for overlap, index, number in pairs:
            if overlap >= _OVERLAP and index not in found and tracks[number].seen < frame:
                tracks[number].add(frame, faces[index])
                found[index] = number
        for index, face in enumerate(faces):
            if index not in found:
                found[index] = len(tracks)
                self._open.append(len(tracks))
                tracks.append(_Track(face, frame))
                tracks[-1].add(frame, face)
        numbers = [found[index] for index in range(len(faces))]
        self._together.update((a, b) for a in numbers for b in numbers if a != b)
        return numbers

    def participant(self) -> frozenset[int]:
        """Return the numbers of the tracks that are the participant's face.

        It is the face that fills most of the picture over the whole time; somebody who
        comes back after having been away counts as the same where the size is alike and
        both were never there together.
        """
        order = sorted(
            range(len(self._tracks)), key=lambda n: self._tracks[n].area, reverse=True
        )
        chosen: set[int] = set()
        for number in order:
            share = self._tracks[number].size / self._tracks[order[0]].size
            apart = all((number, other) not in self._together for other in chosen)
            if not chosen or (1 / _ALIKE <= share <= _ALIKE and apart):
                chosen.add(number)
        return frozenset(chosen)


def main_faces(frames: Sequence[Sequence[Face]]) -> list[int | None]:
    """Choose the participant's face in each frame (`FaceTracker.participant`).

    Parameters
    ----------
    frames : sequence of sequences of Face
        The faces of each frame in order.

    Returns
    -------
    list of int or None
        For each frame the index of the face; None where the participant is not seen.
    """
    tracker = FaceTracker()
    numbers = [tracker.add(faces) for faces in frames]
    chosen = tracker.participant()
    return [
        next((index for index, number in enumerate(row) if number in chosen), None)
        for row in numbers
    ]


def _overlap(one: Face, other: Face) -> float:
    """Return the intersection over union of two boxes."""
    wide = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    high = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    common = max(wide, 0.0) * max(high, 0.0)
    return common / max(one.w * one.h + other.w * other.h - common, 1e-9)
