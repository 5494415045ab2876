"""Whether the chains of a store hold: what was changed, lost, moved, doubled or forged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from emer_studio.labels.events import LabelEvent, head_hash, payload_hash
from emer_studio.labels.seat import seat_id, signed_by

__all__ = ["BROKEN_BEFORE", "Finding", "examine", "public_key_of"]

BROKEN_BEFORE = "it was broken already before the upgrade"
Heads = dict[str, tuple[int, str]]
"""Place and hash of the last event of each seat, as an event states them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a store.

    Attributes
    ----------
    event_id : str
        The event; of one that is missing, the next one there is, or the one that
        vouches for it.
    seat : str
    seq : int
        Place in the seat's chain.
    what : str
        In words.
    """

    event_id: str
    seat: str
    seq: int
    what: str


def examine(events: Iterable[LabelEvent], *, partial: bool = False) -> list[Finding]:
    """Look at every chain.

    Parameters
    ----------
    events : iterable of LabelEvent
        All of a store, the store's own acts too, as they are stored.
    partial : bool
        The reader is not shown everything (a rater on a server): a chain whose
        beginning is hidden is not judged, nor is what only others explain.
    """
    chains: dict[str, list[LabelEvent]] = defaultdict(list)
    for event in events:
        chains[event.seat].append(event)
    for chain in chains.values():
        chain.sort(key=lambda event: event.seq)
    everything = [event for chain in chains.values() for event in chain]
    explained = _erased_by_name(everything)
    found: list[Finding] = []
    for chain in chains.values():
        if partial and chain[0].seq != 0:
            continue
        found += _in_chain(chain, explained, partial=partial)
    if not partial:
        found += _cut_off(everything, chains)
        found += _before_the_upgrade(everything)
        found += _doubled(everything)
    return sorted(found, key=lambda finding: (finding.seat, finding.seq))


def public_key_of(chain: Sequence[LabelEvent]) -> str:
    """Return the public key that a chain begins with; empty when it does not fit."""
    first = chain[0]
    value = first.value if first.op == "seat" and isinstance(first.value, dict) else {}
    key = value.get("public_key")
    try:
        return key if isinstance(key, str) and seat_id(key) == first.seat else ""
    except ValueError:
        return ""


def _in_chain(
    chain: list[LabelEvent], explained: set[str], *, partial: bool
) -> Iterator[Finding]:
    legacy = not chain[0].signed
    key = "" if legacy else public_key_of(chain)
    expected, before = (1 if legacy else 0), ""
    if not legacy and not key:
        yield _of(chain[0], "its chain does not begin with the key of its seat")
    for event in chain:
        if event.seq < expected:
            yield _of(event, f"place {event.seq} of its seat is taken twice")
        elif event.seq > expected:
            gone = event.seq - expected
            yield _of(event, f"{gone} event{'s' * (gone > 1)} before it are missing")
        elif event.prev_hash != before:
            yield _of(event, "it does not follow the event before it: moved or replaced")
        yield from _by_itself(event, key, explained, partial=partial)
        expected, before = event.seq + 1, event.hash


def _by_itself(
    event: LabelEvent, key: str, explained: set[str], *, partial: bool
) -> Iterator[Finding]:
    if event.hash != head_hash(event):
        yield _of(event, "who, when or what kind of act was changed")
    if event.erased:
        if event.hash not in explained and not partial:
            yield _of(event, "erased, and no erasure tells of it")
    elif event.payload_hash != payload_hash(event):
        yield _of(event, "its content was changed")
    if event.signed and not (key and signed_by(key, event.hash, event.signature)):
        yield _of(event, "not signed by its seat")


def _erased_by_name(events: Iterable[LabelEvent]) -> set[str]:
    lists = [e.value for e in events if e.op == "erase" and isinstance(e.value, list)]
    return {hash_ for hashes in lists for hash_ in hashes}


def _heads(event: LabelEvent) -> Heads:
    value = event.value if isinstance(event.value, dict) else {}
    heads = value.get("heads") if event.op in ("freeze", "upgrade") else None
    return heads if isinstance(heads, dict) else {}


def _cut_off(
    events: list[LabelEvent], chains: dict[str, list[LabelEvent]]
) -> Iterator[Finding]:
    """Yield chains that are shorter than, or other than, another event says they were."""
    for event in events:
        for seat, (seq, hash_) in _heads(event).items():
            there = {other.seq: other.hash for other in chains.get(seat, ())}
            if there.get(seq) != hash_:
                known = max(there, default=0)
                lost = f"now only up to {known}" if known < seq else "now it has others"
                what = f"at {event.utc} seat {seat} had events up to {seq}: {lost}"
                yield Finding(event.event_id, seat, seq, what)


def _before_the_upgrade(events: list[LabelEvent]) -> Iterator[Finding]:
    """Yield unsigned events that no upgrade vouches for, and what it found broken."""
    upgrades = [event for event in events if event.op == "upgrade" and event.signed]
    ends = {seat: head[0] for event in upgrades for seat, head in _heads(event).items()}
    values = [event.value for event in upgrades if isinstance(event.value, dict)]
    broken = {id_ for value in values for id_ in value.get("broken", ())}
    for event in events:
        if not event.signed and event.seq > ends.get(event.seat, 0):
            yield _of(event, "unsigned, and no upgrade vouches for it")
        if event.event_id in broken:
            yield _of(event, BROKEN_BEFORE)


def _doubled(events: list[LabelEvent]) -> Iterator[Finding]:
    first: dict[str, LabelEvent] = {}
    for event in events:
        other = first.setdefault(event.event_id, event)
        if other is not event:
            yield _of(event, f"the same event stands at {other.seat} {other.seq}")


def _of(event: LabelEvent, what: str) -> Finding:
    return Finding(event.event_id, event.seat, event.seq, what)
