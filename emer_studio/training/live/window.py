"""The last seconds of a camera and a tracker, as a dataset of one sample.

Faces and eye rows are made by what builds datasets, so that a network meets what it was
trained on. Nothing is ever written.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_studio import __version__
from emer_studio.core.clock import utc_now
from emer_studio.dataset.cache_reader import Dataset
from emer_studio.dataset.face_work import (
    DETECTION_WIDTH_PX,
    SeenFrame,
    face_arrays,
    look_at,
)
from emer_studio.features.eye_table import eye_table
from emer_studio.features.eyes import Eyes, eyes_of, read_gaze
from emer_studio.features.faces import open_detector
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.dataset import MAP_SHAPE, DatasetManifest, StoredSample
from emer_studio.schema.eye_columns import eye_column_names
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.schema.streams import StreamHeader

__all__ = ["LiveWindow", "Moment"]

Floats = NDArray[np.float64]
_BEFORE_S = 20.0
"""Gaze that is kept from before the window. Chosen by us: what is an outlier, and the
pupil's baseline, are judged by what lies around; a dataset has the whole recording."""
_LEAST_ROWS = 10  # chosen by us: of fewer samples no rate can be told
_ARRIVALS = 50  # chunks whose delay is remembered; chosen by us: seconds


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen from one moment to another.

    Attributes
    ----------
    dataset : Dataset
        It, as the only sample.
    pictures, samples : int
        Of the camera and of the tracker.
    face_share, gaze_share : float
        Of them, with the person's face and with gaze; 0 to 1.
    newest_s : float
        When the last of them came, this computer's LSL clock.
    """

    dataset: Dataset
    pictures: int
    samples: int
    face_share: float
    gaze_share: float
    newest_s: float

    @property
    def absent(self) -> tuple[str, ...]:
        """What there is nothing of: "face", "gaze"."""
        shares = {"face": self.face_share, "gaze": self.gaze_share}
        return tuple(name for name, share in shares.items() if share == 0)


class LiveWindow:
    """Keeps what a sample is made of; one thread adds, another one asks.

    Parameters
    ----------
    window_s : float
        How long pictures are kept.
    header : StreamHeader, optional
        Of the gaze stream.
    display : mapping, optional
        The display, as a session's manifest has it.
    parameters : EyeParameters, optional
        Of the study.
    """

    def __init__(
        self,
        window_s: float,
        *,
        header: StreamHeader | None = None,
        display: Mapping[str, Any] | None = None,
        parameters: EyeParameters | None = None,
    ) -> None:
        self._window_s, self._header = window_s, header
        self._display, self._parameters = dict(display or {}), parameters
        self._detector = open_detector(width_px=DETECTION_WIDTH_PX)
        self._frames: deque[SeenFrame] = deque()
        self._rows = np.zeros((0, 1 + (header.channel_count if header else 0)))
        self._late_s: deque[float] = deque(maxlen=_ARRIVALS)
        self._lock = threading.Lock()

    @property
    def detector(self) -> str:
        """What looks for faces."""
        return self._detector.name

    def add_picture(self, t_s: float, bgr: NDArray[np.uint8]) -> None:
        """Take a picture (h, w, 3) that came at `t_s`, this computer's LSL clock."""
        seen = look_at(bgr, self._detector, t_s)
        with self._lock:
            self._frames.append(seen)
            while self._frames[0].t_s < t_s - self._window_s:
                self._frames.popleft()

    def add_gaze(self, rows: Floats, came_s: float) -> None:
        """Take samples, shape (n, 1 + channels), the sender's stamp first.

        The smallest delay of the last chunks brings the stamps onto this computer's clock.
        """
        with self._lock:
            if len(self._rows) and rows[0, 0] < self._rows[-1, 0]:  # the sender began anew
                self._rows = self._rows[:0]
                self._late_s.clear()
            kept = np.concatenate([self._rows, rows])
            oldest_s = kept[-1, 0] - self._window_s - _BEFORE_S
            self._rows = kept[kept[:, 0] >= oldest_s]
            self._late_s.append(came_s - float(rows[-1, 0]))

    def moment(self, start_s: float, end_s: float) -> Moment:
        """Return what was seen from `start_s` until before `end_s`."""
        with self._lock:
            frames = [f for f in self._frames if start_s <= f.t_s < end_s]
            rows, late_s = self._rows, min(self._late_s, default=0.0)
        faces = face_arrays(frames, start_s)
        eyes = self._eyes(rows, late_s)
        if eyes is None:
            table = np.zeros((0, len(eye_column_names())), np.float32)
            times_s, known = np.zeros(0), np.zeros(0, bool)
        else:
            times_s = eyes.gaze.times_s
            inside = (times_s >= start_s) & (times_s < end_s)
            table = eye_table(eyes, start_s, end_s)
            times_s = times_s[inside] - start_s
            known = eyes.gaze.valid[inside, 2]
        ends = [times[-1] for times in (faces["times_s"], times_s) if len(times)]
        return Moment(
            dataset=_dataset(faces, table, times_s),
            pictures=len(frames),
            samples=len(times_s),
            face_share=_mean(faces["valid"]),
            gaze_share=_mean(known),
            newest_s=start_s + max(ends, default=0.0),
        )

    def _eyes(self, rows: Floats, late_s: float) -> Eyes | None:
        if self._header is None or len(rows) < _LEAST_ROWS:
            return None
        stream = RecordedStream(
            self._header, rows[:, 0] + late_s, rows[:, 1:], np.zeros((0, 2)), -1
        )
        return eyes_of(read_gaze(stream, self._display), self._parameters)


def _mean(there: NDArray[Any]) -> float:
    return float(np.mean(there)) if len(there) else 0.0


def _dataset(
    faces: Mapping[str, NDArray[Any]], eyes: NDArray[np.float32], eye_times_s: Floats
) -> Dataset:
    """Return a dataset in memory; without fixation maps, because no clip is shown."""
    sample = StoredSample(
        sample_id="now", participant="nobody", stimulus="none",
        frame_first=0, n_frames=len(faces["crops"]), eye_first=0, n_eyes=len(eyes),
        sha256="0" * 64,
    )  # fmt: skip
    manifest = DatasetManifest(
        name="live", n_samples=1, maps=True, sha256={}, app_version=__version__,
        created=utc_now(),
    )  # fmt: skip
    return Dataset(
        folder=Path("live"), manifest=manifest, manifest_sha256="", samples=(sample,),
        faces=faces["crops"], faces_valid=faces["valid"], face_times_s=faces["times_s"],
        eyes=eyes, eye_times_s=eye_times_s, maps=np.zeros((1, *MAP_SHAPE), np.float32),
    )  # fmt: skip
