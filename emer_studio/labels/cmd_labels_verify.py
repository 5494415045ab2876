"""``emer-studio labels verify``: whether anything was changed, lost or forged."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import asdict
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.labels.store import find_store
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")


def run(args: argparse.Namespace) -> int:
    """Look at every chain; exit code 1 when one does not hold."""
    console = Console.of(args)
    store = find_store(open_study(args.study))
    if store is None:
        console.result({"events": 0, "findings": []}, "Nobody has labelled yet.")
        return 0
    with contextlib.closing(store):
        events, findings = len(store.stored()), store.check()
    lines = [f"seat {f.seat}, event {f.seq} ({f.event_id}): {f.what}" for f in findings]
    sound = f"{events} events: every chain holds, nothing was changed."
    broken = f"{len(findings)} findings in {events} events:"
    text = "\n".join([broken, *lines]) if findings else sound
    console.result({"events": events, "findings": [asdict(f) for f in findings]}, text)
    return 1 if findings else 0
