"""``emer-studio protocol check``: tell whether a protocol is sound."""

from __future__ import annotations

import argparse

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.schema.protocol_doubts import doubts
from emer_studio.stimulus.figures import check_figures
from emer_studio.stimulus.library import look_at, manifest_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser("check", help="validate a protocol and its clips")
    check.add_argument("file", metavar="FILE")
    add_output_arguments(check)


def run(args: argparse.Namespace) -> int:
    """Validate; a mistake is one clear message and exit code 2."""
    path = find_protocol(args.file)
    protocol = load_protocol(path)
    manifest, manifest_path = manifest_of(protocol, path)
    for page in protocol.rating_pages:
        check_figures(page, path)
    drawn = 0
    for clip in manifest.clips:
        source = manifest_path.parent / clip.file
        if clip.generate is not None and not source.is_file():
            drawn += 1
        else:
            look_at(source)
    console, warnings = Console.of(args), doubts(protocol)
    for text in warnings:
        console.say(f"warning: {text}")
    facts = {
        "protocol": protocol.name,
        "file": str(path),
        "clips": len(manifest.clips),
        "drawn_by_the_program": drawn,
        "blocks": [block.id for block in protocol.blocks],
        "warnings": warnings,
    }
    console.result(
        facts,
        f"{path}: sound. {len(protocol.blocks)} block(s), {len(manifest.clips)} clips.",
    )
    return 0
