"""``emer-studio export-onnx``: the networks of a finished run for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.training.device import wait_without_spinning

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument(
        "--dataset", type=Path,
        help="the run's dataset, on which the file is tried (default: where it was)",
    )  # fmt: skip
    parser.add_argument(
        "--fold", type=_fold, default=1, metavar="K|all",
        help="whose network (default 1); all writes a file for each",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.onnx")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Export, try the file on samples of the dataset and say how near it is."""
    console = Console.of(args)
    wait_without_spinning()
    if args.out.suffix != ".onnx":
        raise BadInputError(f"Expected a name ending in .onnx, found {args.out.name}.")
    from emer_studio.dataset.cache import open_cache
    from emer_studio.training.onnx_export import export_run
    from emer_studio.training.runs.run_info import read_run

    dataset = args.dataset or Path(read_run(args.run).dataset)
    found = export_run(args.run, open_cache(dataset), args.out, args.fold)
    files = [
        {
            "file": str(one.file),
            "fold": one.fold,
            "labels": list(one.labels),
            "inputs": list(one.inputs),
            "max_difference": one.difference,
            "samples": one.samples,
        }
        for one in found
    ]
    lines = [
        f"{one.file}: {', '.join(one.labels)} from {', '.join(one.inputs)}; differs from"
        f" the network by at most {one.difference:.1e} on {one.samples} samples"
        for one in found
    ]
    console.result({"files": files}, "\n".join(lines))
    return 0


def _fold(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 or all, found {text!r}")
    return int(text)
