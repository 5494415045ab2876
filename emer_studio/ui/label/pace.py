"""How fast somebody labels, without their pauses."""

from __future__ import annotations

from collections import deque

__all__ = ["Pace"]

_PAUSE_S = 120.0  # chosen by us: nobody looks at one clip that long
_MOST = 30  # the latest: tiredness shows


class Pace:
    """Counts commits."""

    def __init__(self) -> None:
        self._steps_s: deque[float] = deque(maxlen=_MOST)
        self._last_s: float | None = None

    def tick(self, now_s: float) -> None:
        """Count a commit, by a clock that never steps."""
        if self._last_s is not None and now_s - self._last_s < _PAUSE_S:
            self._steps_s.append(now_s - self._last_s)
        self._last_s = now_s

    @property
    def per_minute(self) -> float | None:
        """Items a minute; None before the second one."""
        total_s = sum(self._steps_s)
        return 60.0 * len(self._steps_s) / total_s if total_s > 0 else None
