"""``emer-studio bench train``: how fast training is here, beside the official way."""

from __future__ import annotations

import argparse
import os
import platform
from datetime import UTC, datetime

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.training.device import choose_device, wait_without_spinning

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    subs = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    text = "samples a second of each way of training"
    train = subs.add_parser("train", help=text, description=text)
    train.add_argument("--steps", type=int, default=2, help="of one measurement (2)")
    train.add_argument("--repeats", type=int, default=5, help="of each way (5)")
    train.add_argument("--clips", type=int, default=32, help="clips to train on (32)")
    train.add_argument("--frames", type=int, default=300, help="of each clip (300)")
    train.add_argument("--rows", type=int, default=1466, help="eye rows of each (1466)")
    train.add_argument("--batch", type=int, default=16, help="clips of a step (16)")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    train.add_argument("--precision", choices=("auto", "fp32", "bf16"), default="auto")
    add_output_arguments(train)


def run(args: argparse.Namespace) -> int:
    """Measure, print the table."""
    numbers = (args.steps, args.repeats, args.clips, args.frames, args.rows, args.batch)
    if min(numbers) < 1 or args.frames < 8 or args.rows < 32 or args.batch > args.clips:
        raise BadInputError(
            "Expected at least 1 step and repeat, 8 frames and 32 rows, and no more clips "
            f"in a batch than there are; found {numbers}."
        )
    console = Console.of(args)
    wait_without_spinning()
    from emer_studio.training.bench import Size, measure
    from emer_studio.training.nets.precision import best_precision

    device = choose_device(args.device)
    precision = best_precision(device) if args.precision == "auto" else args.precision
    size = Size(args.clips, args.frames, args.rows, args.batch)
    found, left_out = measure(size, device, precision, args.steps, args.repeats)
    speed = {one.name: one.samples_per_s for one in found}
    paths = [
        {
            "name": one.name,
            "samples_per_s": round(one.samples_per_s, 2),
            "peer": one.peer or None,
            "ratio": round(one.samples_per_s / speed[one.peer], 2) if one.peer else None,
        }
        for one in found
    ]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    conditions = (
        f"{datetime.now(UTC):%Y-%m-%d}, {_machine(device)}, {precision}, batch "
        f"{size.batch}, load {load:.1f}"
    )
    lines = ["| way | samples/s | times as fast | as |", "|---|---|---|---|"]
    for one in paths:
        ratio = "" if one["ratio"] is None else f"{one['ratio']:.2f}"
        speed_text = f"{one['samples_per_s']:.2f}"
        lines.append(f"| {one['name']} | {speed_text} | {ratio} | {one['peer'] or ''} |")
    lines += ["", conditions, *(f"Left out: {text}." for text in left_out)]
    result = {"paths": paths, "device": device, "precision": precision, "load": load}
    console.result({**result, "left_out": left_out}, "\n".join(lines))
    return 0


def _machine(device: str) -> str:
    import torch

    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    name = platform.processor() or platform.machine()
    return f"{os.cpu_count()} cores ({name}), torch {torch.__version__}"
