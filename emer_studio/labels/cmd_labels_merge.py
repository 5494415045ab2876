"""``emer-studio labels merge``: take over what was handed over, in any order."""

from __future__ import annotations

import argparse
import contextlib
from dataclasses import asdict
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.labels.merge import merge
from emer_studio.labels.store import open_store
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")


def run(args: argparse.Namespace) -> int:
    """Merge all files, or none."""
    study = open_study(args.study)
    gone = [row.participant for row in study.participants() if row.withdrawn]
    starts = tuple(f"sub-{code}_ses-" for code in gone)
    with contextlib.closing(open_store(study)) as store:
        done = merge(store, args.files, is_withdrawn=lambda item: item.startswith(starts))
    lines = [f"{count} new events from {name}" for name, count in done.seats.items()]
    lines.append(f"{done.known} were there before")
    if done.erased:
        lines.append(f"{done.erased} were erased: their participant has withdrawn")
    if done.late:
        lines.append(f"{done.late} labels are of a pass that was frozen before they came")
    Console.of(args).result(asdict(done), "\n".join(lines))
    return 0
