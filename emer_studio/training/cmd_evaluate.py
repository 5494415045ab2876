"""``emer-studio evaluate``: score a finished run again from its checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.training.summary import summary_text

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, help="run folder made by train")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate and say whether the run's own numbers came out again."""
    console = Console.of(args)
    from emer_studio.dataset.cache import open_cache
    from emer_studio.training.begin import choose_device
    from emer_studio.training.evaluate import evaluate_run

    dataset = open_cache(args.dataset)
    result = evaluate_run(args.run, dataset, choose_device(args.device))
    if not result["same_dataset"]:
        verdict = (
            "This is NOT the dataset the run was trained on (its manifest differs): "
            "the numbers need not agree."
        )
    elif result["same_as_run"]:
        verdict = "The numbers of the run came out again."
    else:
        verdict = "The numbers DIFFER from the run's results.json."
    console.say(verdict)
    console.result({**result, "verdict": verdict}, summary_text(result))
    return 0
