"""Inlets: finding streams on the network and pulling their samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pylsl
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeoutError

from emer_studio.core.errors import BadInputError, MissingError, StoppedError
from emer_studio.schema.streams import StreamHeader, parse_header
from emer_studio.streams.lsl import FORMATS, check_clock, offset_of

__all__ = [
    "Found",
    "Inlet",
    "Network",
    "find",
    "find_all",
    "find_one",
    "matches",
    "same_source",
]

_POLL_S = 0.1
_SLICE_S = 0.5  # chosen by us: how long a stop may have to wait for a sender that is stuck
_FORGET_S = 3.0  # chosen by us: six unanswered calls of liblsl's resolver, one each 0.5 s
_FORMAT_NAMES = {number: name for name, number in FORMATS.items()}
_TWIN_S = 0.4  # chosen by us: a second stream of the same name answers within this time


@dataclass(frozen=True, slots=True)
class Found:
    """A stream seen on the network."""

    name: str
    type: str
    source_id: str
    hostname: str
    nominal_hz: float
    channel_count: int
    channel_format: str
    uid: str
    info: pylsl.StreamInfo


def matches(found: Found, query: str) -> bool:
    """Tell whether a stream is the one asked for.

    `query` is a name, or ``id:SOURCE_ID``, ``type:TYPE`` or ``uid:UID``. A uid names one
    run of one sender.
    """
    kind, _, text = query.partition(":")
    if kind in ("id", "type", "uid") and text:
        return text == {"id": found.source_id, "type": found.type, "uid": found.uid}[kind]
    return found.name == query


def same_source(one: Found, other: Found) -> bool:
    """Tell whether two streams may be two runs of one sender, on whatever host.

    Source ids are what decides where there are any; the shape must agree in any case.
    """

    def identity(found: Found) -> tuple[object, ...]:
        shape = (found.channel_count, found.channel_format)
        return (found.name, found.type, found.source_id, *shape)

    return identity(one) == identity(other)


class Network:
    """The streams that answer at the moment, for as long as it exists.

    One-shot resolving may hang for 5 s (liblsl 1.18); this asks all the time instead.
    """

    def __init__(self) -> None:
        self._resolver = pylsl.ContinuousResolver(forget_after=_FORGET_S)

    def seen(self) -> list[Found]:
        """Return the streams that answered within the last seconds."""
        return [
            Found(
                name=info.name(),
                type=info.type(),
                source_id=info.source_id(),
                hostname=info.hostname(),
                nominal_hz=info.nominal_srate(),
                channel_count=info.channel_count(),
                channel_format=_FORMAT_NAMES.get(info.channel_format(), "undefined"),
                uid=info.uid(),
                info=info,
            )
            for info in self._resolver.results()
        ]


def find(wait_s: float = 1.0) -> list[Found]:
    """Return the streams on the network that answer within `wait_s`."""
    network = Network()
    time.sleep(wait_s)
    return network.seen()


def find_one(
    query: str,
    *,
    timeout_s: float,
    on_wait: Callable[[float], None] = lambda _left_s: None,
    stop: Callable[[], bool] = lambda: False,
) -> Found:
    """Wait for exactly one stream that matches `query`; see `find_all`."""
    return find_all(
        [query],
        timeout_s=timeout_s,
        on_wait=lambda _missing, left_s: on_wait(left_s),
        stop=stop,
    )[query]


def find_all(
    queries: Sequence[str],
    *,
    timeout_s: float,
    some: bool = False,
    on_wait: Callable[[list[str], float], None] = lambda _missing, _left_s: None,
    stop: Callable[[], bool] = lambda: False,
    network: Network | None = None,
) -> dict[str, Found]:
    """Wait for exactly one stream for each query.

    Parameters
    ----------
    queries : sequence of str
        See `matches`.
    timeout_s : float
        How long to wait for all of them.
    some : bool
        After that time, be content with those that are there.
    on_wait : callable
        Called about once a second with the queries without a stream and the seconds left.
    stop : callable
        Asked all the time; True ends the wait.

    Raises
    ------
    StoppedError
        When `stop` says so.
    MissingError
        When one does not appear; the streams that are there are listed.
    BadInputError
        When several streams match one query.
    """
    network = network or Network()
    deadline, told_s = time.monotonic() + timeout_s, timeout_s
    while True:
        time.sleep(_POLL_S)
        if stop():
            raise StoppedError(f"Nobody waits for {_listed(queries)} any more.")
        left_s = deadline - time.monotonic()
        seen = network.seen()
        missing = [query for query in queries if not _hits(query, seen)]
        if not missing or (some and left_s <= 0):
            time.sleep(_TWIN_S)
            seen = network.seen()
            found = {q: _only(q, hits) for q in queries if (hits := _hits(q, seen))}
            if some or len(found) == len(queries):
                return found
        if left_s <= 0:
            names = ", ".join(sorted(found.name for found in seen)) or "none at all"
            raise MissingError(
                f"The stream {_listed(missing)} did not appear within {timeout_s:.0f} s."
                f" Streams on the network: {names}.",
                fix="Start its sender, and check that the firewall lets it through. Which"
                " sender an eye tracker needs: docs/trackers.md.",
            )
        if told_s - left_s >= 1.0 or told_s == timeout_s:
            told_s = left_s
            on_wait(missing, left_s)


def _listed(queries: Sequence[str]) -> str:
    return ", ".join(map(repr, queries))


def _hits(query: str, seen: Sequence[Found]) -> list[Found]:
    return [found for found in seen if matches(found, query)]


def _only(query: str, hits: list[Found]) -> Found:
    if len(hits) > 1:
        raise _several(query, hits)
    return hits[0]


def _several(query: str, hits: list[Found]) -> BadInputError:
    """Return the error that says which streams match one query."""
    ids = {hit.source_id for hit in hits}
    kind = "id" if len(ids) == len(hits) and "" not in ids else "uid"
    names = "; ".join(
        f"{kind}:{hit.source_id if kind == 'id' else hit.uid} on {hit.hostname}"
        for hit in hits
    )
    return BadInputError(
        f"Expected one stream {query!r}, found {len(hits)}: {names}.",
        fix="Ask for one of them in that form.",
    )


class Inlet:
    """The receiving end of one run of one sender.

    Samples are kept as they were sent: raw stamps of the sender's clock, no correction.
    liblsl's own recovery is off: it may connect to another host with the same source id,
    and says nothing when it does; who wants to go on looks at the `Network`.
    """

    def __init__(self, found: Found) -> None:
        check_clock()
        self.found = found
        self.header_xml = ""
        try:
            self._inlet: pylsl.StreamInlet | None = pylsl.StreamInlet(
                found.info, max_buflen=360, recover=False
            )
        except RuntimeError as problem:  # liblsl cannot use what it heard of the stream
            raise self._silent(problem) from None

    @property
    def header(self) -> StreamHeader:
        """The parsed header; `open` must have been called."""
        return parse_header(self.header_xml)

    def fetch_header(self, timeout_s: float) -> StreamHeader:
        """Ask the sender for its full header; no data flows yet.

        Raises
        ------
        MissingError
            When the sender does not answer.
        """
        assert self._inlet is not None
        try:
            self.header_xml = str(self._inlet.info(timeout_s).as_xml())
        except (LostError, LslTimeoutError) as problem:
            raise self._silent(problem) from None
        return self.header

    def _silent(self, problem: Exception) -> MissingError:
        return MissingError(
            f"The stream {self.found.name!r} was seen but does not answer ({problem}).",
            fix="Restart its sender; a firewall may block its data port.",
        )

    def open(self, timeout_s: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Fetch the full header and begin to receive.

        Parameters
        ----------
        timeout_s : float
            How long the sender may take.
        stop : callable
            Asked every half second; True ends the waiting.

        Raises
        ------
        MissingError
            When the sender does not answer.
        """
        assert self._inlet is not None
        deadline = time.monotonic() + timeout_s
        opened = self._inlet.open_stream
        for step in (self.fetch_header, opened):
            self._patiently(step, deadline, stop)

    def _patiently(
        self, step: Callable[[float], object], deadline: float, stop: Callable[[], bool]
    ) -> None:
        """Try a step in slices: liblsl cannot be called back from a long wait."""
        while True:
            try:
                step(_SLICE_S)
                return
            except (LostError, LslTimeoutError) as problem:
                last: Exception = self._silent(problem)
            except MissingError as problem:
                last = problem
            if stop() or time.monotonic() >= deadline:
                raise last from None

    def pull(
        self, timeout_s: float, max_samples: int = 4096
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
        """Wait up to `timeout_s` for samples and return all that are there.

        Returns
        -------
        values : ndarray, shape (n, n_channels)
            In the stream's own type; raw UTF-8 bytes for a string stream.
        stamps_s : ndarray, shape (n,), float64
            Sender's clock.

        Raises
        ------
        MissingError
            When the stream is lost for good.
        """
        assert self._inlet is not None
        try:
            values, stamps = self._inlet.pull_chunk(
                timeout=timeout_s, max_samples=max_samples, min_samples=1, as_numpy=True
            )
        except LostError:
            raise MissingError(f"The stream {self.found.name!r} is lost.") from None
        return values, np.asarray(stamps, dtype=np.float64)

    def clock_offset(self, timeout_s: float) -> tuple[float, float, float] | None:
        """Measure the sender's clock offset; see `streams.lsl.offset_of`."""
        inlet = self._inlet
        return None if inlet is None else offset_of(inlet, timeout_s)

    def close(self) -> None:
        """Stop receiving."""
        inlet, self._inlet = self._inlet, None
        if inlet is not None:
            inlet.close_stream()
