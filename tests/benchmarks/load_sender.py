"""Foreign senders for the recorder benchmark; a plain pylsl program.

    python load_sender.py heavy TAG STREAMS CHANNELS RATE_HZ
    python load_sender.py small TAG

``heavy``: float32 streams ``heavy-I-TAG``, a counter in channel 0, a chunk of rows every
few milliseconds. ``small``: ``gaze-TAG`` (60 Hz, two channels, the counter first),
``marks-TAG`` (a numbered marker a second) and ``whole-TAG`` (int64, 10 Hz). Stamps are the
moments the samples are due.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pylsl

TICK_S = 0.008


def heavy(tag: str, streams: int, channels: int, rate: float) -> None:
    outlets = []
    for number in range(streams):
        name = f"heavy-{number}-{tag}"
        info = pylsl.StreamInfo(name, "Load", channels, rate, pylsl.cf_float32, name)
        outlets.append(pylsl.StreamOutlet(info))
    print("ready", flush=True)
    rng = np.random.default_rng(1)
    rows = rng.random((4096, channels)).astype(np.float32)
    start, sent = pylsl.local_clock(), 0
    while True:
        due = min(int((pylsl.local_clock() - start) * rate) - sent, len(rows))
        if due > 0:
            rows[:due, 0] = np.arange(sent, sent + due)
            sent += due
            for outlet in outlets:
                outlet.push_chunk(rows[:due], start + (sent - 1) / rate)
        time.sleep(TICK_S)


def small(tag: str) -> None:
    def outlet(name: str, channels: int, rate: float, fmt: int) -> pylsl.StreamOutlet:
        full = f"{name}-{tag}"
        info = pylsl.StreamInfo(full, name, channels, rate, fmt, full)
        return pylsl.StreamOutlet(info)

    gaze = outlet("gaze", 2, 60, pylsl.cf_float32)
    marks = outlet("marks", 1, 0, pylsl.cf_string)
    whole = outlet("whole", 1, 10, pylsl.cf_int64)
    print("ready", flush=True)
    start = pylsl.local_clock()
    sent = {"gaze": 0, "marks": 0, "whole": 0}
    while True:
        now = pylsl.local_clock() - start
        for name, rate in (("gaze", 60), ("marks", 1), ("whole", 10)):
            while sent[name] < int(now * rate):
                count = sent[name]
                stamp = start + (count + 1) / rate
                if name == "gaze":
                    gaze.push_sample([count, 0.5], stamp)
                elif name == "marks":
                    marks.push_sample([str(count)], stamp)
                else:
                    whole.push_sample([count + 2**40], stamp)
                sent[name] += 1
        time.sleep(0.002)


if __name__ == "__main__":
    if sys.argv[1] == "heavy":
        heavy(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
    small(sys.argv[2])
