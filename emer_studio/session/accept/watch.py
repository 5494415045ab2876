"""What disturbs a computer while a session runs on it: stalls, clock steps, sleep."""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import dataclass

import numpy as np
import psutil

from emer_studio.core import clock

__all__ = ["Disturbances", "Watch"]

_EVERY_S = 0.01
_STEP_S = 0.02  # of the wall clock; slewing to network time moves it by 0.5 ms in a second
_ASLEEP_S = 0.5


@dataclass(frozen=True, slots=True)
class Disturbances:
    """What was seen.

    Attributes
    ----------
    late_p99_ms, late_max_ms : float
        How much later than asked for a program was woken.
    clock_steps_ms : tuple of float
        By how much the wall clock was stepped.
    asleep_s : float
        How long the computer was suspended.
    cpu_pct : float
        Mean use of all cores.
    """

    late_p99_ms: float
    late_max_ms: float
    clock_steps_ms: tuple[float, ...]
    asleep_s: float
    cpu_pct: float


class Watch:
    """Looks a hundred times a second, from `start` to `stop`."""

    def __init__(self) -> None:
        self._end = threading.Event()
        self._late_s = array("d")
        self._steps_s: list[float] = []
        self._asleep_s = 0.0
        self._thread = threading.Thread(target=self._run, name="rig-watch")

    def start(self) -> None:
        """Begin to look."""
        psutil.cpu_percent()
        self._thread.start()

    def stop(self) -> Disturbances:
        """End, and return what was seen."""
        self._end.set()
        self._thread.join()
        late_ms = 1e3 * np.array(self._late_s or [0.0])
        return Disturbances(
            late_p99_ms=round(float(np.percentile(late_ms, 99)), 2),
            late_max_ms=round(float(late_ms.max()), 2),
            clock_steps_ms=tuple(round(1e3 * step, 1) for step in self._steps_s),
            asleep_s=round(self._asleep_s, 1),
            cpu_pct=psutil.cpu_percent(),
        )

    def _run(self) -> None:
        began_s, wall_s, slept_s = clock.now_s(), _wall_ahead_s(), _slept_s()
        while not self._end.wait(_EVERY_S):
            now_s = clock.now_s()
            self._late_s.append(max(now_s - began_s - _EVERY_S, 0.0))
            began_s = now_s
            asleep_s = _slept_s() - slept_s
            slept_s += asleep_s
            step_s = _wall_ahead_s() - wall_s
            wall_s += step_s
            if asleep_s > _ASLEEP_S:
                self._asleep_s += asleep_s
            elif abs(step_s) > _STEP_S:
                self._steps_s.append(step_s)


def _wall_ahead_s() -> float:
    """Return how far the wall clock is ahead of the one that never steps.

    Read three times: a program that is held up between the two sees it fall behind.
    """
    return max(time.time() - clock.now_s() for _ in range(3))


def _slept_s() -> float:
    """Return how long the computer has been suspended since it started; 0 if unknown."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
