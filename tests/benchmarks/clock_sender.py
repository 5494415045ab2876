"""A sender in a process of its own, whose clock may be faked, and which knows the truth.

    python clock_sender.py NAME SOURCE_ID PERIOD_S

The stamp of a sample is what liblsl's clock shows in this process: faked where libfaketime
is loaded. The second channel is CLOCK_MONOTONIC by a direct system call, which libfaketime
does not touch. One Python thread, and nothing waits but `time.sleep`: threaded Python
programs hang under libfaketime.
"""

from __future__ import annotations

import ctypes
import random
import sys
import time

import pylsl

SYS_CLOCK_GETTIME = 228  # x86-64
CLOCK_MONOTONIC = 1
RARE_S = 0.1  # from this period on, samples come irregularly, as markers do
AT_ONCE_S = 3e-5  # the two clocks were read within this time, or they are read again


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


_now = _Timespec()
_libc = ctypes.CDLL(None)


def true_s() -> float:
    """Return CLOCK_MONOTONIC, whatever this process is made to believe."""
    _libc.syscall(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, ctypes.byref(_now))
    return float(_now.seconds + _now.nanoseconds * 1e-9)


def both_s() -> tuple[float, float]:
    """Return what the clock shows and the true time of the same moment."""
    while True:
        before = true_s()
        shown = pylsl.local_clock()
        after = true_s()
        if after - before < AT_ONCE_S:
            return shown, (before + after) / 2


def main() -> None:
    name, source_id, period_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
    info = pylsl.StreamInfo(name, "Clock", 2, 0, pylsl.cf_double64, source_id)
    outlet = pylsl.StreamOutlet(info)
    print("ready", flush=True)
    count = 0
    while True:
        shown, truth = both_s()
        outlet.push_sample([count, truth], shown)
        count += 1
        time.sleep(period_s if period_s < RARE_S else period_s * random.uniform(0.1, 1.9))


if __name__ == "__main__":
    main()
