"""Programs that send LSL streams and are not ours."""

from __future__ import annotations

import subprocess
import sys

# A plain pylsl program: a counter in the first channel, one row per period, for ever.
SENDER = """
import sys, time, pylsl
name, rate, source = sys.argv[1], float(sys.argv[2]), sys.argv[3]
info = pylsl.StreamInfo(name, "Gaze", 3, rate, pylsl.cf_float32, source)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
start, count = pylsl.local_clock(), 0
while True:
    due = int((pylsl.local_clock() - start) * rate)
    while count < due:
        outlet.push_sample([count, 0.5, 0.5], start + count / rate)
        count += 1
    time.sleep(0.002)
"""

# A plain pylsl program that sends a numbered marker every period and prints each one.
MARKER_SENDER = """
import sys, time, pylsl
name, period, source = sys.argv[1], float(sys.argv[2]), sys.argv[3]
info = pylsl.StreamInfo(name, "Markers", 1, 0, pylsl.cf_string, source)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
count = 0
while True:
    outlet.push_sample([str(count)], pylsl.local_clock())
    count += 1
    time.sleep(period)
"""

# A plain pylsl program whose channels describe themselves.
DESCRIBED_SENDER = """
import json, sys, threading, time, pylsl
name, rate, source, channels = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4]
channels = json.loads(channels)
info = pylsl.StreamInfo(name, "Gaze", len(channels), rate, pylsl.cf_double64, source)
rows = info.desc().append_child("channels")
for channel in channels:
    row = rows.append_child("channel")
    for key, value in channel.items():
        row.append_child_value(key, value)
outlet = pylsl.StreamOutlet(info)
print("ready", flush=True)
start, count = pylsl.local_clock(), 0
while True:
    due = int((pylsl.local_clock() - start) * rate)
    while count < due:
        outlet.push_sample([0.5] * len(channels), start + count / rate)
        count += 1
    time.sleep(0.002)
"""


class Sender:
    """A running sender; `restart` begins it anew with the same words."""

    def __init__(self, *words: str, code: str = SENDER, host: str = "") -> None:
        self._command = [sys.executable, "-c", code, *words]
        if host:  # a host name of its own
            self._command = [
                *("unshare", "-u", "sh", "-c", f'hostname {host}; exec "$@"', "sh"),
                *self._command,
            ]
        self.name = words[0]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == b"ready"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


def other_hosts_possible() -> bool:
    """Whether this system lets us run a sender under another host name."""
    try:
        done = subprocess.run(["unshare", "-u", "hostname", "x"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0
