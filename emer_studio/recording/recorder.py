"""The recorder: LSL inlets on one side, one XDF file on the other.

Each inlet has a thread of its own that hands every chunk straight to the writer; one more
thread measures clock offsets; the caller's thread watches for silence. Nothing here knows
what a session is.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.core.errors import EmerError
from emer_studio.core.ring import RingWriter
from emer_studio.recording.gaps import stream_stats
from emer_studio.recording.xdf import XdfWriter
from emer_studio.schema.streams import StreamHeader, gaze_layout
from emer_studio.streams.inlets import Found, Inlet

__all__ = ["Recorder"]

logger = logging.getLogger(__name__)
_PULL_S = 0.1  # chosen by us: a chunk reaches the disk at most this late
_GATHER_S = 0.03  # between pulls of a fast stream, so that a chunk holds several samples
_OFFSET_EVERY_S = 1.0  # liblsl measures every 2 s; asking more often costs nothing
_RING_ROWS = 2048
_MOST = 4096  # samples of one pull


class _Track:
    """One stream on its way to the file."""

    def __init__(self, inlet: Inlet, writer: XdfWriter, ring_folder: Path | None) -> None:
        self.inlet = inlet
        self.header: StreamHeader = inlet.header
        self.number = writer.add_stream(inlet.header_xml)
        self.stamps: list[npt.NDArray[np.float64]] = []
        self.samples = 0
        self.last_seen_s = clock.now_s()
        self.silent = False
        self.problem = ""
        self.uncertainty_s = float("nan")
        self.last_offset = (float("nan"), float("nan"))
        self.ring: RingWriter | None = None
        if ring_folder is not None and self.header.channel_format != "string":
            path = ring_folder / f"{self.number:02d}.ring"
            self.ring = RingWriter(path, _RING_ROWS, (self.header.channel_count + 1,))

    @property
    def patience_s(self) -> float:
        """Silence that means trouble: max(1 s, 5 samples); never for markers."""
        if self.header.type == "Markers" or self.header.channel_format == "string":
            return float("inf")
        rate = self.header.nominal_hz
        return max(1.0, 5 / rate) if rate > 0 else 1.0

    def show(self, values: npt.NDArray[Any], stamps_s: npt.NDArray[np.float64]) -> None:
        if self.ring is not None:
            for row, stamp in zip(values, stamps_s, strict=True):
                self.ring.write(np.concatenate([[stamp], row.astype(np.float64)]))

    def status(self, window_s: float = 3.0) -> dict[str, Any]:
        """Return what a live table shows of this stream."""
        recent = np.concatenate(self.stamps[-64:]) if self.stamps else np.empty(0)
        recent = recent[recent > recent[-1] - window_s] if len(recent) else recent
        stats = stream_stats(recent, expected_hz=0.0)
        return {
            "name": self.header.name,
            "type": self.header.type,
            "declared_hz": self.header.nominal_hz,
            "samples": self.samples,
            "rate_hz": round(stats.effective_hz, 2),
            "age_s": round(clock.now_s() - self.last_seen_s, 3),
            "silent": self.silent,
            "offset_ms": _rounded(self.last_offset[1] * 1e3),
            "uncertainty_ms": _rounded(self.uncertainty_s * 1e3),
            "ring": str(self.ring.path) if self.ring else "",
            "gaze": self._gaze_columns(),
        }

    def _gaze_columns(self) -> dict[str, Any]:
        """Return where a display finds the gaze in a ring row (the stamp comes first)."""
        layout = gaze_layout(self.header) if self.header.type == "Gaze" else None
        if layout is None:
            return {}
        columns = {role: index + 1 for role, index in layout.columns.items()}
        return {"normalised": layout.normalised, **columns}


def _rounded(value: float) -> float | None:
    """Return a number for JSON, which has no NaN."""
    return None if math.isnan(value) else round(value, 4)


class Recorder:
    """Record a fixed set of streams into one new XDF file.

    Parameters
    ----------
    path : Path
        File to create; an existing one is refused.
    found : list of Found
        The streams to record.
    on_event : callable
        Called as ``on_event(name, **fields)`` for findings (silence, a stream that is
        back, a stream that is lost).
    ring_folder : Path, optional
        Where to offer the newest samples for display.
    """

    def __init__(
        self,
        path: Path,
        found: list[Found],
        *,
        on_event: Callable[..., None],
        ring_folder: Path | None = None,
    ) -> None:
        self._on_event = on_event
        self._stop = threading.Event()
        self.problem = ""
        inlets = [Inlet(stream) for stream in found]
        try:
            for inlet in inlets:
                inlet.open(timeout_s=10.0)
            self._writer = XdfWriter(path)
        except EmerError:
            for inlet in inlets:
                inlet.close()
            raise
        self._tracks = [_Track(inlet, self._writer, ring_folder) for inlet in inlets]
        self._threads = [
            threading.Thread(
                target=self._receive, args=(track,), name=f"inlet-{track.number}"
            )
            for track in self._tracks
        ]
        self._threads.append(threading.Thread(target=self._measure_offsets, name="offsets"))

    def start(self) -> None:
        """Begin to receive."""
        for thread in self._threads:
            thread.start()

    def watch(self) -> list[dict[str, Any]]:
        """Report streams that fell silent or came back; return the live table."""
        for track in self._tracks:
            age_s = clock.now_s() - track.last_seen_s
            if not track.silent and age_s > track.patience_s:
                track.silent = True
                self._finding(track, f"silent for {age_s:.1f} s")
            elif track.silent and age_s < track.patience_s:
                track.silent = False
                self._finding(track, "is back")
        return [track.status() for track in self._tracks]

    def stop(self) -> list[dict[str, Any]]:
        """Take what is still on its way, close the file and return the summary."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        try:
            self._writer.close()
        except OSError as problem:  # a full disk: the samples are there, the footers not
            self.problem = self.problem or f"The footers cannot be written: {problem}."
        for track in self._tracks:
            track.inlet.close()
            if track.ring is not None:
                track.ring.close()
        return [self._summary(track) for track in self._tracks]

    def _finding(self, track: _Track, what: str) -> None:
        self._on_event("finding", what=f"stream {track.header.name}: {what}")

    def _receive(self, track: _Track) -> None:
        marker = track.header.channel_format == "string"
        try:
            while not self._stop.is_set():
                self._pull(track, _PULL_S, sync=marker)
                if not marker:
                    self._stop.wait(_GATHER_S)
            while self._pull(track, 0.0, sync=False) == _MOST:
                pass  # what has arrived by now, and no more: the sender may go on for ever
        except EmerError as problem:
            track.problem = str(problem)
            self._finding(track, "lost")
        except OSError as problem:
            track.problem = str(problem)
            self.problem = (
                f"The recording cannot be written: {problem.strerror or problem}."
            )
            self._on_event("error", text=self.problem)

    def _pull(self, track: _Track, timeout_s: float, *, sync: bool) -> int:
        values, stamps = track.inlet.pull(timeout_s, _MOST)
        if len(stamps):
            self._writer.samples(track.number, stamps, values, sync=sync)
            track.stamps.append(stamps)
            track.samples += len(stamps)
            track.last_seen_s = clock.now_s()
            track.show(values, stamps)
        return len(stamps)

    def _measure_offsets(self) -> None:
        wait_s = 0.1  # the first measurement at once: drift is known early
        while not self._stop.wait(wait_s):
            for track in self._tracks:
                if self._stop.is_set():
                    return
                measured = track.inlet.clock_offset(timeout_s=0.5)
                if measured is None or measured[0] == track.last_offset[0]:
                    continue
                collected_s, offset_s, track.uncertainty_s = measured
                track.last_offset = (collected_s, offset_s)
                try:
                    self._writer.offset(track.number, collected_s, offset_s)
                except OSError:
                    return  # the threads that carry samples report it
            wait_s = _OFFSET_EVERY_S

    def _summary(self, track: _Track) -> dict[str, Any]:
        stamps = np.concatenate(track.stamps) if track.stamps else np.empty(0)
        stats = stream_stats(stamps, expected_hz=track.header.nominal_hz)
        return {
            "name": track.header.name,
            "type": track.header.type,
            "declared_hz": track.header.nominal_hz,
            "samples": self._writer.count(track.number),
            "effective_hz": round(stats.effective_hz, 3),
            "lost": stats.lost,
            "gaps": [[round(start, 4), round(length, 4)] for start, length in stats.gaps],
            "problem": track.problem,
        }
