"""``emer-studio protocol``: check a protocol, try one of its trials."""

from __future__ import annotations

import argparse
import os
import threading
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import WorkFailedError
from emer_studio.core.process import Control
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.session.protocol_check import check_protocol
from emer_studio.session.protocol_desk import serve
from emer_studio.session.try_out import TryOut, try_trial


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|try|desk")
    check = actions.add_parser("check", help="validate a protocol and its clips")
    check.add_argument("file", metavar="FILE")
    add_output_arguments(check)
    _arguments_of_try(actions.add_parser("try", help="show one trial, recording nothing"))
    actions.add_parser("desk", help="check texts sent as JSON lines, for an editor")


def _arguments_of_try(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="or a shipped name")
    parser.add_argument("--trial", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument("--participant-index", type=int, default=0, metavar="K")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the study's seed")
    parser.add_argument("--language", default="", help="default: the protocol's first")
    parser.add_argument(
        "--display", type=int, metavar="N", help="the participant's display"
    )
    parser.add_argument("--windowed", action="store_true", help="not full screen")
    parser.add_argument(
        "--simulate", action="store_true", help="a simulated participant answers"
    )
    parser.add_argument("--headless", action="store_true", help="no visible display")
    parser.add_argument(
        "--as",
        dest="stands_for",
        type=Path,
        metavar="FILE",
        help="see relative paths from this file's folder",
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; a mistake is one clear message and exit code 2."""
    if args.action == "desk":
        return serve()
    return _try(args) if args.action == "try" else _check(args)


def _check(args: argparse.Namespace) -> int:
    path = find_protocol(args.file)
    protocol = load_protocol(path)
    found = check_protocol(protocol, path)
    console = Console.of(args)
    for text in found.warnings:
        console.say(f"warning: {text}")
    facts = {
        "protocol": protocol.name,
        "file": str(path),
        "clips": len(found.manifest.clips),
        "drawn_by_the_program": found.lengths.drawn,
        "blocks": [block.id for block in protocol.blocks],
        "trials": found.trials,
        "minutes": round(found.minutes, 1),
        "counterbalanced_over": found.cycle,
        "warnings": list(found.warnings),
    }
    console.result(
        facts,
        f"{path}: sound. {len(protocol.blocks)} block(s), {found.trials} trials from"
        f" {len(found.manifest.clips)} clips, about {found.minutes:.0f} min;"
        f" {_design(found.cycle)}.",
    )
    return 0


def _design(cycle: int) -> str:
    if cycle == 1:
        return "an order of its own for each participant"
    return f"balanced over {cycle} participants"


def _try(args: argparse.Namespace) -> int:
    if args.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    path = find_protocol(args.file)
    wanted = TryOut(
        protocol=load_protocol(path),
        path=args.stands_for or path,
        trial=args.trial,
        participant_index=args.participant_index,
        seed=args.seed,
        language=args.language,
        display=args.display,
        windowed=args.windowed,
        simulate=args.simulate,
    )
    console, stop = Console.of(args), threading.Event()
    if args.events:
        Control(on_end=stop.set)
    result = try_trial(wanted, console, stop)
    told = [f"  {answer['page']}: {answer['value']}" for answer in result["ratings"]]
    head = f"Trial {result['trial']} ({result['clip']}): {result['state']}."
    console.result(result, "\n".join([head, *told]))
    if result["state"] == "failed":
        raise WorkFailedError(f"The trial failed: {result['problem']}")
    return 0
