"""``emer-studio demographics``: what the protocol asks of each participant."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.schema.protocol import find_protocol, load_protocol
from emer_studio.study.demographics import Demographics
from emer_studio.study.folder import check_code, open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Without --participant, everybody's answers. With it and a protocol, keeps answers"
        " such as --set age=34; names and contacts belong in the vault."
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="ITEM=ANSWER", dest="answers"
    )
    parser.add_argument("--participant", default="", metavar="CODE")
    parser.add_argument("--protocol", default="", metavar="FILE", help="which asks it")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Keep answers where there are any; print what is known."""
    study = open_study(args.study)
    book = Demographics(study.folder)
    if args.answers:
        if not (args.participant and args.protocol):
            raise BadInputError(
                "Whose answers, to which protocol?",
                fix="Add --participant P001 --protocol FILE.",
            )
        check_code(args.participant)
        pairs = [answer.partition("=") for answer in args.answers]
        answers = {name: value for name, _, value in pairs}
        asked = load_protocol(find_protocol(args.protocol))
        problem = book.put(asked, args.participant, answers)
    else:
        problem = book.enter_waiting()
    known = book.all()
    shown = {args.participant: book.of(args.participant)} if args.participant else known
    lines = [
        f"{code}: " + (", ".join(f"{k} {v}" for k, v in given.items()) or "not asked yet")
        for code, given in shown.items()
    ]
    console = Console.of(args)
    if problem:
        console.say(problem)
    result = {"participants": shown, "waiting": list(book.waiting())}
    console.result(result, "\n".join(lines) or "Nobody was asked anything yet.")
    return 0
