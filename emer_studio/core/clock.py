"""The one clock: seconds on the LSL time line, injectable for tests.

liblsl's ``local_clock`` is C++'s ``steady_clock``. CPython's ``perf_counter`` reads the
same counter (CLOCK_MONOTONIC on Linux, QueryPerformanceCounter on Windows), so a process
without liblsl can stamp on the same line. ``streams`` verifies the equality whenever it
opens an outlet or an inlet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["now_s", "set_source", "utc_now"]

_source: Callable[[], float] = time.perf_counter


def now_s() -> float:
    """Return the present time in seconds on the LSL clock of this machine."""
    return _source()


def set_source(source: Callable[[], float] | None) -> None:
    """Replace the clock, in tests only; None restores the real one."""
    global _source
    _source = time.perf_counter if source is None else source


def utc_now() -> str:
    """Return the wall-clock time as ISO 8601 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
