"""``emer-studio evaluate``: score a finished run again, or weights of the official code."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.schema.benchmark import METRICS, benchmark_names
from emer_studio.training.device import choose_device, wait_without_spinning
from emer_studio.training.scores.summary import summary_text

if TYPE_CHECKING:
    from emer_studio.dataset.cache import Dataset

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "run", type=Path,
        help="run folder made by train, or a file of weights saved by the official code",
    )  # fmt: skip
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    weights = parser.add_argument_group("for a file of weights")
    weights.add_argument("--protocol", metavar="NAME", help=", ".join(benchmark_names()))
    weights.add_argument("--label", default="", help="where the protocol has several")
    weights.add_argument(
        "--set", type=int, metavar="N", help="test on this official set only"
    )
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate and say whether the run's own numbers came out again."""
    console = Console.of(args)
    wait_without_spinning()
    from emer_studio.dataset.cache import open_cache

    dataset = open_cache(args.dataset)
    if args.run.is_file():
        return _weights(args, dataset, console)
    from emer_studio.training.scores.evaluate import evaluate_run

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


def _weights(args: argparse.Namespace, dataset: Dataset, console: Console) -> int:
    """Score weights that the official code saved."""
    if args.protocol is None:
        raise BadInputError(
            f"{args.run} is a file of weights; what they predict has to be told.",
            fix="Add --protocol NAME.",
        )
    from emer_studio.training.official.evaluate_weights import evaluate_weights

    device = choose_device(args.device)
    result = evaluate_weights(
        args.run, dataset, args.protocol, args.label, args.set, device
    )
    names = [name for name in METRICS if name in result]
    lines = [f"{result['protocol']}, {result['label']}: {result['samples']} samples"]
    lines += [
        f"  {name.upper()} {result[name]:.3f} [{result['ci95'][name][0]:.3f},"
        f" {result['ci95'][name][1]:.3f}]"
        for name in names
    ]
    averaged = result["batch_averaged"].items()
    told = ", ".join(f"{name.upper()} {value:.3f}" for name, value in averaged)
    lines.append(f"As the official code averages it (to compare, no result): {told}")
    lines += [f"Note: {remark}" for remark in result["remarks"]]
    console.result(result, "\n".join(lines))
    return 0
