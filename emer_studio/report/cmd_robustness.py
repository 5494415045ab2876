"""``emer-studio robustness``: what a finished run makes of worse clips."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import refuse_taken
from emer_studio.core.stopping import stop_check
from emer_studio.training.device import choose_device, wait_without_spinning

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument(
        "--levels", type=int, default=5, metavar="N",
        help="doses of each disturbance, the first being none (default 5)",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="LIST", type=lambda text: tuple(text.split(",")),
        help="these disturbances, e.g. blur,gaze-jitter; a name that is none lists them",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=Path, metavar="RUN2",
        help="a run with the same folds, e.g. of late fusion: how much more robust",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=int, default=0, help="of the disturbances (default 0)"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the robustness of a run and write it into its folder."""
    console = Console.of(args)
    wait_without_spinning()
    if args.levels < 2 or args.seed < 0:
        raise BadInputError(
            "Expected at least 2 levels (none and the largest) and a seed of 0 or more;"
            f" found {args.levels} and {args.seed}."
        )
    if args.html is not None:
        refuse_taken(args.html)
    from emer_studio.dataset.cache import open_cache
    from emer_studio.report.write_robustness import robustness_text, write_robustness
    from emer_studio.training.robustness.measure import (
        DISTURBANCES,
        file_of,
        measure_robustness,
    )

    known = [one.name for one in DISTURBANCES]
    if unknown := [name for name in args.only or () if name not in known]:
        raise BadInputError(
            f"There is no disturbance called {unknown[0]!r}.",
            fix=f"Choose from: {', '.join(known)}.",
        )
    dataset = open_cache(args.dataset)
    told = measure_robustness(
        args.run,
        dataset,
        choose_device(args.device),
        n_levels=args.levels,
        seed=args.seed,
        against=args.against,
        disturbances=[d for d in DISTURBANCES if d.name in (args.only or known)],
        console=console,
        check_stop=stop_check(args.events),
    )
    text = f"{robustness_text(told)}\n{file_of(args.run, dataset)}"
    if args.html is not None:
        write_robustness(args.html, told)
        told, text = told | {"html": str(args.html)}, f"{text}\n{args.html}"
    console.result(told, text)
    return 0
