"""How regularly frames come, in bounded memory however long it takes."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from emer_studio.recording.gaps import missing_between

__all__ = ["FrameCounts"]

_RECENT = 90  # three seconds of a webcam, for the rate
_GAPS_KEPT = 200  # chosen by us: more than this are counted, not listed
_BURST = 0.5  # of an interval; frames that come so close waited in the driver's buffers


class FrameCounts:
    """Count frames, gaps between them and the frames that must be missing there.

    A reader that was held up finds several frames waiting in the driver: a long interval,
    then a burst. Those frames came late and are not missing, so each frame of a burst is
    taken off the gap before it; a gap made good in full is counted as late instead.

    Parameters
    ----------
    expected_hz : float
        Configured rate.
    """

    def __init__(self, expected_hz: float) -> None:
        self.expected_hz = expected_hz
        self.frames = self.gaps = self.missed = self.late = 0
        self.listed: list[tuple[float, float]] = []  # start (s, LSL clock), length (s)
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._owed = 0  # missing in the newest gap, while a burst may still bring them

    def add(self, t_s: float) -> None:
        """Count a frame stamped `t_s` (LSL clock)."""
        if self._recent:
            self._look_at(self._recent[-1], t_s)
        self._recent.append(t_s)
        self.frames += 1

    def _look_at(self, before_s: float, t_s: float) -> None:
        missing = missing_between(t_s - before_s, self.expected_hz, regular=False)
        if missing:
            self.gaps += 1
            self.missed += missing
            self._owed = missing
            if len(self.listed) < _GAPS_KEPT:
                self.listed.append((before_s, t_s - before_s))
        elif self._owed and (t_s - before_s) * self.expected_hz < _BURST:
            self.missed -= 1
            self._owed -= 1
            if not self._owed:
                self._made_good()
        else:
            self._owed = 0

    def _made_good(self) -> None:
        self.gaps -= 1
        self.late += 1
        if len(self.listed) > self.gaps:  # the newest gap was listed
            self.listed.pop()

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
