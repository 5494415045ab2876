"""Watch a screen for marked frames: a neutral witness that knows no player.

    python screen_watch.py FRAMEBUFFER OUT.npy

FRAMEBUFFER is the file of an ``Xvfb -fbdir``, the screen's memory itself. A thousand times
a second the pixels of the code are read; each change is a row of OUT.npy: time (s, the LSL
clock), frame number (-1: no marked frame), and how long before this the pixels had been
looked at (s), which is what the time may be too late by. It ends with its input.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.marked_clip import frame_number, places

PERIOD_S = 0.001


def open_screen(path: Path) -> np.ndarray:
    """Map the pixels of an XWD framebuffer: shape (height, width, 4), BGRX, live."""
    head = struct.unpack(">25I", path.read_bytes()[:100])
    header, width, height, stride, colours = head[0], head[4], head[5], head[12], head[19]
    memory = np.memmap(path, np.uint8, "r", offset=header + 12 * colours)
    return memory[: stride * height].reshape(height, stride // 4, 4)[:, :width]


def watch(screen: np.ndarray) -> np.ndarray:
    """Return the changes seen until standard input ends, shape (n, 3)."""
    row, columns = places(screen.shape[1], screen.shape[0])
    line = screen[row]
    rows: list[tuple[float, int, float]] = []
    shown, looked = None, time.perf_counter()
    while True:
        levels = line[columns, 1].astype(np.int16)
        now = time.perf_counter()
        number = frame_number(levels)
        if number != shown and np.array_equal(levels, line[columns, 1]):
            rows.append((now, number, now - looked))
            shown = number
        looked = now
        if select.select([sys.stdin], [], [], 0)[0]:
            return np.array(rows, float).reshape(-1, 3)
        time.sleep(max(PERIOD_S - (time.perf_counter() - now), 0.0))


def main() -> None:
    framebuffer, out = map(Path, sys.argv[1:3])
    screen = open_screen(framebuffer)
    # The players must not make the witness late: it needs little, and needs it at once.
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    print("watching", flush=True)
    np.save(out, watch(screen))


if __name__ == "__main__":
    main()
