"""A bar code in a picture: which frame it is and when it was taken.

It lets a test prove from the pictures alone that picture N of a video is the frame whose
index and stamp stand in row N. The cells are large, so they survive a lossy codec.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["FrameCode", "draw_code", "read_code"]

_COLUMNS, _ROWS = 32, 2  # number and check sum above, stamp below
_NUMBER_BITS, _CHECK_BITS, _STAMP_BITS = 24, 8, 32
_TICK_S = 1e-4
_HEIGHT = 1 / 30  # of the picture, each row; chosen by us: 16 px of 480


@dataclass(frozen=True, slots=True)
class FrameCode:
    """What a picture says about itself.

    Attributes
    ----------
    number : int
        Count of the device's frames, from 0 (modulo 2**24).
    ticks : int
        Stamp in units of 0.1 ms, LSL clock (modulo 2**32: five days).
    """

    number: int
    ticks: int

    @classmethod
    def of(cls, number: int, t_s: float) -> FrameCode:
        """Return the code of frame `number` taken at `t_s` (LSL clock)."""
        return cls(number % 2**_NUMBER_BITS, round(t_s / _TICK_S) % 2**_STAMP_BITS)


def _check(code: FrameCode) -> int:
    raw = code.number.to_bytes(3, "big") + code.ticks.to_bytes(4, "big")
    value = 0x5A
    for byte in raw:
        value = (value * 31 + byte) % 2**_CHECK_BITS
    return value


def _cells(height: int) -> int:
    return max(round(height * _HEIGHT), 4)


def draw_code(picture: npt.NDArray[np.uint8], number: int, t_s: float) -> None:
    """Draw the code over the top of `picture`, shape (height, width, 3), in place."""
    code = FrameCode.of(number, t_s)
    rows = ((code.number << _CHECK_BITS) | _check(code), code.ticks)
    height, width = picture.shape[:2]
    high = _cells(height)
    edges = np.linspace(0, width, _COLUMNS + 1).astype(int)
    for row, value in enumerate(rows):
        for column in range(_COLUMNS):
            bit = (value >> (_COLUMNS - 1 - column)) & 1
            block = picture[
                row * high : (row + 1) * high, edges[column] : edges[column + 1]
            ]
            block[:] = 235 if bit else 16


def read_code(picture: npt.NDArray[np.uint8]) -> FrameCode | None:
    """Read the code from a picture, shape (height, width, 3); None where there is none."""
    height, width = picture.shape[:2]
    high = _cells(height)
    middles = ((np.arange(_COLUMNS) + 0.5) * width / _COLUMNS).astype(int)
    values = []
    for row in range(_ROWS):
        line = picture[int((row + 0.5) * high), middles].mean(axis=-1)
        bits = (line > 125).astype(np.uint64)
        values.append(int("".join(map(str, bits)), 2))
    code = FrameCode(values[0] >> _CHECK_BITS, values[1])
    return code if _check(code) == values[0] % 2**_CHECK_BITS else None
