"""``emer-studio protocol check``: tell whether a protocol is sound."""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.schema.protocol import Protocol, find_protocol, load_protocol
from emer_studio.schema.protocol_doubts import doubts
from emer_studio.schema.stimulus import ClipManifest
from emer_studio.session.counterbalance import cycle_length
from emer_studio.session.plan import build_plan, select_clips
from emer_studio.session.steps import duration_s, steps_of
from emer_studio.stimulus.demo_clips import DEMO_SECONDS
from emer_studio.stimulus.figures import check_figures
from emer_studio.stimulus.library import look_at, manifest_of

_MOST_TRIED = 200  # participants; a longer cycle is looked at only so far (chosen by us)


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
    clip_s, drawn = _clips(manifest, manifest_path)
    cycle = _try_orders(protocol, manifest)
    plan = build_plan(protocol, manifest, participant_index=0, seed=0)
    minutes = duration_s(list(steps_of(protocol, plan)), clip_s) / 60
    console, warnings = Console.of(args), doubts(protocol)
    for text in warnings:
        console.say(f"warning: {text}")
    facts = {
        "protocol": protocol.name,
        "file": str(path),
        "clips": len(manifest.clips),
        "drawn_by_the_program": drawn,
        "blocks": [block.id for block in protocol.blocks],
        "trials": len(plan),
        "minutes": round(minutes, 1),
        "counterbalanced_over": cycle,
        "warnings": warnings,
    }
    console.result(
        facts,
        f"{path}: sound. {len(protocol.blocks)} block(s), {len(plan)} trials from"
        f" {len(manifest.clips)} clips, about {minutes:.0f} min; {_design(cycle)}.",
    )
    return 0


def _design(cycle: int) -> str:
    if cycle == 1:
        return "an order of its own for each participant"
    return f"balanced over {cycle} participants"


def _clips(manifest: ClipManifest, manifest_path: Path) -> tuple[dict[str, float], int]:
    """Return the length of each clip that is shown, and how many will be drawn."""
    lengths, drawn = {}, 0
    for clip in manifest.clips:
        source = manifest_path.parent / clip.file
        if clip.generate is not None and not source.is_file():
            drawn += 1
            whole_s = DEMO_SECONDS
        else:
            whole_s = look_at(source).duration_s
        end_s = whole_s if clip.trim_out_s is None else min(clip.trim_out_s, whole_s)
        lengths[clip.id] = end_s - clip.trim_in_s
    return lengths, drawn


def _try_orders(protocol: Protocol, manifest: ClipManifest) -> int:
    """Order the clips for every participant of a cycle; return how long the cycle is.

    A constraint that cannot be met is found here, before anyone sits down.
    """
    cycle = 1
    for block in protocol.blocks:
        clips = select_clips(block, manifest, random.Random(0))
        emotions = [clip.emotion for clip in clips]
        cycle = math.lcm(cycle, cycle_length(emotions, block.order.counterbalance))
    cycle = min(cycle, _MOST_TRIED)
    for slot in range(cycle):
        build_plan(protocol, manifest, participant_index=slot, seed=0)
    return cycle
