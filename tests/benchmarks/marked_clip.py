"""A clip that says which of its frames is on the screen and which second is heard.

Each frame carries its number in Gray code as a row of black and white squares in the upper
left corner; a tone of 20 ms stands at every whole second. So what was shown and heard can
be told from the screen and the loudspeaker alone, whoever plays the clip.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

__all__ = [
    "BEEP_HZ",
    "BEEP_S",
    "NO_FRAME",
    "RATE_HZ",
    "frame_number",
    "places",
    "write_clip",
]

BITS = 16
SQUARES = BITS + 2  # a white and a black one before them say that this is the clip
ACROSS = 24  # squares as high as the picture
BEEP_HZ, BEEP_S, RATE_HZ = 1000.0, 0.02, 48_000
NO_FRAME = -1


def places(width: int, height: int) -> tuple[int, npt.NDArray[np.int64]]:
    """Return the row and the columns of the pixels that hold the code.

    The picture is taken to fill the screen of `width` by `height`. All pixels are in one
    row, so that a picture that is just being painted is read as the old or the new one.
    """
    side = height / ACROSS
    columns = ((np.arange(SQUARES) + 0.5) * side).astype(np.int64)
    return round(side / 2), columns


def frame_number(levels: npt.NDArray[np.integer]) -> int:
    """Return the frame that the squares' grey levels (0..255) name, or `NO_FRAME`."""
    bright = levels > 127
    if not bright[0] or bright[1] or np.any(np.abs(levels - 127.5) < 40):
        return NO_FRAME
    gray = int("".join("1" if bit else "0" for bit in bright[2:]), 2)
    number = 0
    while gray:
        number ^= gray
        gray >>= 1
    return number


def _mark(picture: npt.NDArray[np.uint8], number: int) -> None:
    side = picture.shape[0] // ACROSS
    gray = number ^ (number >> 1)
    bits = [1, 0, *(gray >> (BITS - 1 - k) & 1 for k in range(BITS))]
    for k, bit in enumerate(bits):
        picture[:side, k * side : (k + 1) * side] = 255 * bit


def write_clip(path: Path, size: tuple[int, int], fps: int, seconds: float) -> None:
    """Write a marked clip with moving content (H.264 and AAC in MP4)."""
    width, height = size
    rng = np.random.default_rng(1)
    ground = rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    ground = np.kron(ground, np.ones((8, 8, 1), np.uint8))
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for index in range(round(seconds * fps)):
            picture = np.ascontiguousarray(np.roll(ground, 4 * index, axis=1))
            _mark(picture, index)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        tones = _tones(seconds)
        for start in range(0, len(tones), 1024):
            part = tones[None, start : start + 1024]
            block = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            block.sample_rate, block.pts = RATE_HZ, start
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def _tones(seconds: float) -> npt.NDArray[np.float32]:
    wave = np.zeros(round(seconds * RATE_HZ), np.float32)
    t_s = np.arange(round(BEEP_S * RATE_HZ)) / RATE_HZ
    beep = 0.5 * np.sin(2 * np.pi * BEEP_HZ * t_s).astype(np.float32)
    for second in range(1, int(seconds)):
        wave[second * RATE_HZ :][: len(beep)] = beep
    return wave
