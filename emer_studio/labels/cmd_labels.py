"""``emer-studio labels``: what experts labelled; a table of sub-commands."""

from __future__ import annotations

import argparse
import importlib
from typing import NamedTuple

__all__ = ["SUBCOMMANDS", "arguments", "run"]


class SubCommand(NamedTuple):
    """Where a sub-command lives and what it does, in one line."""

    module: str
    help: str


_HERE = "emer_studio.labels"
SUBCOMMANDS = {
    "agreement": SubCommand(f"{_HERE}.cmd_labels_agreement", "how far the raters agree"),
    "consensus": SubCommand(f"{_HERE}.cmd_labels_consensus", "one label for each item"),
    "export": SubCommand(f"{_HERE}.cmd_labels_export", "labels for other programs"),
    "import": SubCommand(f"{_HERE}.cmd_labels_import", "labels from other programs"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(dest="labels_command", metavar="WHAT", required=True)
    for name, (module, text) in SUBCOMMANDS.items():
        child = commands.add_parser(name, help=text, description=text)
        importlib.import_module(module).arguments(child)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command."""
    return int(importlib.import_module(SUBCOMMANDS[args.labels_command].module).run(args))
