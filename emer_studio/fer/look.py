"""Looks at a video: decodes ahead, finds faces, asks the models in batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from emer_studio.features.faces import Face, FaceDetector
from emer_studio.fer.ahead import ahead
from emer_studio.fer.expression import Array
from emer_studio.fer.facefile import NO_PTS, Records, record_type
from emer_studio.fer.frames import Frame, Source
from emer_studio.fer.panel import Panel

__all__ = ["MOST_FACES", "look"]

MOST_FACES = 4
"""Faces of a frame that the models look at, the largest first. Chosen by us: whoever fills
less of the picture than four others is not the one in front of the camera."""
_BATCH = 32  # faces per run of a network; chosen by us
_BLOCK = 256  # frames written at once, eight seconds of a webcam; chosen by us
_AHEAD = 4  # decoded frames that wait, 11 MB at 1280 x 720; chosen by us


class _Block:
    """Some frames whose faces wait for the models."""

    def __init__(self, panel: Panel) -> None:
        self._panel, self._type = panel, record_type(len(panel.models))
        self._done: list[Records] = []
        self._waiting: list[tuple[Records, list[Array]]] = []
        self.frames = 0

    def add(self, frame: Frame, faces: list[Face]) -> None:
        records = np.zeros(min(max(len(faces), 1), MOST_FACES), self._type)
        records["frame"], records["faces"] = frame.index, len(faces)
        records["pts"] = NO_PTS if frame.pts is None else frame.pts
        records["time_s"] = np.nan if frame.time_s is None else frame.time_s
        for name in ("box", "score", "p", "va"):
            records[name] = np.nan
        for k, face in enumerate(faces[:MOST_FACES]):
            records["box"][k] = face.x, face.y, face.w, face.h
            records["score"][k] = face.score
            tensors = self._panel.prepare(frame.bgr, face)
            self._waiting.append((records[k : k + 1], tensors))
        self._done.append(records)
        self.frames += 1
        if len(self._waiting) >= _BATCH:
            self._ask()

    def take(self) -> Records:
        """Return what has come together and begin anew."""
        self._ask()
        records = np.concatenate(self._done)
        self._done, self.frames = [], 0
        return records

    def _ask(self) -> None:
        if self._waiting:
            found = self._panel.read([tensors for _, tensors in self._waiting])
            for (record, _), p, va in zip(self._waiting, *found, strict=True):
                record["p"], record["va"] = p, va
            self._waiting = []


def look(source: Source, panel: Panel, detector: FaceDetector) -> Iterator[Records]:
    """Yield the records of some frames at a time, see `facefile.record_type`.

    A frame without a face, or with several, is a record or several; it is no error.
    """
    block = _Block(panel)
    with closing(ahead(source, _AHEAD)) as frames:
        for frame in frames:
            block.add(frame, detector.detect(frame.bgr))
            if block.frames >= _BLOCK:
                yield block.take()
    if block.frames:
        yield block.take()
