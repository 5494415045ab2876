"""Joining stores: signed events out of one file and into another store, in any order.

A seat's chain only grows, so joining is the longer of two chains. What does not fit (two
chains of one seat that differ, a signature that is not the seat's) is refused with the
seat's name, and nothing is taken over. Whatever any of the joined stores knows as erased is
erased afterwards.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.labels.chain import extend, frozen_as, put
from emer_studio.labels.erasing import erase_rows
from emer_studio.labels.events import PAYLOAD, LabelEvent
from emer_studio.labels.names import given_names, known_names
from emer_studio.labels.store import LabelStore
from emer_studio.labels.verify import examine

__all__ = ["Merged", "merge", "write_events"]

_FORMAT, _VERSION = "emer-studio-labels", 1
_NAMES = tuple(field.name for field in dataclasses.fields(LabelEvent))
_NOTHING = LabelEvent(event_id="", annotator="", op="")


@dataclass(frozen=True, slots=True)
class Merged:
    """What was taken over.

    Attributes
    ----------
    new, known : int
        Events that were not there before, and that were.
    seats : dict of str to int
        New events by the seat's name.
    erased : int
        Events that were erased, because their person withdrew here or elsewhere.
    late : int
        New labels in a pass that was frozen here before they came.
    """

    new: int
    known: int
    seats: dict[str, int]
    erased: int
    late: int


def write_events(store: LabelStore, out: Path, *, study: str = "") -> int:
    """Write a store's chains to a new file; return how many events.

    Parameters
    ----------
    store : LabelStore
    out : Path
    study : str
        Id of the store that they are for; empty for this store itself.
    """
    events = store.stored()
    if not events:
        raise BadInputError("There are no labels to hand over yet.")
    if out.exists():
        raise BadInputError(f"{out} already exists; nothing was written.")
    about = {"format": _FORMAT, "version": _VERSION, "study": study or store.store_id}
    ordered = sorted(events, key=lambda event: (event.seat, event.seq))
    lines = [json.dumps(_wire(event)) for event in ordered]
    half = out.with_name(f".{out.name}.part")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("labels.json", json.dumps(about))
        packed.writestr("events.jsonl", "\n".join(lines) + "\n")
    half.replace(out)
    return len(events)


def merge(
    store: LabelStore,
    files: Sequence[Path],
    *,
    is_withdrawn: Callable[[str], bool] = lambda _item: False,
) -> Merged:
    """Take over what `write_events` wrote: all of it, or nothing.

    Parameters
    ----------
    store : LabelStore
        The study's; on a server, as its lead.
    files : sequence of Path
    is_withdrawn : callable
        Tells by an item whether its participant has withdrawn: what is said of it is
        erased before it gets into the store.

    Raises
    ------
    BadInputError
        When a file is not of this study, a chain forks, has a hole or does not hold.
    """
    there = {(event.seat, event.seq): event for event in store.stored()}
    coming: dict[tuple[str, int], LabelEvent] = {}
    known = 0
    for file in files:
        for event in _events(file, store.store_id):
            place = (event.seat, event.seq)
            other = there.get(place) or coming.get(place)
            if other is None:
                coming[place] = event
            elif other.hash != event.hash:
                raise _refused(file, event, [*there.values(), *coming.values()])
            else:
                known += 1
                if event.erased and place in coming:
                    coming[place] = event
    _check(there, coming, store)
    erasures = [e for e in (*there.values(), *coming.values()) if e.op == "erase"]
    erased = {hash_ for event in erasures for hash_ in event.value or ()}
    forgotten = _forgotten(store, is_withdrawn)
    gone = [e.hash for e in coming.values() if not e.erased and forgotten(e.item)]
    emptied = erased | set(gone)
    new = [_emptied(e) if e.hash in emptied else e for e in coming.values()]
    to_empty = [e.hash for e in there.values() if not e.erased and e.hash in erased]
    frozen = store.frozen()
    _take_over(store, new, gone)
    if to_empty:
        erase_rows(store.database, to_empty, lambda _item: False)
    names = _names([*there.values(), *coming.values()])
    seats = Counter(names.get(event.seat, event.seat) for event in new)
    late = _late(store, {event.event_id for event in new}, frozen)
    return Merged(len(new), known, dict(seats), len(to_empty) + len(gone), late)


def _late(store: LabelStore, new: set[str], frozen: Container[tuple[str, str]]) -> int:
    """Count new labels in what was frozen before; by the study's names of the items."""
    return sum(
        event.op == "set"
        and event.event_id in new
        and (frozen_as(event.stage), event.item) in frozen
        for event in store.events()
    )


def _take_over(store: LabelStore, new: list[LabelEvent], gone: list[str]) -> None:
    seat = store.seat()
    with store.database.writing(seat.seat) as connection:
        put(connection, sorted(new, key=lambda event: (event.seat, event.seq)))
        if gone:
            told = LabelEvent(
                event_id=uuid.uuid4().hex,
                annotator="(withdrawal)",
                op="erase",
                value=gone,
                input="command",
            )
            extend(connection, seat, [told])


def _check(
    there: dict[tuple[str, int], LabelEvent],
    coming: dict[tuple[str, int], LabelEvent],
    store: LabelStore,
) -> None:
    """Refuse what would not hold, and labels under a name that was given to another."""
    everything = [*there.values(), *coming.values()]
    ids = {event.event_id for event in coming.values()}
    known = set(there)
    for finding in examine(everything):
        if finding.event_id in ids and (finding.seat, finding.seq) not in known:
            name = _names(everything).get(finding.seat, finding.seat)
            raise BadInputError(
                f"What comes from {name} does not hold: event {finding.seq} is"
                f" {finding.what}. Nothing was merged.",
                fix="Ask for it again; if it stays so, somebody changed it.",
            )
    given = given_names(store.database)
    for event in coming.values():
        owner = given.get(event.item, event.annotator)
        if owner != event.annotator:
            raise BadInputError(
                f"{event.annotator} labelled {event.item}, which was given to {owner}."
                " Nothing was merged."
            )


def _refused(file: Path, event: LabelEvent, events: list[LabelEvent]) -> BadInputError:
    name = _names(events).get(event.seat, event.seat)
    return BadInputError(
        f"{file}: the chain of {name} forks at event {event.seq}: it went on in two places"
        " apart. Nothing was merged.",
        fix="One of the two comes from an older copy that was put back and labelled in.",
    )


def _forgotten(
    store: LabelStore, is_withdrawn: Callable[[str], bool]
) -> Callable[[str], bool]:
    """Tell by an item, or by its opaque name, whether it was erased here."""
    names = known_names(store.database)

    def forgotten(item: str) -> bool:
        stands_for = names[item].item if item in names else item
        return (item in names and not stands_for) or is_withdrawn(stands_for)

    return forgotten


def _names(events: Iterable[LabelEvent]) -> dict[str, str]:
    """Return the readable names of seats, by their ids."""
    introduced = (e for e in events if e.op == "seat" and isinstance(e.value, dict))
    return {e.seat: f"{e.value.get('name')} ({e.seat[:8]})" for e in introduced}


def _emptied(event: LabelEvent) -> LabelEvent:
    return replace(event, erased=True, **{n: getattr(_NOTHING, n) for n in PAYLOAD})


def _wire(event: LabelEvent) -> dict[str, Any]:
    left_out = ("erased", *(PAYLOAD if event.erased else ()))
    return {name: getattr(event, name) for name in _NAMES if name not in left_out}


def _events(file: Path, study: str) -> list[LabelEvent]:
    try:
        with zipfile.ZipFile(file) as packed:
            about = json.loads(packed.read("labels.json"))
            lines = packed.read("events.jsonl").decode().splitlines()
        if about["format"] != _FORMAT:
            raise KeyError("format")
        events = [_read(json.loads(line)) for line in lines] if _fits(about) else []
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as problem:
        raise BadInputError(
            f"{file} holds no labels that were handed over: {problem}.",
            fix="Make it with: emer-studio labels bundle-out FOLDER --out FILE",
        ) from None
    if not _fits(about):
        raise BadInputError(
            f"{file} has version {about.get('version')}; this program knows {_VERSION}.",
            fix="Update EMER Studio.",
        )
    if about.get("study") != study:
        raise BadInputError(f"{file} belongs to another study. Nothing was merged.")
    return events


def _fits(about: dict[str, Any]) -> bool:
    return about.get("version") == _VERSION


def _read(line: dict[str, Any]) -> LabelEvent:
    erased = "salt" not in line
    event = LabelEvent(**line, erased=erased)
    if not all(isinstance(getattr(event, n), str) for n in ("seat", "hash", "item", "utc")):
        raise TypeError("an event of the wrong kind")
    return event
