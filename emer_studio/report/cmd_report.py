"""``emer-studio report``: the report of a study or of a training run."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.study.folder import open_study


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.add_argument("source", type=Path, metavar="STUDY|RUN")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.html")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the report; an existing file is never overwritten."""
    from emer_studio.report.collect import (
        SessionFacts,
        collect_run,
        collect_session,
        runs_of,
    )
    from emer_studio.report.write import write_report

    console = Console.of(args)
    if args.out.exists():
        raise BadInputError(
            f"{args.out} already exists; nothing was written.", fix="Choose another name."
        )
    sessions: list[SessionFacts] = []
    damaged: list[tuple[str, str]] = []
    if (args.source / "results.json").is_file():
        runs = [collect_run(args.source)]
        title = f"Training run {args.source.name}"
    else:
        study = open_study(args.source)
        listed, damaged = study.sessions(), study.damaged()
        for number, session in enumerate(listed, start=1):
            sessions.append(collect_session(session))
            console.progress("reading sessions", number, len(listed))
        runs = runs_of(study)
        title = f"Study {study.file.name}"
    write_report(args.out, title=title, sessions=sessions, runs=runs, damaged=damaged)
    console.result(
        {"report": str(args.out), "sessions": len(sessions), "runs": len(runs)},
        str(args.out),
    )
    return 0
