"""``emer-studio labels bundle-out``: hand over what was labelled elsewhere."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.labels.bundle import open_bundle
from emer_studio.labels.merge import write_events
from emer_studio.labels.store import open_store
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="an unpacked bundle, or a study's copy"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def run(args: argparse.Namespace) -> int:
    """Write the signed events to one file."""
    if (args.folder / "study.yaml").is_file():
        store, study = open_store(open_study(args.folder)), ""
    else:
        bundle = open_bundle(args.folder)
        store, study = bundle.store(), bundle.study
    with contextlib.closing(store):
        count = write_events(store, args.out, study=study)
    text = f"{args.out}: {count} events; send it to whoever leads the study."
    Console.of(args).result({"file": str(args.out), "events": count}, text)
    return 0
