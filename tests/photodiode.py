"""A photodiode taped to the corner of an Xvfb: its framebuffer's brightness over LSL.

    python tests/photodiode.py FRAMEBUFFER NAME [LATE_S]

LATE_S holds every sample back, as a slow display would.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from collections import deque
from pathlib import Path

import pylsl

RATE_HZ = 500


def main() -> None:
    path, name = Path(sys.argv[1]), sys.argv[2]
    late_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    info = pylsl.StreamInfo(name, "Light", 1, RATE_HZ, "float32", f"{name}-id")
    outlet = pylsl.StreamOutlet(info)
    with path.open("rb") as stream:
        screen = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    header = struct.unpack(">25I", screen[:100])  # XWD: size, …, bytes a line, …, colours
    pixel = header[0] + 12 * header[19] + 40 * header[12] + 40 * 4
    seen: deque[tuple[float, int]] = deque()
    level = 0
    due_s = pylsl.local_clock()
    while True:
        due_s += 1 / RATE_HZ
        time.sleep(max(due_s - pylsl.local_clock(), 0))
        now_s = pylsl.local_clock()
        seen.append((now_s, screen[pixel]))
        while seen and seen[0][0] <= now_s - late_s:
            level = seen.popleft()[1]
        outlet.push_sample([float(level)], now_s)


if __name__ == "__main__":
    main()
