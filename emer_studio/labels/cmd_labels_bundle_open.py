"""``emer-studio labels bundle-open``: unpack a bundle, at the rater's computer."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.labels.bundle import unpack_bundle


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder to create")


def run(args: argparse.Namespace) -> int:
    """Unpack and check."""
    bundle = unpack_bundle(args.file, args.folder)
    result = {"annotator": bundle.annotator, "items": len(bundle.items)}
    text = (
        f"{args.folder}: {len(bundle.items)} faces for {bundle.annotator}.\n"
        f"To label them: emer-studio gui {args.folder}\n"
        f"Then: emer-studio labels bundle-out {args.folder} --out FILE"
    )
    Console.of(args).result(result, text)
    return 0
