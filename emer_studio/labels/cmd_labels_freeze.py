"""``emer-studio labels freeze``: close a pass; nothing is added to it any more."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.labels.store import find_store
from emer_studio.study.folder import open_study

_PASSES = ("training", "A", "B", "adjudication")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--pass", dest="stage", required=True, choices=_PASSES)
    parser.add_argument("--by", required=True, metavar="CODE", help="who freezes it")


def run(args: argparse.Namespace) -> int:
    """Freeze; a pass that is frozen stays so."""
    console = Console.of(args)
    store = find_store(open_study(args.study))
    if store is None:
        raise BadInputError("Nobody has labelled yet: there is no pass to freeze.")
    with contextlib.closing(store):
        known = store.frozen().get(args.stage)
        utc = known or store.freeze(args.by, args.stage).utc
    told = "was frozen" if known else "is frozen from now"
    console.result({"pass": args.stage, "utc": utc}, f"Pass {args.stage} {told} ({utc}).")
    return 0
