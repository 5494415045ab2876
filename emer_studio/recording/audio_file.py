"""Writing a microphone as FLAC in Matroska, losslessly and safe from a kill.

The number of samples is the truth about their order; when they were taken is in the facts
beside the file (`recording.audio_job`), never in the container's rounded time stamps.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["AudioWriter", "facts_path"]


def facts_path(path: Path) -> Path:
    """Return the file of facts beside a recording: ``voice_001.audio.json``."""
    return path.with_name(f"{path.stem}.audio.json")


class AudioWriter:
    """A FLAC recording, named ``….writing`` until it is closed.

    Parameters
    ----------
    path : Path
        The final name; refused when it exists.
    rate_hz, channels : int
        Layout; one or two channels.
    """

    def __init__(self, path: Path, *, rate_hz: int, channels: int) -> None:
        self.path = path
        self.writing_path = path.with_name(path.name + ".writing")
        for taken in (path, self.writing_path, facts_path(path)):
            if taken.exists():
                raise BadInputError(f"{taken} already exists; nothing was written.")
        self._rate_hz = rate_hz
        self._layout = "mono" if channels == 1 else "stereo"
        self._container = av.open(
            str(self.writing_path),
            "w",
            format="matroska",
            # As for the video: everything is on its way to the disk at once.
            container_options={"flush_packets": "1", "cluster_time_limit": "250"},
        )
        self._stream = self._container.add_stream("flac", rate=rate_hz, layout=self._layout)
        self._stream.codec_context.format = "s16"
        self.samples = 0

    def write(self, samples: npt.NDArray[np.int16]) -> None:
        """Encode samples, shape (n, channels); up to 96 ms wait for a whole FLAC frame."""
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "s16", self._layout)
        frame.sample_rate = self._rate_hz
        frame.pts, frame.time_base = self.samples, Fraction(1, self._rate_hz)
        self._container.mux(self._stream.encode(frame))
        self.samples += len(samples)

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self.writing_path.rename(self.path)

    def abandon(self) -> None:
        """Close a file that cannot be finished; it keeps its ``.writing``."""
        with contextlib.suppress(Exception):
            self._container.close()
