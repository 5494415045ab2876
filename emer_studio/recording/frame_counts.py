"""How regularly frames come, in bounded memory however long it takes."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from emer_studio.recording.gaps import missing_between

__all__ = ["FrameCounts"]

_RECENT = 90  # three seconds of a webcam, for the rate
_GAPS_KEPT = 200  # chosen by us: more than this are counted, not listed


class FrameCounts:
    """Count frames, gaps between them and the frames that must be missing there.

    Parameters
    ----------
    expected_hz : float
        Configured rate.
    """

    def __init__(self, expected_hz: float) -> None:
        self.expected_hz = expected_hz
        self.frames = self.gaps = self.missed = 0
        self.listed: list[tuple[float, float]] = []  # start (s, LSL clock), length (s)
        self._recent: deque[float] = deque(maxlen=_RECENT)

    def add(self, t_s: float) -> None:
        """Count a frame stamped `t_s` (LSL clock)."""
        if self._recent:
            before = self._recent[-1]
            missing = missing_between(t_s - before, self.expected_hz, regular=False)
            if missing:
                self.gaps += 1
                self.missed += missing
                if len(self.listed) < _GAPS_KEPT:
                    self.listed.append((before, t_s - before))
        self._recent.append(t_s)
        self.frames += 1

    @property
    def rate_hz(self) -> float:
        """Rate of the newest frames; 0 with fewer than two."""
        recent = tuple(self._recent)
        span_s = recent[-1] - recent[0] if len(recent) > 1 else 0.0
        return (len(recent) - 1) / span_s if span_s > 0 else 0.0

    @property
    def typical_hz(self) -> float:
        """Rate by the median interval: gaps do not lower it; 0 with fewer than two."""
        between = sorted(b - a for a, b in pairwise(tuple(self._recent)))
        middle_s = between[len(between) // 2] if between else 0.0
        return 1.0 / middle_s if middle_s > 0 else 0.0
