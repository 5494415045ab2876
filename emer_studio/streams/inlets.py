"""Inlets: finding streams on the network and pulling their samples."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pylsl

from emer_studio.core.errors import BadInputError, MissingError, StoppedError
from emer_studio.schema.streams import StreamHeader, parse_header
from emer_studio.streams.lsl import check_clock, offset_of

__all__ = ["Found", "Inlet", "find", "find_one", "matches"]

_POLL_S = 0.1
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
    uid: str
    info: pylsl.StreamInfo


def matches(found: Found, query: str) -> bool:
    """Tell whether a stream is the one asked for.

    `query` is a name, or ``id:SOURCE_ID``, or ``type:TYPE``.
    """
    if query.startswith("id:"):
        return found.source_id == query[3:]
    if query.startswith("type:"):
        return found.type == query[5:]
    return found.name == query


def find(wait_s: float = 1.0) -> list[Found]:
    """Return the streams on the network that answer within `wait_s`."""
    resolver = (
        pylsl.ContinuousResolver()
    )  # one-shot resolving may hang for 5 s (liblsl 1.18)
    time.sleep(wait_s)
    return _seen(resolver)


def _seen(resolver: pylsl.ContinuousResolver) -> list[Found]:
    return [
        Found(
            name=info.name(),
            type=info.type(),
            source_id=info.source_id(),
            hostname=info.hostname(),
            nominal_hz=info.nominal_srate(),
            channel_count=info.channel_count(),
            uid=info.uid(),
            info=info,
        )
        for info in resolver.results()
    ]


def find_one(
    query: str,
    *,
    timeout_s: float,
    on_wait: Callable[[float], None] = lambda _left_s: None,
    stop: Callable[[], bool] = lambda: False,
) -> Found:
    """Wait for exactly one stream that matches `query`.

    Parameters
    ----------
    query : str
        See `matches`.
    timeout_s : float
        How long to wait for it.
    on_wait : callable
        Called about once a second with the seconds left.
    stop : callable
        Asked all the time; True ends the wait.

    Raises
    ------
    StoppedError
        When `stop` says so.
    MissingError
        When it does not appear; the streams that are there are listed.
    BadInputError
        When several streams match.
    """
    resolver = pylsl.ContinuousResolver()
    deadline, told_s = time.monotonic() + timeout_s, timeout_s
    while True:
        time.sleep(_POLL_S)
        if stop():
            raise StoppedError(f"Nobody waits for the stream {query!r} any more.")
        seen = _seen(resolver)
        hits = [found for found in seen if matches(found, query)]
        if hits:
            time.sleep(_TWIN_S)
            hits = [found for found in _seen(resolver) if matches(found, query)]
        if len(hits) == 1:
            return hits[0]
        if len(hits) > 1:
            ids = "; ".join(f"id:{hit.source_id} on {hit.hostname}" for hit in hits)
            raise BadInputError(
                f"Expected one stream {query!r}, found {len(hits)}: {ids}.",
                fix="Name it by its source id, as id:SOURCE_ID.",
            )
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            names = ", ".join(sorted(found.name for found in seen)) or "none at all"
            raise MissingError(
                f"The stream {query!r} did not appear within {timeout_s:.0f} s."
                f" Streams on the network: {names}.",
                fix="Start its sender, and check that the firewall lets it through.",
            )
        if told_s - left_s >= 1.0 or told_s == timeout_s:
            told_s = left_s
            on_wait(left_s)


class Inlet:
    """The receiving end of one stream.

    Samples are kept as they were sent: raw stamps of the sender's clock, no correction.
    """

    def __init__(self, found: Found, *, recover: bool = True) -> None:
        check_clock()
        self._inlet: pylsl.StreamInlet | None = pylsl.StreamInlet(
            found.info, max_buflen=360, recover=recover and bool(found.source_id)
        )
        self.found = found
        self.header_xml = ""

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
        except (pylsl.LostError, TimeoutError) as problem:
            raise self._silent(problem) from None
        return self.header

    def _silent(self, problem: Exception) -> MissingError:
        return MissingError(
            f"The stream {self.found.name!r} was seen but does not answer ({problem}).",
            fix="Restart its sender; a firewall may block its data port.",
        )

    def open(self, timeout_s: float) -> None:
        """Fetch the full header and begin to receive.

        Raises
        ------
        MissingError
            When the sender does not answer.
        """
        assert self._inlet is not None
        self.fetch_header(timeout_s)
        try:
            self._inlet.open_stream(timeout_s)
        except (pylsl.LostError, TimeoutError) as problem:
            raise self._silent(problem) from None

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
        except pylsl.LostError:
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
