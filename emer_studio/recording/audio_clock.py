"""When a recording's first sample was taken, and how fast its clock really ran.

Every block brings a pair (index of its first sample, LSL time), with jitter and now and
then a block that is far off. A straight line through all of them gives both numbers; the
more distant a pair, the less it counts (Tukey's biweight), so a late block moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["AudioClock", "AudioFit"]

_KEPT = 20_000  # pairs; above, every second one is given up. Chosen by us: 320 kB
_SHORT_S = 1.0  # below, the rate cannot be told and is taken as nominal
_BIWEIGHT = 4.685  # 95 % efficiency for normal errors (Tukey)
_MAD = 1.4826
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class AudioFit:
    """A straight line: sample ``k`` was taken at ``first_sample_s + k / rate_hz``.

    Attributes
    ----------
    first_sample_s : float
        LSL clock.
    rate_hz : float
        True rate, samples per second of the LSL clock.
    residual_ms : float
        Median distance of the pairs from the line.
    """

    first_sample_s: float
    rate_hz: float
    residual_ms: float


class AudioClock:
    """Collect pairs in bounded memory and fit them.

    Parameters
    ----------
    nominal_hz : float
        What the device claims.
    """

    def __init__(self, nominal_hz: float) -> None:
        self._nominal_hz = nominal_hz
        self._pairs: list[tuple[int, float]] = []
        self._stride, self._seen = 1, 0

    def add(self, index: int, t_s: float) -> None:
        """Add a pair: a sample's index, and when it was taken (LSL clock)."""
        if self._seen % self._stride == 0:
            self._pairs.append((index, t_s))
            if len(self._pairs) > _KEPT:
                self._pairs = self._pairs[::2]
                self._stride *= 2
        self._seen += 1

    def fit(self) -> AudioFit | None:
        """Return the line; None without a pair."""
        if not self._pairs:
            return None
        index, t_s = np.array(self._pairs, np.float64).T
        # Against the nominal line the numbers are small, so nothing is lost to rounding.
        origin_s = t_s[0] - index[0] / self._nominal_hz
        x = index / self._nominal_hz
        y = t_s - origin_s - x
        slope, level = _line(x, y) if np.ptp(x) >= _SHORT_S else (0.0, float(np.median(y)))
        residual = np.abs(y - level - slope * x)
        return AudioFit(
            first_sample_s=float(origin_s + level),
            rate_hz=self._nominal_hz / (1.0 + slope),
            residual_ms=float(np.median(residual)) * 1e3,
        )


def _line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return slope and level of the robust line through (x, y)."""
    # The start must be robust itself: the median slope between the two halves.
    half = len(x) // 2
    span = np.median(x[half:]) - np.median(x[:half])
    slope = float((np.median(y[half:]) - np.median(y[:half])) / span)
    level = float(np.median(y - slope * x))
    for _ in range(_ROUNDS):
        rest = y - level - slope * x
        scale = max(_MAD * float(np.median(np.abs(rest))), 1e-9)
        weight = np.clip(1 - (rest / (_BIWEIGHT * scale)) ** 2, 0, None) ** 2
        total = weight.sum()
        mean_x, mean_y = (weight @ x) / total, (weight @ y) / total
        before = slope
        slope = float(weight @ ((x - mean_x) * (y - mean_y)) / (weight @ (x - mean_x) ** 2))
        level = float(mean_y - slope * mean_x)
        if abs(slope - before) < 1e-10:
            break
    return slope, level
