"""Which streams on the network belong to the recording: late, restarted, twins, strangers.

liblsl recovers a lost stream by name, type, shape and source id, and never looks at the
host: two rooms that use one id get connected to each other. Here a track goes on by itself
only on the host where it began. A stream of the same name from elsewhere is recorded
apart, so that nothing is lost and nothing is mixed, and the operator is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from emer_studio.streams.inlets import Found, matches, same_source

__all__ = ["Add", "GoOn", "Lookout", "Tell"]

# A sender that was killed still seems to be there for 3 s (see `streams.inlets.Network`).
_SURE_S = 3.5


@dataclass(frozen=True, slots=True)
class GoOn:
    """Let a track continue with another run of its sender."""

    track: Watched
    found: Found


@dataclass(frozen=True, slots=True)
class Add:
    """Record a stream from now on, as one of its own."""

    found: Found
    query: str
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Something that the operator should know."""

    what: str


class Watched(Protocol):
    """What is asked of a track."""

    found: Found
    lost: bool
    lost_since_s: float
    connecting: bool
    query: str

    @property
    def quiet(self) -> bool:
        """Whether nothing came from it for so long that it may be gone."""


class Lookout:
    """Compare what is on the network with what is recorded.

    Parameters
    ----------
    queries : sequence of str
        What is to be recorded, see `streams.inlets.matches`; empty for everything.
    """

    def __init__(self, queries: Sequence[str]) -> None:
        self.queries = list(queries)
        self._first_seen: dict[str, float] = {}
        self._told: set[str] = set()

    def missing(self, tracks: Sequence[Watched]) -> list[str]:
        """Return the queries that no track answers yet."""
        answered = {track.query for track in tracks}
        return [query for query in self.queries if query not in answered]

    def look(
        self, seen: Sequence[Found], tracks: Sequence[Watched], now_s: float
    ) -> Iterator[GoOn | Add | Tell]:
        """Say what to do now."""
        here = {found.uid for found in seen}
        yield from self._same_runs(here, tracks, now_s)
        known = {track.found.uid for track in tracks}
        for found in seen:
            if found.uid in known:
                continue
            since_s = now_s - self._first_seen.setdefault(found.uid, now_s)
            known.add(found.uid)
            yield from self._judge(found, since_s, here, tracks)

    def _same_runs(
        self, here: set[str], tracks: Sequence[Watched], now_s: float
    ) -> Iterator[GoOn]:
        """Reconnect to senders that never stopped: only the connection was lost."""
        for track in tracks:
            sure = now_s - track.lost_since_s > _SURE_S
            if track.lost and not track.connecting and sure and track.found.uid in here:
                yield GoOn(track, track.found)

    def _judge(
        self, found: Found, since_s: float, here: set[str], tracks: Sequence[Watched]
    ) -> Iterator[GoOn | Add | Tell]:
        """Judge a stream that is not recorded."""
        kin = [track for track in tracks if same_source(track.found, found)]
        if any(track.connecting for track in kin):
            return  # it may be the very one
        gone = [
            track
            for track in kin
            if track.lost or (track.found.uid not in here and track.quiet)
        ]
        again = next((t for t in gone if t.found.hostname == found.hostname), None)
        if again is not None:
            if not found.source_id:
                yield from self._tell_once(
                    f"stream {found.name} has no source id: a new sender of the same name,"
                    f" type and channels on {found.hostname} is taken for the same one"
                )
            yield GoOn(again, found)
        elif gone:
            yield Add(
                found,
                gone[0].query,
                f"stream {found.name} was on {gone[0].found.hostname} and is now on"
                f" {found.hostname}: recorded as a stream of its own; please look which"
                " one is yours",
            )
        elif kin:
            if since_s > _SURE_S:
                yield from self._twin(found, kin[0])
        else:
            yield from self._stranger(found, tracks)

    def _twin(self, found: Found, track: Watched) -> Iterator[Add | Tell]:
        where = f"on {found.hostname}" if found.hostname else "on another host"
        what = (
            f"a second stream {found.name} with the source id {found.source_id!r} {where}"
        )
        if self.queries:
            yield from self._tell_once(
                f"{what} is not recorded; ours is on {track.found.hostname}"
            )
        else:
            yield Add(found, "", f"{what} is recorded as a stream of its own")

    def _stranger(self, found: Found, tracks: Sequence[Watched]) -> Iterator[Add]:
        late = f"stream {found.name} appeared late: recorded from now on"
        if not self.queries:
            yield Add(found, "", late)
            return
        for query in self.missing(tracks):
            if matches(found, query):
                yield Add(found, query, late)
                return

    def _tell_once(self, what: str) -> Iterator[Tell]:
        if what not in self._told:
            self._told.add(what)
            yield Tell(what)
