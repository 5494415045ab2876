"""``emer-studio plan``: the trial order of a participant, without running anything."""

from __future__ import annotations

import argparse

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.plan import build_plan
from emer_studio.stimulus.library import manifest_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument(
        "protocol", metavar="PROTOCOL", help="a file, or a shipped one's name"
    )
    parser.add_argument("--participant-index", type=int, default=0, metavar="K")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the study's seed")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    path = find_protocol(args.protocol)
    protocol = load_protocol(path)
    manifest, _ = manifest_of(protocol, path)
    plan = build_plan(
        protocol, manifest, participant_index=args.participant_index, seed=args.seed
    )
    trials = [
        {
            "trial": trial.number,
            "clip": trial.clip.id,
            "emotion": trial.clip.emotion,
            "block": trial.block,
        }
        for trial in plan
    ]
    text = "\n".join(
        f"{t['trial']:>3}  {t['block']:<10} {t['clip']:<20} {t['emotion']}" for t in trials
    )
    Console.of(args).result({"protocol": protocol.name, "trials": trials}, text)
    return 0
