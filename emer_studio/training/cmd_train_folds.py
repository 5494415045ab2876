"""``emer-studio train-folds``: what ``train --parallel`` starts, several of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console
from emer_studio.training.device import choose_device, wait_without_spinning

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--gpu", type=int, help="number of the GPU")
    parser.add_argument(
        "--frames-in", choices=("gpu", "gpu-32", "host", "map"),
        help="where frames lie (default: where they fit)",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, help="of a processor, to compute with")
    parser.add_argument(
        "--cnn-weights", type=Path, metavar="FILE", help="where the face networks start"
    )
    parser.set_defaults(events=True)


def run(args: argparse.Namespace) -> int:
    """Train the folds that standard input names, until it ends."""
    wait_without_spinning()
    import torch

    from emer_studio.training.runs.crew_member import Member

    if args.threads:
        torch.set_num_threads(args.threads)
    device = choose_device(args.device)
    if args.gpu is not None:
        torch.cuda.set_device(args.gpu)
    try:
        console = Console(events=True)
        Member(console, device, args.cnn_weights, args.frames_in).work()
    except KeyboardInterrupt:
        return 130
    return 0
