"""``emer-studio train``: train EMERT on a dataset, fold by fold."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import next_free, sha256_file
from emer_studio.core.stopping import stop_check
from emer_studio.schema.benchmark import Benchmark, benchmark_names, load_benchmark
from emer_studio.schema.training import FoldKind
from emer_studio.training.summary import summary_text

__all__ = ["arguments", "choose_device", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, help="dataset folder")
    parser.add_argument(
        "--protocol", required=True, metavar="NAME", help=", ".join(benchmark_names())
    )
    parser.add_argument(
        "--folds",
        type=_folds,
        metavar="N|official",
        help="how many, or the dataset's official sets (default: the protocol's)",
    )
    parser.add_argument(
        "--folds-by", choices=("participant", "stimulus", "both"),
        help="what training and test never share: people, clips, or neither of them"
        " (default: the protocol's)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, default=200, help="default 200, as official")
    parser.add_argument("--seed", type=int, help="default: the protocol's first")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, help="run folder (default: beside the dataset)")
    parser.add_argument(
        "--preset", choices=("official-2024",), default="official-2024",
        help="network, loss and optimiser of the official code; the evaluation is ours",
    )  # fmt: skip
    parser.add_argument(
        "--sampling", choices=("aligned", "official"), default="aligned",
        help="frames and rows: in order and from the same moments, or as the official code",
    )  # fmt: skip
    parser.add_argument(
        "--cnn-weights", type=Path, metavar="FILE",
        help="ResNet-18 weights in torchvision's layout to start from (default: random)",
    )  # fmt: skip
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train every fold and report the pooled results."""
    console = Console.of(args)
    check_stop = stop_check(args.events)
    benchmark = load_benchmark(args.protocol)
    seed = benchmark.seeds[0] if args.seed is None else args.seed
    if args.epochs < 1 or seed < 0:
        raise BadInputError(
            f"Expected at least 1 epoch and a seed of 0 or more; "
            f"found {args.epochs} and {seed}."
        )
    from emer_studio.dataset.cache import open_cache

    dataset = open_cache(args.dataset)
    # torch takes seconds to load: after everything that can be refused without it.
    from emer_studio.training.checkpoint import load_cnn_weights
    from emer_studio.training.experiment import prepare, train_all
    from emer_studio.training.loop import Settings

    folds = benchmark.folds if args.folds is None else args.folds
    prepared = prepare(
        dataset, benchmark, folds, seed, args.folds_by or _by(benchmark, folds)
    )
    weights = load_cnn_weights(args.cnn_weights) if args.cnn_weights else None
    settings = Settings(
        epochs=args.epochs,
        seed=seed,
        sampling=args.sampling,
        device=choose_device(args.device),
        cnn_weights=weights,
    )
    _warn(dataset.manifest, console)
    folder = args.out or _default_folder(args.dataset, benchmark.name)
    start = f"sha256:{sha256_file(args.cnn_weights)}" if args.cnn_weights else "random"
    try:
        result = train_all(prepared, settings, folder, console, check_stop, start)
    except OSError as problem:
        raise WorkFailedError(
            f"The run folder {folder} could not be written: {problem.strerror or problem}.",
            fix="Free disk space or choose another folder with --out.",
        ) from None
    console.result(result, summary_text(result))
    return 0


def _by(benchmark: Benchmark, folds: int | Literal["official"]) -> FoldKind:
    return "participant" if folds == "official" else benchmark.folds_by


def _folds(text: str) -> int | Literal["official"]:
    if text == "official":
        return "official"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a number or 'official', found {text!r}"
        ) from None


def choose_device(wanted: str) -> str:
    """Return "cuda" or "cpu"; refuse a GPU that is not there.

    Raises
    ------
    MissingError
        When CUDA was asked for and does not work.
    """
    import torch

    there = wanted != "cpu" and torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise MissingError(
            "Training on CUDA was asked for, but torch finds no usable GPU.",
            fix="Use --device cpu, or install an NVIDIA driver and a CUDA build of torch.",
        )
    if there:
        torch.backends.cudnn.deterministic = True  # as the official code
        torch.backends.cudnn.benchmark = False
    return "cuda" if there else "cpu"


def _default_folder(dataset: Path, protocol: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return next_free(dataset.resolve().parent / "runs" / f"{protocol}_{stamp}")


def _warn(manifest: Any, console: Console) -> None:
    if manifest.synthetic:
        console.say("SYNTHETIC data: a software check, not evidence about people.")
    if manifest.simulated:
        console.say("SIMULATED devices: not evidence about people.")
