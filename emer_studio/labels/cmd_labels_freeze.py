"""``emer-studio labels freeze``: close the blind pass of what is labelled enough."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.passes import standing_of
from emer_studio.labels.store import find_store
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--by", required=True, metavar="CODE", help="who freezes it")
    parser.add_argument(
        "--item",
        action="append",
        default=[],
        metavar="ITEM",
        help="only these, also with fewer labels (repeatable); unless given, every item"
        " with enough blind labels",
    )


def run(args: argparse.Namespace) -> int:
    """Freeze; what is frozen stays so, and goes to review where it is disputed."""
    console, study = Console.of(args), open_study(args.study)
    store = find_store(study)
    if store is None:
        raise BadInputError("Nobody has labelled yet: there is no pass to freeze.")
    with contextlib.closing(store):
        standing = standing_of(store.events(), study.file.consensus)
        blind = sorted(item for item, stage in standing.labels if stage == "A")
        strange = sorted(set(args.item) - set(blind))
        if strange:
            raise BadInputError(f"Nobody has labelled {', '.join(strange)} blind.")
        items = [i for i in args.item if i not in standing.frozen]
        items = items if args.item else standing.ready(blind)
        store.freeze(args.by, "A", items)
    left = len(blind) - len(standing.frozen) - len(items)
    console.result(
        {"frozen": len(items), "frozen_before": len(standing.frozen), "not_ready": left},
        f"{len(items)} items are frozen from now, {len(standing.frozen)} were before;"
        f" {left} have fewer than {standing.quorum} blind labels.",
    )
    return 0
