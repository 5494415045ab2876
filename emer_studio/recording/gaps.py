"""Gaps in a stream, found from its stamps alone. Used live and afterwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["StreamStats", "missing_between", "stream_stats"]

_GAP_FACTOR = 1.5  # chosen by us: half a sample late is jitter, more is a missing sample
_IRREGULAR_GAP_FACTOR = 1.8  # a camera's own interval varies more than a tracker's


@dataclass(frozen=True, slots=True)
class StreamStats:
    """Counts of one stream.

    Attributes
    ----------
    effective_hz : float
        Intervals per second between the first and the last sample; 0 with fewer than two.
    lost : int
        Samples missing in the gaps, estimated from their length; 0 for irregular streams
        without an expected rate.
    gaps : tuple of (float, float)
        Start (s, sender's clock) and length (s) of each gap.
    """

    samples: int
    effective_hz: float
    lost: int
    gaps: tuple[tuple[float, float], ...]

    @property
    def loss_pct(self) -> float:
        """Lost samples per hundred expected ones."""
        expected = self.samples + self.lost
        return 100.0 * self.lost / expected if expected else 0.0


def missing_between(interval_s: float, expected_hz: float, *, regular: bool = True) -> int:
    """Return how many samples are missing between two that are `interval_s` apart.

    Parameters
    ----------
    expected_hz, regular
        As for `stream_stats`, which counts the same for a whole stream.
    """
    factor = _GAP_FACTOR if regular else _IRREGULAR_GAP_FACTOR
    if expected_hz <= 0 or interval_s <= factor / expected_hz:
        return 0
    return max(round(interval_s * expected_hz) - 1, 0)


def stream_stats(
    stamps_s: npt.NDArray[np.float64], *, expected_hz: float, regular: bool = True
) -> StreamStats:
    """Count samples, gaps and losses.

    Parameters
    ----------
    stamps_s : ndarray, shape (n,), float64
        Stamps of one stream on one clock.
    expected_hz : float
        Declared (or, for a camera, configured) rate; 0 when there is none.
    regular : bool
        Whether the device ticks evenly.
    """
    n = len(stamps_s)
    if n < 2:
        return StreamStats(n, 0.0, 0, ())
    span_s = float(stamps_s[-1] - stamps_s[0])
    effective = (n - 1) / span_s if span_s > 0 else 0.0
    if expected_hz <= 0:
        return StreamStats(n, effective, 0, ())
    intervals = np.diff(stamps_s)
    factor = _GAP_FACTOR if regular else _IRREGULAR_GAP_FACTOR
    at = np.flatnonzero(intervals > factor / expected_hz)
    lost = int(np.sum(np.maximum(np.rint(intervals[at] * expected_hz) - 1, 0)))
    gaps = tuple((float(stamps_s[i]), float(intervals[i])) for i in at)
    return StreamStats(n, effective, lost, gaps)
