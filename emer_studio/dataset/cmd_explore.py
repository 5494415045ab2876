"""``emer-studio explore``: work out what the trial explorer shows of a session."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.schema.explored import EXPLORED_FILE
from emer_studio.study.folder import open_study

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Gaze, speed, pupil with and without the clips' light, events and fixation maps of"
        " a session, kept in its derived folder for the page Study › Explore. What is kept"
        " already is not done again."
    )
    parser.add_argument("session", type=Path, metavar="SESSION")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Work it out."""
    from emer_studio.dataset.explore import explore_session

    console, session = Console.of(args), args.session.resolve()
    if not (session / "session.json").is_file():
        raise BadInputError(f"{args.session} is not a session: it has no session.json.")
    found = explore_session(open_study(session.parent.parent), session)
    about = found.problem or f"eyes in derived/dataset/{found.arrays}"
    result = {
        "explored": str(session / EXPLORED_FILE),
        "trials": len(found.trials),
        "problem": found.problem,
    }
    console.result(result, f"{len(found.trials)} trials; {about}")
    return 0
