"""Notices in a running session that the computer slept, or that its wall clock was set.

Three clocks are read together, twice a second: LSL's (`core.clock`), which all data are
stamped with; the wall clock, which only names the hour (``utc``); and, where the system has
one, a clock that goes on while the computer sleeps. LSL's clock stops in sleep on Linux and
macOS and goes on under Windows, where a gap between two looks tells it instead.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from emer_studio.core import clock

__all__ = ["STOOD_S", "ClockWatch", "Disturbance", "Reading", "disturbance", "read_clocks"]

_LOOK_S = 0.5  # chosen by us: a pause comes soon, and nothing is spent on looking
STOOD_S = 4.0
"""What nothing busy explains, chosen by us: a busy computer holds a thread up for a second
or two, and no sleep is as short as that."""
# Chosen by us: network time is slewed by 0.5 ms in a second, a thread that is held up
# between two clocks sees some 10 ms; whoever sets a clock moves it by more.
_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """The clocks at one moment, in seconds.

    Attributes
    ----------
    lsl_s : float
        LSL's clock.
    wall_s : float
        Since 1970, UTC.
    ever_s : float
        A clock that goes on in sleep and is never set; LSL's own where there is none.
    """

    lsl_s: float
    wall_s: float
    ever_s: float


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What happened between two readings.

    Attributes
    ----------
    what : str
        A sentence for the journal.
    stood : bool
        Whether nothing ran for a while; else a clock was set, which touches no data.
    """

    what: str
    stood: bool


def read_clocks() -> Reading:
    """Read all of them; again when something came between."""
    tries = []
    for _ in range(3):
        before_s = clock.now_s()
        reading = Reading(before_s, time.time(), _ever_s())
        tries.append((clock.now_s() - before_s, reading))
    return min(tries, key=lambda one: one[0])[1]


def disturbance(before: Reading, now: Reading) -> Disturbance | None:
    """Tell what happened between two looks, None when nothing did.

    A look is due every half second: more than that on LSL's clock is time in which the
    program stood still, more on the clock that never stops is time that it slept.
    """
    ran_s = now.lsl_s - before.lsl_s
    slept_s = (now.ever_s - before.ever_s) - ran_s
    stood_s = max(ran_s - _LOOK_S, 0.0)
    if slept_s + stood_s > STOOD_S:
        who = "slept" if slept_s > stood_s else "slept or stood still"
        return Disturbance(
            f"the computer {who} for {slept_s + stood_s:.0f} s, from"
            f" {_utc(before.wall_s)} to {_utc(now.wall_s)}; the session pauses",
            stood=True,
        )
    step_s = (now.wall_s - before.wall_s) - (now.ever_s - before.ever_s)
    if abs(step_s) < _STEP_S:
        return None
    way = "forward" if step_s > 0 else "back"
    return Disturbance(
        f"the computer's clock was set {way} by {abs(step_s):.1f} s, to"
        f" {_utc(now.wall_s)}: no data are stamped by it, only the hours in the journal",
        stood=False,
    )


class ClockWatch:
    """Looks at the clocks from construction until `close`.

    Parameters
    ----------
    heard : callable
        Called with every `Disturbance`, on the watch's own thread.
    """

    def __init__(self, heard: Callable[[Disturbance], None]) -> None:
        self._heard = heard
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock-watch")
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        before = read_clocks()
        while not self._end.wait(_LOOK_S):
            now = read_clocks()
            seen = disturbance(before, now)
            before = now
            if seen is not None:
                self._heard(seen)


def _ever_s() -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # where this one goes on in sleep, unlike LSL's
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return clock.now_s()


def _utc(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
