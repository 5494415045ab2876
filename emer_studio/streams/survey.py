"""What is on the network, kept up to date: what each stream is, and whether it sends."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from emer_studio.core.errors import EmerError
from emer_studio.schema.streams import GazeLayout, StreamHeader, recognise
from emer_studio.streams.inlets import Found, Inlet, Network
from emer_studio.streams.outlets import is_ours

__all__ = ["ANSWER_S", "Survey", "asked_as", "gaze_facts", "stream_facts"]

ANSWER_S = 3.0
"""Chosen by us: a sender that has not sent its header by then is stuck."""
_AGAIN_S = 1.0  # chosen by us: until a sender that did not answer is asked again
_PULL_S = 0.2  # chosen by us: a table that is read by eye needs no finer ages
_RATE_S = 3.0  # chosen by us: rates are told over this time
_SILENT_S = 1.5  # chosen by us: some senders send one chunk a second
_KEPT_S = 10.0  # chosen by us: long enough to see that a stream has gone
_GAZE_TYPES = ("gaze", "eye")


def stream_facts(found: Found) -> dict[str, Any]:
    """Return what a stream says of itself without being asked."""
    return {
        "name": found.name,
        "type": found.type,
        "host": found.hostname,
        "channels": found.channel_count,
        "declared_hz": found.nominal_hz,
        "source_id": found.source_id,
    }


def gaze_facts(header: StreamHeader, layout: GazeLayout | None) -> dict[str, Any]:
    """Return what a stream is as gaze: the recognised layout, or why it is none."""
    if layout is not None:
        return {
            "layout": layout.name,
            "usable": layout.usable,
            "why_not": layout.refusal,
            "fix": layout.fix,
            "doubts": list(layout.doubts),
        }
    why = "its channels do not say which of them are the gaze"
    why = why if _gaze_type(header.type) else ""
    return {"layout": "", "usable": False, "why_not": why}


def _gaze_type(text: str) -> bool:
    return any(word in text.lower() for word in _GAZE_TYPES)


def asked_as(streams: Sequence[Found]) -> list[str]:
    """Return how each stream is asked for.

    By its name; of several with one name by its source id, and by its uid where that
    does not tell them apart either.
    """
    names = Counter(s.name for s in streams)
    ids = Counter(s.source_id for s in streams)

    def query(s: Found) -> str:
        if names[s.name] == 1:
            return s.name
        own = bool(s.source_id) and ids[s.source_id] == 1
        return f"id:{s.source_id}" if own else f"uid:{s.uid}"

    return [query(s) for s in streams]


class Survey:
    """Listens to every stream that there is, each on a thread of its own, until `close`."""

    def __init__(self) -> None:
        self._network = Network()
        self._listeners: dict[str, _Listener] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each stream, also for those that have just gone.

        Beside `stream_facts` and, once the sender has answered, `gaze_facts`: ``uid``,
        ``query`` (see `asked_as`; empty for what has gone), ``ours``, ``simulated``,
        ``rate_hz``, ``age_s`` (since the last sample, None before the first; since when
        it has gone), ``why`` and
        ``state``, one of asking, unanswered, sending, silent, quiet (irregular, nothing
        lately), there (ours, not listened to), gone.
        """
        now_s = time.monotonic()
        seen = {found.uid: found for found in self._network.seen()}
        for uid, found in seen.items():
            if uid not in self._listeners:
                self._listeners[uid] = _Listener(found)
            self._listeners[uid].seen_s = now_s
        for uid, one in tuple(self._listeners.items()):
            returned = uid not in seen and any(
                _same_place(one.found, f) for f in seen.values()
            )
            if returned or now_s - one.seen_s > _KEPT_S:
                self._listeners.pop(uid).stop.set()
        there = [
            one.found for one in self._listeners.values() if one.state(now_s) != "gone"
        ]
        queries = dict(zip((f.uid for f in there), asked_as(there), strict=True))
        rows = [
            {"query": queries.get(uid, ""), **one.row(now_s)}
            for uid, one in self._listeners.items()
        ]
        return sorted(rows, key=lambda row: (str(row["name"]).lower(), str(row["host"])))

    def close(self) -> None:
        """Stop listening."""
        for one in self._listeners.values():
            one.stop.set()
        for one in self._listeners.values():
            one.thread.join()
        self._listeners.clear()


class _Listener:
    """Asks one run of one sender what it is, then counts what it sends.

    Our camera and microphone hold their rows back until somebody listens, which has to be
    the recorder: of what we send ourselves only gaze is listened to.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self._only_asked = is_ours(found.source_id) and not _gaze_type(found.type)
        self.seen_s = time.monotonic()
        self.stop = threading.Event()
        self._facts: dict[str, Any] = {}
        self._why = ""
        self._lost = False
        self._came: deque[tuple[float, int]] = deque()
        self._open_s: float | None = None  # since when it may be heard
        self._gone_s: float | None = None
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name=f"listen-{found.name}")
        self.thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self._listen()
            except EmerError as problem:
                self._why, self._lost = problem.message, self._open_s is not None
            self.stop.wait(_AGAIN_S)

    def _listen(self) -> None:
        inlet = Inlet(self.found)
        try:
            if self._only_asked:
                inlet.fetch_header(_AGAIN_S)
            else:
                inlet.open(ANSWER_S, self.stop.is_set)
            header = inlet.header
            facts = {"simulated": header.simulated, **gaze_facts(header, recognise(header))}
            self._facts, self._why, self._lost = facts, "", False
            self._open_s = self._open_s or time.monotonic()
            while not self.stop.wait(_PULL_S):
                if not self._only_asked:
                    self._count(inlet)
        finally:
            inlet.close()

    def _count(self, inlet: Inlet) -> None:
        count = 0
        while len(stamps := inlet.pull(0.0)[1]):
            count += len(stamps)
        with self._lock:
            if count:
                self._came.append((time.monotonic(), count))
            while len(self._came) > 1 and self._came[-1][0] - self._came[0][0] > _RATE_S:
                self._came.popleft()

    def state(self, now_s: float) -> str:
        """Return the state in one word, see `Survey.rows`."""
        if self._lost or now_s > self.seen_s:
            return "gone"
        if self._open_s is None:
            return "unanswered" if self._why else "asking"
        if self._only_asked:
            return "there"
        if now_s - self._last_s(self._open_s) <= _SILENT_S:
            return "sending" if self._came else "asking"
        return "silent" if self.found.nominal_hz else "quiet"

    def _last_s(self, else_s: float) -> float:
        with self._lock:
            return self._came[-1][0] if self._came else else_s

    def row(self, now_s: float) -> dict[str, Any]:
        """Return everything about it."""
        with self._lock:
            came = tuple(self._came)
        state = self.state(now_s)
        self._gone_s = (self._gone_s or now_s) if state == "gone" else None
        last_s = self._gone_s or (came[-1][0] if came else None)
        span_s = came[-1][0] - came[0][0] if came else 0.0
        rate = sum(count for _, count in came[1:]) / span_s if span_s else 0.0
        return {
            **stream_facts(self.found),
            "uid": self.found.uid,
            "ours": is_ours(self.found.source_id),
            "simulated": False,
            "layout": "",
            "usable": False,
            "why_not": "",
            **self._facts,
            "state": state,
            "rate_hz": round(rate, 1),
            "age_s": None if last_s is None else round(max(now_s - last_s, 0.0), 1),
            "why": self._why,
        }


def _same_place(one: Found, other: Found) -> bool:
    """Tell whether a stream that has gone is another's earlier run."""
    return (one.name, one.source_id, one.hostname) == (
        other.name,
        other.source_id,
        other.hostname,
    )
