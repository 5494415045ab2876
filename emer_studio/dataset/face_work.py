"""The face crops of one trial, from the videos of its session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import av
import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.dataset.pieces import Arrays, Piece
from emer_studio.features.face_track import main_faces
from emer_studio.features.faces import Face, FaceDetector, align_crop, open_detector
from emer_studio.recording.reader import frame_table
from emer_studio.schema.dataset import FACE_SIZE

__all__ = [
    "DETECTION_WIDTH_PX",
    "FACE_VERSION",
    "FaceWork",
    "SeenFrame",
    "face_arrays",
    "look_at",
    "work_out_faces",
]

Picture = npt.NDArray[np.uint8]
FACE_VERSION = 1
"""Of how crops are made; raise it when they come out differently."""
DETECTION_WIDTH_PX = 320
"""Faces are looked for in pictures of this width. Chosen by us: 4.3 ms a frame against 16.7
at 640, and landmarks that are no more restless (0.5 against 0.7 px from frame to frame, of
a face 144 px wide)."""


@dataclass(frozen=True, slots=True)
class FaceWork:
    """One trial's part of the videos.

    Attributes
    ----------
    session : Path
        Its folder.
    trial : int
    start_s, end_s : float
        The clip's onset and end, LSL clock.
    key : str
        Of the piece, see `pieces.key_of`.
    """

    session: Path
    trial: int
    start_s: float
    end_s: float
    key: str

    @property
    def piece(self) -> Piece:
        """Where the crops are kept."""
        return Piece(self.session, f"faces-{self.trial}", self.key)


class SeenFrame(NamedTuple):
    """One frame and all faces in it.

    Attributes
    ----------
    t_s : float
        When it was taken.
    faces : list of Face
        The largest first.
    crops : list of ndarray, shape (112, 112, 3), uint8
        Each of them cut out, RGB.
    """

    t_s: float
    faces: list[Face]
    crops: list[Picture]


def work_out_faces(work: FaceWork) -> str:
    """Cut the faces out and keep them.

    Kept are ``crops`` (T, 112, 112, 3) uint8 RGB, black where no face was found; ``valid``
    and ``several`` (T,) uint8, whether the participant's face was found and whether there
    was more than one; ``times_s`` (T,) float64 since the clip's onset.

    Returns
    -------
    str
        Why it could not be done; empty when it is.
    """
    detector = open_detector(width_px=DETECTION_WIDTH_PX)
    try:
        work.piece.save(_cut_out(work, detector))
    except (av.FFmpegError, BadInputError, OSError) as problem:
        return f"its video cannot be read: {problem}"
    return ""


def _cut_out(work: FaceWork, detector: FaceDetector) -> Arrays:
    seen = [
        look_at(cast("Picture", frame.to_ndarray(format="bgr24")), detector, t_s)
        for t_s, frame in _frames(work)
    ]
    return face_arrays(seen, work.start_s)


def look_at(bgr: Picture, detector: FaceDetector, t_s: float) -> SeenFrame:
    """Find all faces of a picture (h, w, 3), BGR, and cut them out."""
    found = detector.detect(bgr)
    crops = [align_crop(bgr, face, FACE_SIZE)[:, :, ::-1] for face in found]
    return SeenFrame(t_s, found, crops)


def face_arrays(seen: Sequence[SeenFrame], start_s: float) -> Arrays:
    """Return what is kept of the frames of a clip, see `work_out_faces`.

    Parameters
    ----------
    seen : sequence of SeenFrame
        In the order of time.
    start_s : float
        The clip's onset, on the clock of the frames.
    """
    chosen = main_faces([frame.faces for frame in seen])
    pictures = np.zeros((len(seen), FACE_SIZE, FACE_SIZE, 3), np.uint8)
    for k, index in enumerate(chosen):
        if index is not None:
            pictures[k] = seen[k].crops[index]
    return {
        "crops": pictures,
        "valid": np.array([index is not None for index in chosen], np.uint8),
        "several": np.array([len(frame.faces) > 1 for frame in seen], np.uint8),
        "times_s": np.array([frame.t_s - start_s for frame in seen], np.float64),
    }


def _frames(work: FaceWork) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield the frames of the trial with their stamps, whichever video they are in."""
    for video in sorted(work.session.glob("face_*.mkv")):
        stamps_s = frame_table(video)["t_s"]
        inside = np.flatnonzero((stamps_s >= work.start_s) & (stamps_s < work.end_s))
        if len(inside):
            yield from _decoded(video, stamps_s, int(inside[0]), int(inside[-1]) + 1)


def _decoded(
    video: Path, stamps_s: npt.NDArray[np.float64], first: int, end: int
) -> Iterator[tuple[float, av.VideoFrame]]:
    """Yield frames `first` to `end`; the key frame before them is sought, never guessed."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"  # the trials are worked out side by side already
        pts = _stamps_of(container)
        # An index without a frame, or a frame without an index, ends at the shorter.
        end = min(end, len(pts))
        if first >= end:
            return
        container.seek(int(pts[first]), stream=stream, backward=True)
        for frame in container.decode(stream):
            if frame.pts is None or frame.pts < pts[first]:
                continue
            if frame.pts > pts[end - 1]:
                return
            yield float(stamps_s[np.searchsorted(pts, frame.pts)]), frame


def _stamps_of(container: av.container.InputContainer) -> npt.NDArray[np.int64]:
    """Return the presentation stamps of a video in order, without decoding it."""
    packets = container.demux(video=0)
    return np.sort(np.array([p.pts for p in packets if p.size and p.pts is not None]))


def on_one_core() -> None:
    """Prepare a worker process: as many of them work as there are cores."""
    cv2.setNumThreads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
