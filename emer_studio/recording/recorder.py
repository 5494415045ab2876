"""The recorder: LSL inlets on one side, one XDF file on the other.

Each inlet has a thread of its own that hands every chunk straight to the writer (`track`);
one more thread measures clock offsets; the caller's thread watches for silence and for
senders that come and go (`lookout`). Nothing here knows what a session is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.recording.lookout import Add, GoOn, Lookout, Tell
from emer_studio.recording.track import Sink, Track
from emer_studio.streams.inlets import Found, Network

__all__ = ["Recorder"]

logger = logging.getLogger(__name__)
_OFFSET_EVERY_S = 0.25  # twice as often as liblsl measures here (see `streams.lsl`)
_START_S = 12.0  # longer than a track needs to know that its sender does not answer


class Recorder:
    """Record streams into one new XDF file.

    Parameters
    ----------
    path : Path
        File to create; an existing one is refused.
    chosen : sequence of (str, Found)
        The streams to begin with, and what each was asked for by.
    on_event : callable
        Called as ``on_event(name, **fields)`` for findings (silence, a stream that is
        lost, back, late, elsewhere or there twice).
    queries : sequence of str
        Everything that is wanted, also what is not there yet; empty for every stream
        on the network.
    also : sequence of str
        The same, of which none has to answer.
    network : Network, optional
        Where to look for streams.
    ring_folder : Path, optional
        Where to offer the newest samples for display.
    """

    def __init__(
        self,
        path: Path,
        chosen: Sequence[tuple[str, Found]],
        *,
        on_event: Callable[..., None],
        queries: Sequence[str] = (),
        also: Sequence[str] = (),
        network: Network | None = None,
        ring_folder: Path | None = None,
    ) -> None:
        self._path, self._on_event = path, on_event
        self._network = network or Network()
        self._lookout = Lookout([*queries, *also] if queries else ())
        self._also = frozenset(also)
        self._sink = Sink(on_event, ring_folder)
        self._tracks = [Track(found, query, self._sink) for query, found in chosen]
        self._offsets = threading.Thread(target=self._measure_offsets, name="offsets")

    @property
    def problem(self) -> str:
        """Why the file cannot be written any more; empty while it can."""
        return self._sink.problem

    def start(self) -> None:
        """Connect to every stream, make the file, and begin to receive.

        Raises
        ------
        MissingError
            When a sender does not answer; nothing was written.
        BadInputError
            When the file exists.
        """
        for track in self._tracks:
            track.start()
        try:
            self._connect()
            self._sink.open(self._path)
        except BaseException:
            self._end_threads()
            raise
        self._offsets.start()

    def want(self, query: str) -> None:
        """Record one more stream, as soon as it is there."""
        self._lookout.queries.append(query)

    def watch(self) -> list[dict[str, Any]]:
        """Follow the senders; report what fell silent or came back; return the table."""
        for action in self._lookout.look(
            self._network.seen(), tuple(self._tracks), clock.now_s()
        ):
            self._do(action)
        for track in self._tracks:
            self._judge(track)
        return self.table()

    def table(self) -> list[dict[str, Any]]:
        """Return one row per stream."""
        return [track.status() for track in self._tracks]

    def missing(self) -> list[str]:
        """Return what is wanted and not there yet."""
        return self._lookout.missing(self._tracks)

    def stop(self) -> list[dict[str, Any]]:
        """Take what is still on its way, close the file and return the summary."""
        self._end_threads()
        return [track.summary() for track in self._tracks]

    # ---------------------------------------------------------------------------------

    def _connect(self) -> None:
        """Wait for the tracks; only what was asked for by name has to be there."""
        for track in self._tracks:
            if not track.settled.wait(_START_S):
                raise MissingError(f"The stream {track.found.name!r} does not answer.")
            if track.problem is None:
                continue
            if track.query and track.query not in self._also:
                raise track.problem
            self._on_event("finding", what=f"{track.problem} It is not recorded.")
        if self._tracks and all(track.problem is not None for track in self._tracks):
            raise MissingError("None of the streams on the network answers.")

    def _end_threads(self) -> None:
        self._sink.end()
        for track in self._tracks:
            track.join()
        if self._offsets.ident is not None:
            self._offsets.join()
        self._sink.close()

    def _do(self, action: Add | GoOn | Tell) -> None:
        if isinstance(action, GoOn):
            track = next(track for track in self._tracks if track is action.track)
            track.go_on_with(action.found)
        elif isinstance(action, Add):
            self._on_event("finding", what=action.why, stream=action.found.name)
            track = Track(action.found, action.query, self._sink)
            self._tracks.append(track)
            track.start()
        else:
            self._on_event("finding", what=action.what)

    def _judge(self, track: Track) -> None:
        """Tell, once each, that a stream fell silent, was lost, or is back."""
        if not track.settled.is_set():
            return
        age_s, name = track.age_s, track.found.name
        if track.lost or age_s > track.patience_s:
            if track.told_since_s is None:
                track.told_since_s = track.last_seen_s
                how = (
                    "silent, its sender is gone"
                    if track.lost
                    else f"silent for {age_s:.1f} s"
                )
                self._on_event("finding", what=f"stream {name}: {how}", stream=name)
        elif track.told_since_s is not None and not track.connecting:
            gap_s = clock.now_s() - track.told_since_s
            track.told_since_s = None
            self._on_event(
                "finding",
                what=f"stream {name}: is back after {gap_s:.1f} s",
                stream=name,
                gap_s=round(gap_s, 3),
            )

    def _measure_offsets(self) -> None:
        """Take every measurement that liblsl makes, until the end; never wait for one."""
        stopping = False
        while not stopping:
            stopping = self._sink.stop.wait(_OFFSET_EVERY_S)
            try:
                for track in tuple(self._tracks):
                    track.take_offset()
                self._sink.writer.keep_safe()
            except OSError as problem:
                self._sink.fail(problem)
                return
