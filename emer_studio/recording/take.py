"""One take of ``record``: a recorder, the disk it fills, and what it reports."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import WorkFailedError
from emer_studio.recording.recorder import Recorder
from emer_studio.streams.inlets import Found, Network

__all__ = ["TICK_S", "Take"]

TICK_S = 0.1
_STATUS_EVERY = 5  # ticks
_WARN_GB, _STOP_GB = 5.0, 1.0  # as Pupil Capture warns and stops


class Take:
    """A recording from its first sample to its summary.

    Parameters
    ----------
    path : Path
        File to create.
    chosen, queries, also, network, ring_folder
        See `recording.recorder.Recorder`.
    console : Console
        Hears findings and, twice a second, the status.
    on_status : callable
        Called with the table, what is missing, and a line about time and disk.
    """

    def __init__(
        self,
        path: Path,
        chosen: Sequence[tuple[str, Found]],
        *,
        queries: Sequence[str],
        also: Sequence[str] = (),
        network: Network,
        console: Console,
        ring_folder: Path | None = None,
        on_status: Callable[[list[dict[str, Any]], list[str], str], None] = (
            lambda _table, _missing, _line: None
        ),
    ) -> None:
        self.path, self._console, self._on_status = path, console, on_status
        if (free_gb := _free_gb(path.parent)) < _STOP_GB:
            raise WorkFailedError(
                f"Only {free_gb:.1f} GB are free in {path.parent}; nothing was recorded.",
                fix="Make room on the disk.",
            )
        self.recorder = Recorder(
            path,
            chosen,
            on_event=self._event,
            queries=queries,
            also=also,
            network=network,
            ring_folder=ring_folder,
        )
        self._ticks, self._warned, self._full = 0, False, ""
        self.recorder.start()
        self._began = time.monotonic()
        console.event("recording", path=str(path), streams=self.recorder.watch())
        for query in self.recorder.missing():
            if query in also:
                what = f"there is no stream {query!r}: it is recorded as soon as it comes"
                self._event("finding", what=what)

    @property
    def seconds(self) -> float:
        """How long it has been recording."""
        return time.monotonic() - self._began

    @property
    def problem(self) -> str:
        """Why it has to end now; empty while all is well."""
        return self.recorder.problem or self._full

    def tick(self) -> None:
        """Watch the streams and the disk; call this every `TICK_S`."""
        table = self.recorder.watch()
        self._ticks += 1
        if self._ticks % _STATUS_EVERY:
            return
        free_gb = _free_gb(self.path.parent)
        self._console.event("status", streams=table, free_gb=_rounded(free_gb))
        line = f"{self.path.name}   {self.seconds:.0f} s   {free_gb:.0f} GB free"
        self._on_status(table, self.recorder.missing(), line)
        if free_gb < _STOP_GB:
            self._full = f"Only {free_gb:.1f} GB are free: the recording was closed."
        elif free_gb < _WARN_GB and not self._warned:
            self._warned = True
            self._event("finding", what=f"only {free_gb:.1f} GB are free")

    def finish(self) -> dict[str, Any]:
        """Close the file and return the summary."""
        stopping = time.monotonic()
        streams = self.recorder.stop()
        return {
            "xdf": str(self.path),
            "streams": streams,
            "seconds": round(stopping - self._began, 3),
            "stop_s": round(time.monotonic() - stopping, 3),
            "problem": self.problem,
        }

    def _event(self, name: str, /, **fields: Any) -> None:
        """Pass an event on; a person reads findings as lines."""
        self._console.event(name, **fields)
        if not self._console.events and name == "finding":
            self._console.say(str(fields["what"]))


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)


def _free_gb(folder: Path) -> float:
    """Return the room on the disk of a folder; nan when the disk does not say."""
    try:
        return shutil.disk_usage(folder).free / 1e9
    except OSError:  # a network drive that is away for a moment: writing will tell
        return math.nan
