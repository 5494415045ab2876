"""Writing a camera to Matroska so that a kill costs a fraction of a second.

PyAV's defaults keep seconds of video in memory; ``flush_packets``, short clusters and
zero-latency encoding put every frame on its way to the disk at once (measured: a kill
loses 0.3 s instead of everything).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["VideoWriter"]

_TIME_BASE = Fraction(1, 1000)  # Matroska's own
_KEYFRAME_EVERY_S = 0.5  # so that a viewer can jump anywhere quickly
_QUALITY = "18"  # x264 constant rate factor usually called visually lossless


class VideoWriter:
    """A Matroska file with real time stamps, named ``….writing`` until it is closed.

    Parameters
    ----------
    path : Path
        The final name; refused when it exists.
    width_px, height_px : int
        Size of the frames; an odd last row or column is cut off (H.264 needs even sizes).
    fps : float
        The expected rate, for the header and the key-frame distance only.
    """

    def __init__(self, path: Path, *, width_px: int, height_px: int, fps: float) -> None:
        self.path = path
        self.writing_path = path.with_name(path.name + ".writing")
        if path.exists() or self.writing_path.exists():
            raise BadInputError(f"{path} already exists; nothing was written.")
        self._width, self._height = width_px // 2 * 2, height_px // 2 * 2
        self._container = av.open(
            str(self.writing_path),
            "w",
            format="matroska",
            container_options={"flush_packets": "1", "cluster_time_limit": "250"},
        )
        rate = Fraction(fps).limit_denominator(1001) if fps > 0 else Fraction(30)
        self._stream = self._container.add_stream(
            "libx264",
            rate=rate,
            options={
                "preset": "ultrafast",
                "tune": "zerolatency",
                "crf": _QUALITY,
                "g": str(max(int(fps * _KEYFRAME_EVERY_S), 1)),
            },
        )
        self._stream.width, self._stream.height = self._width, self._height
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _TIME_BASE
        self._origin_s: float | None = None
        self._last_pts = -1
        self.frames = 0

    def write(self, bgr: npt.NDArray[np.uint8], t_s: float) -> int:
        """Encode and mux one frame; return its time stamp in the file, in ms.

        The file's time 0 is the first frame's stamp. When this returns, the frame is in
        the file, at index ``frames - 1``.
        """
        if self._origin_s is None:
            self._origin_s = t_s
        pts = max(round((t_s - self._origin_s) * 1000), self._last_pts + 1)
        self._last_pts = pts
        cut = np.ascontiguousarray(bgr[: self._height, : self._width])
        frame = av.VideoFrame.from_ndarray(cut, format="bgr24")
        frame.pts, frame.time_base = pts, _TIME_BASE
        self._container.mux(self._stream.encode(frame))
        self.frames += 1
        return pts

    def close(self) -> None:
        """Finish the file and give it its final name."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        self.writing_path.rename(self.path)
