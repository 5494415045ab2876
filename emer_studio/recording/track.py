"""One stream on its way to the file: its inlet, its thread, its counts.

A track outlives its sender. When the sender is gone the track waits, and goes on with the
sender's next run when the recorder has found it; the file holds one stream with a gap.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core import clock
from emer_studio.core.errors import EmerError
from emer_studio.core.ring import RingWriter
from emer_studio.recording.arrivals import Arrivals
from emer_studio.recording.live_stats import LiveStats
from emer_studio.recording.xdf import XdfWriter
from emer_studio.schema.streams import StreamHeader, gaze_layout
from emer_studio.streams.inlets import Found, Inlet

__all__ = ["Sink", "Track"]

_PULL_S = 0.1  # chosen by us: a chunk reaches the disk at most this late
# Between pulls of a fast stream, so that a chunk holds several samples; short, because
# liblsl drops what it has received and not handed over when the connection breaks.
_GATHER_S = 0.02
_OPEN_S = 10.0
_RING_ROWS = 2048
_MOST = 4096  # samples of one pull
_RHYTHM = 20  # samples after which an irregular stream has shown how often it comes
_ALWAYS_ON = ("Gaze", "VideoFrames")  # types that never pause, whatever rate they declare


class Sink:
    """Where tracks write, and whom they tell.

    The file is made by `open`: until then tracks connect, and nothing is on the disk.
    """

    def __init__(self, on_event: Callable[..., None], ring_folder: Path | None) -> None:
        self.on_event, self.ring_folder = on_event, ring_folder
        self.stop = threading.Event()
        self.begin = threading.Event()
        self.problem = ""
        self._writer: XdfWriter | None = None
        self._arrivals: Arrivals | None = None

    def open(self, path: Path) -> None:
        """Make the file and let the tracks write."""
        self._writer = XdfWriter(path)
        self._arrivals = Arrivals(self._writer)
        self.begin.set()

    @property
    def writer(self) -> XdfWriter:
        """The file."""
        assert self._writer is not None
        return self._writer

    @property
    def arrivals(self) -> Arrivals:
        """The moments at which foreign markers arrived."""
        assert self._arrivals is not None
        return self._arrivals

    def fail(self, problem: OSError) -> None:
        """Report, once, that the file cannot be written."""
        if not self.problem:
            self.problem = (
                f"The recording cannot be written: {problem.strerror or problem}."
            )
            self.on_event("error", text=self.problem)

    def close(self) -> None:
        """End the waiting of tracks that never wrote, and finish the file."""
        self.stop.set()
        self.begin.set()
        if self._writer is None:
            return
        try:
            self._writer.close()
        except OSError as problem:  # a full disk: the samples are there, the footers not
            self.problem = self.problem or f"The footers cannot be written: {problem}."


class Track:
    """One recorded stream.

    Parameters
    ----------
    found : Found
        The run of the sender to begin with.
    query : str
        What it was asked for by; empty when everything is recorded.
    sink : Sink
    """

    def __init__(self, found: Found, query: str, sink: Sink) -> None:
        self.found, self.query, self._sink = found, query, sink
        self.header: StreamHeader | None = None
        self.number = 0
        self.stats = LiveStats(found.nominal_hz)
        self.settled = threading.Event()  # connected once, or known not to answer
        self.connecting = True
        self.lost = False
        self.lost_since_s = math.inf
        self.told_since_s: float | None = None  # of a silence that was reported
        self.problem: EmerError | None = None
        self.last_seen_s = clock.now_s()
        self._inlet: Inlet | None = None
        self._runs: queue.Queue[Found | None] = queue.Queue()
        self._offset = (math.nan, math.nan, math.nan)
        self._ring: RingWriter | None = None
        self._gaze: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._run, name=f"inlet-{found.name}")

    def start(self) -> None:
        """Begin to connect and to receive."""
        self._runs.put(self.found)
        self._thread.start()

    def go_on_with(self, found: Found) -> None:
        """Leave the present run of the sender for another one."""
        self.found = found
        self.connecting = True
        self._runs.put(found)

    def join(self) -> None:
        """Wait for the thread, once the sink's `stop` is set."""
        self._runs.put(None)
        self._thread.join()
        if self._ring is not None:
            self._ring.close()

    # What a watcher asks -------------------------------------------------------------

    @property
    def age_s(self) -> float:
        """Seconds since the last sample arrived."""
        return clock.now_s() - self.last_seen_s

    @property
    def patience_s(self) -> float:
        """Silence that means trouble: max(1 s, 5 samples); never for markers.

        An irregular stream is judged by the longest pause that it has shown itself.
        """
        if self.found.type == "Markers" or self.found.channel_format == "string":
            return math.inf
        if self.found.nominal_hz > 0:
            return max(1.0, 5 / self.found.nominal_hz)
        if self.found.type in _ALWAYS_ON:
            return 1.0
        if self.stats.samples < _RHYTHM:
            return math.inf
        return max(1.0, 5 * self.stats.longest_s)

    def status(self) -> dict[str, Any]:
        """Return what a live table shows of this stream."""
        state = "lost" if self.lost else "ok" if self.told_since_s is None else "silent"
        state = "connecting" if self.connecting else state
        return {
            "name": self.found.name,
            "type": self.found.type,
            "host": self.found.hostname,
            "state": state,
            "declared_hz": self.found.nominal_hz,
            "samples": self.stats.samples,
            "lost": self.stats.total().lost,
            "rate_hz": round(self.stats.recent_hz, 2),
            "age_s": round(self.age_s, 3),
            "silent": state in ("silent", "lost"),
            "offset_ms": _rounded(self._offset[1] * 1e3),
            "uncertainty_ms": _rounded(self._offset[2] * 1e3),
            "ring": str(self._ring.path) if self._ring else "",
            "gaze": self._gaze,
        }

    def summary(self) -> dict[str, Any]:
        """Return what the finished recording says of this stream."""
        stats = self.stats.total()
        return {
            "name": self.found.name,
            "type": self.found.type,
            "host": self.found.hostname,
            "declared_hz": self.found.nominal_hz,
            "samples": self._sink.writer.count(self.number) if self.number else 0,
            "effective_hz": round(stats.effective_hz, 3),
            "lost": stats.lost,
            "gaps": [[round(start, 4), round(length, 4)] for start, length in stats.gaps],
            "problem": str(self.problem or ""),
        }

    def take_offset(self) -> None:
        """Write the newest measurement of the sender's clock, if there is a new one."""
        inlet = self._inlet
        measured = inlet.clock_offset(timeout_s=0.0) if inlet is not None else None
        if measured is not None and measured[0] != self._offset[0]:
            self._offset = measured
            self._sink.writer.offset(self.number, measured[0], measured[1])

    # The thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (found := self._runs.get()) is not None:
                self._one_run(found)
        except OSError as problem:
            self._sink.fail(problem)

    def _one_run(self, found: Found) -> None:
        """Receive from one run of the sender until it is lost, replaced, or the end."""
        inlet: Inlet | None = None
        try:
            inlet = Inlet(found)
            inlet.open(_OPEN_S)
            inlet.clock_offset(timeout_s=0.0)  # begins to measure; there is no answer yet
            self.lost, self.connecting = False, not self._runs.empty()
            self.settled.set()
            self._sink.begin.wait()
            if self._sink.stop.is_set() and self.header is None:
                return
            self._describe(inlet)
            self._inlet = inlet
            self._receive(inlet)
        except EmerError as problem:
            self._lose(problem)
        finally:
            self._inlet = None
            if inlet is not None:
                inlet.close()

    def _lose(self, problem: EmerError) -> None:
        """The sender is gone; not news when its next run is already waiting."""
        if self._runs.empty():
            self.problem = problem
            self.lost, self.lost_since_s = True, clock.now_s()
            self.connecting = False
        self.settled.set()

    def _describe(self, inlet: Inlet) -> None:
        """Enter the stream in the file, the first time it answers."""
        if self.header is not None:
            return
        self.header = inlet.header
        self.number = self._sink.writer.add_stream(inlet.header_xml)
        layout = gaze_layout(self.header)
        if layout is not None:  # where a display finds the gaze: the stamp comes first
            columns = {role: index + 1 for role, index in layout.columns.items()}
            self._gaze = {
                "normalised": layout.normalised,
                "valid_from": layout.valid_from,
                **columns,
            }
        folder = self._sink.ring_folder
        if folder is not None and self.header.channel_format != "string":
            path = folder / f"{self.number:02d}.ring"
            self._ring = RingWriter(path, _RING_ROWS, (self.header.channel_count + 1,))

    def _receive(self, inlet: Inlet) -> None:
        marker = self.found.channel_format == "string"
        if not self.stats.samples:
            self.last_seen_s = clock.now_s()
        while not self._sink.stop.is_set() and self._runs.empty():
            self._pull(inlet, _PULL_S, sync=marker)
            if not marker:
                self._sink.stop.wait(_GATHER_S)
        while self._pull(inlet, 0.0, sync=False) == _MOST:
            pass  # what has arrived by now, and no more: the sender may go on for ever

    def _pull(self, inlet: Inlet, timeout_s: float, *, sync: bool) -> int:
        values, stamps = inlet.pull(timeout_s, _MOST)
        if len(stamps):
            self._sink.writer.samples(self.number, stamps, values, sync=sync)
            self.last_seen_s = clock.now_s()
            self._sink.arrivals.note(self.number, self.found, stamps, self.last_seen_s)
            self.stats.add(stamps)
            if self._ring is not None:
                self._ring.write_rows(np.column_stack([stamps, values]))
        return len(stamps)


def _rounded(value: float) -> float | None:
    """Return a number for JSON, which has no NaN."""
    return None if math.isnan(value) else round(value, 4)
