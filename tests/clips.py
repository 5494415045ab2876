"""Small real clips for tests: H.264 and AAC, written with PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_clip(
    path: Path,
    *,
    seconds: float = 1.0,
    fps: int = 30,
    size: tuple[int, int] = (320, 180),
    tone_hz: float | None = 440.0,
    colour: tuple[int, int, int] | None = None,
    front: bool = False,
) -> Path:
    """Write a clip whose grey level is (frame index % 256), or of one RGB colour.

    With `front` its index stands at the beginning, as in files made for the web.
    """
    width, height = size
    options = {"movflags": "faststart"} if front else {}
    with av.open(str(path), "w", options=options) as out:
        video = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.gop_size = fps
        sound = out.add_stream("aac", rate=48_000, layout="stereo") if tone_hz else None
        for index in range(round(seconds * fps)):
            picture = np.full((height, width, 3), colour or index % 256, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            t_s = np.arange(round(seconds * 48_000)) / 48_000
            wave = 0.25 * np.sin(2 * np.pi * (tone_hz or 0) * t_s)
            both = np.repeat(wave[None].astype(np.float32), 2, axis=0)
            for start in range(0, both.shape[1], 1024):
                block = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(both[:, start : start + 1024]), "fltp", "stereo"
                )
                block.sample_rate, block.pts = 48_000, start
                out.mux(sound.encode(block))
            out.mux(sound.encode(None))
    return path
