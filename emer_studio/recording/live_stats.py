"""Counts of a stream while it is recorded, in memory that does not grow with time."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt

from emer_studio.recording.gaps import StreamStats, stream_stats

__all__ = ["LiveStats"]

_RECENT_S = 3.0  # chosen by us: what a live table calls "now"
_JUMP_S = 3600.0  # no pause of a stream, but a clock that was set (chosen by us)
_MOST_GAPS = 1000  # listed one by one; more are only counted


class LiveStats:
    """What `gaps.stream_stats` would say of everything so far.

    Parameters
    ----------
    expected_hz : float
        Declared rate; 0 for an irregular stream.
    """

    def __init__(self, expected_hz: float) -> None:
        sound = math.isfinite(expected_hz) and expected_hz > 0
        self._expected_hz = expected_hz if sound else 0.0
        self._recent: deque[npt.NDArray[np.float64]] = deque()
        self._gaps: list[tuple[float, float]] = []
        self._first_s = self.last_s = float("nan")
        self._lost = 0
        self.longest_s = 0.0
        self.samples = 0

    def add(self, stamps_s: npt.NDArray[np.float64]) -> None:
        """Take the next stamps, shape (n,), n > 0 (sender's clock)."""
        if self.samples:
            joined = np.concatenate([[self.last_s], stamps_s])
        else:
            joined, self._first_s = stamps_s, float(stamps_s[0])
        found = stream_stats(joined, expected_hz=self._expected_hz)
        self._lost += found.lost
        self._gaps += found.gaps[: _MOST_GAPS - len(self._gaps)]
        steps = np.diff(joined)
        jumps = bool(np.any((steps < 0) | (steps > _JUMP_S)))
        if len(steps) and not jumps:
            self.longest_s = max(self.longest_s, float(np.max(steps)))
        self.samples += len(stamps_s)
        self.last_s = float(stamps_s[-1])
        if jumps:  # the sender's clock was set: what came before is no measure of now
            self._recent.clear()
        self._recent.append(stamps_s)
        while self._recent[0][-1] < self.last_s - _RECENT_S:
            self._recent.popleft()

    @property
    def recent_hz(self) -> float:
        """The rate over the last seconds; 0 with fewer than two samples."""
        chunks = tuple(self._recent)  # another thread may be adding
        if not chunks:
            return 0.0
        stamps = np.concatenate(chunks)
        stamps = stamps[stamps > stamps[-1] - _RECENT_S]
        return stream_stats(stamps, expected_hz=0.0).effective_hz

    def total(self) -> StreamStats:
        """Return the counts so far."""
        span_s = self.last_s - self._first_s
        effective = (self.samples - 1) / span_s if self.samples > 1 and span_s > 0 else 0.0
        return StreamStats(self.samples, effective, self._lost, tuple(self._gaps))
