"""``emer-studio labels seats``: who labelled from where, and how much."""

from __future__ import annotations

import argparse
import contextlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.labels.events import BOOKKEEPING, LEGACY, LabelEvent
from emer_studio.labels.store import find_store
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")


def run(args: argparse.Namespace) -> int:
    """List the seats."""
    store = find_store(open_study(args.study))
    events: list[LabelEvent] = []
    frozen: dict[tuple[str, str], str] = {}
    if store is not None:
        with contextlib.closing(store):
            events, frozen = store.stored(), store.frozen()
    seats = list(_seats(events))
    lines = [
        f"{seat['name']:<28} {', '.join(seat['annotators']):<16} {seat['events']:>6} events"
        f"  {seat['first'][:16]} to {seat['last'][:16]}"
        for seat in seats
    ]
    if frozen:
        last = max(frozen.values())[:16]
        lines.append(f"the blind pass of {len(frozen)} items is frozen, last on {last}")
    text = "\n".join(lines) or "Nobody has labelled yet."
    Console.of(args).result({"seats": seats, "frozen": len(frozen)}, text)
    return 0


def _seats(events: Iterable[LabelEvent]) -> Iterable[dict[str, Any]]:
    chains: dict[str, list[LabelEvent]] = defaultdict(list)
    for event in events:
        chains[event.seat].append(event)
    for seat, chain in chains.items():
        acts = [event for event in chain if event.op not in BOOKKEEPING]
        names = [e.value["name"] for e in chain if e.op == "seat" and not e.erased]
        unsigned = f"unsigned, of {seat.removeprefix(LEGACY)}"
        name = names[0] if names else unsigned if seat.startswith(LEGACY) else seat
        yield {
            "seat": seat,
            "name": name,
            "annotators": sorted({event.annotator for event in acts}),
            "events": len(acts),
            "first": chain[0].utc,
            "last": chain[-1].utc,
        }
