"""``emer-studio labels``: what experts said of the faces; a table of sub-commands.

Each is a module of its own, ``cmd_labels_….py``, with ``arguments(parser)`` and
``run(args) -> int``, and a line here.
"""

from __future__ import annotations

import argparse
from types import ModuleType
from typing import NamedTuple

from emer_studio.core.console import add_output_arguments
from emer_studio.labels import (
    cmd_labels_agreement,
    cmd_labels_bundle,
    cmd_labels_bundle_open,
    cmd_labels_bundle_out,
    cmd_labels_consensus,
    cmd_labels_export,
    cmd_labels_freeze,
    cmd_labels_import,
    cmd_labels_merge,
    cmd_labels_seats,
    cmd_labels_server,
    cmd_labels_verify,
)

__all__ = ["SUBCOMMANDS", "arguments", "run"]


class SubCommand(NamedTuple):
    """Where a sub-command lives and what it does, in one line."""

    module: ModuleType
    help: str


SUBCOMMANDS: dict[str, SubCommand] = {
    "agreement": SubCommand(cmd_labels_agreement, "how far the raters agree"),
    "consensus": SubCommand(cmd_labels_consensus, "one label for each item"),
    "export": SubCommand(cmd_labels_export, "labels for other programs"),
    "import": SubCommand(cmd_labels_import, "labels from other programs"),
    "verify": SubCommand(cmd_labels_verify, "whether anything was changed, lost or forged"),
    "seats": SubCommand(cmd_labels_seats, "who labelled from where, and how much"),
    "freeze": SubCommand(cmd_labels_freeze, "close a pass: nothing is added to it"),
    "bundle": SubCommand(cmd_labels_bundle, "faces for a rater without the study"),
    "bundle-open": SubCommand(cmd_labels_bundle_open, "unpack a bundle, at the rater's"),
    "bundle-out": SubCommand(cmd_labels_bundle_out, "hand over what was labelled in one"),
    "merge": SubCommand(cmd_labels_merge, "take over what was handed over, in any order"),
    "server": SubCommand(cmd_labels_server, "prepare a PostgreSQL server for raters"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(dest="labels_command", metavar="WHAT", required=True)
    for name, (module, text) in SUBCOMMANDS.items():
        child = commands.add_parser(name, help=text, description=text)
        module.arguments(child)
        add_output_arguments(child)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command."""
    return int(SUBCOMMANDS[args.labels_command].module.run(args))
