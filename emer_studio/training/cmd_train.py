"""``emer-studio train``: train EMERT on a dataset, fold by fold."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import new_folder, next_free, sha256_file
from emer_studio.core.stopping import stop_check
from emer_studio.schema.benchmark import Benchmark, benchmark_names, load_benchmark
from emer_studio.schema.training import FoldKind
from emer_studio.training.summary import summary_text

if TYPE_CHECKING:
    from emer_studio.training.job import Settings
    from emer_studio.training.network import FaceNet

__all__ = ["arguments", "choose_device", "run", "wait_without_spinning"]

MODALITIES = ("face", "eye", "gaze")  # as `network.MODALITIES`, which loads torch


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
    parser.add_argument("--epochs", type=int, help="default: the preset's")
    parser.add_argument("--seed", type=int, help="default: the protocol's first")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="auto",
        help="of the network's arithmetic; auto: bf16 where the device has it in hardware",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, help="run folder (default: beside the dataset)")
    parser.add_argument(
        "--model", default="emert", metavar="NAME",
        help="which model (default emert); a name that is none lists them all",
    )  # fmt: skip
    parser.add_argument(
        "--preset", choices=("studio", "official-2024"), default="studio",
        help="input and optimiser: ours, or those of the official code of 2024"
        " (default studio); the evaluation is ours",
    )  # fmt: skip
    parser.add_argument(
        "--corrected-input", action="store_true",
        help="official-2024 with its input mended: in order of time, standardised, RGB",
    )  # fmt: skip
    parser.add_argument(
        "--modalities", type=_modalities, metavar="LIST", default=MODALITIES,
        help="streams that are looked at, e.g. face,eye (default face,eye,gaze)",
    )  # fmt: skip
    parser.add_argument(
        "--maps", action="store_true", help="look at the fixation maps, too"
    )
    parser.add_argument(
        "--face-net", choices=("auto", "small", "resnet18"), default="auto",
        help="what looks at the pictures; auto: a ResNet-18 where it starts from weights"
        " or the preset is official-2024, else a small network",
    )  # fmt: skip
    parser.add_argument(
        "--cnn-weights", type=Path, metavar="FILE",
        help="ResNet-18 weights in torchvision's layout to start from (default: random)",
    )  # fmt: skip
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train every fold and report the pooled results."""
    console = Console.of(args)
    wait_without_spinning()
    check_stop = stop_check(args.events)
    benchmark = load_benchmark(args.protocol)
    seed = benchmark.seeds[0] if args.seed is None else args.seed
    if (args.epochs is not None and args.epochs < 1) or seed < 0:
        raise BadInputError(
            f"Expected at least 1 epoch and a seed of 0 or more; "
            f"found {args.epochs} and {seed}."
        )
    from emer_studio.dataset.cache import open_cache

    dataset = open_cache(args.dataset)
    # torch takes seconds to load: after everything that can be refused without it.
    from emer_studio.training.experiment import prepare, train_all
    from emer_studio.training.job import Watch
    from emer_studio.training.models.registry import model_named
    from emer_studio.training.run_info import describe

    learner = model_named(args.model)
    folds = benchmark.folds if args.folds is None else args.folds
    prepared = prepare(
        dataset, benchmark, folds, seed, args.folds_by or _by(benchmark, folds)
    )
    settings = _settings(args, seed, has_maps=dataset.maps is not None)
    _warn(dataset.manifest, console)
    folder = args.out or _default_folder(args.dataset, benchmark.name)
    start = f"sha256:{sha256_file(args.cnn_weights)}" if args.cnn_weights else "random"
    try:
        new_folder(folder)
        info = describe(prepared, learner.name, settings, start)
        watch = Watch(console, check_stop)
        result = train_all(prepared, learner, settings, folder, watch, info)
    except OSError as problem:
        raise WorkFailedError(
            f"The run folder {folder} could not be written: {problem.strerror or problem}.",
            fix="Free disk space or choose another folder with --out.",
        ) from None
    console.result(result, summary_text(result))
    return 0


def _settings(args: argparse.Namespace, seed: int, *, has_maps: bool) -> Settings:
    """Return how to train, from the command line."""
    from emer_studio.training.checkpoint import load_cnn_weights
    from emer_studio.training.job import Settings
    from emer_studio.training.precision import best_precision
    from emer_studio.training.presets import PRESETS

    preset = PRESETS[args.preset]
    if args.corrected_input:
        if preset.corrected is None:
            raise BadInputError(
                f"--corrected-input is for official-2024; {preset.name} needs none."
            )
        preset = replace(preset, view=preset.corrected)
    if args.maps and not has_maps:
        raise BadInputError(
            f"{args.dataset} has no fixation maps.",
            fix="Leave out --maps, or build the dataset from recordings with gaze.",
        )
    device = choose_device(args.device)
    whole = bool(args.cnn_weights) or preset.name == "official-2024"
    auto: FaceNet = "resnet18" if whole else "small"
    return Settings(
        preset=preset,
        epochs=args.epochs or preset.epochs,
        seed=seed,
        device=device,
        modalities=args.modalities,
        maps=args.maps,
        face_net=auto if args.face_net == "auto" else args.face_net,
        cnn_weights=load_cnn_weights(args.cnn_weights) if args.cnn_weights else None,
        precision=best_precision(device) if args.precision == "auto" else args.precision,
    )


def _modalities(text: str) -> tuple[str, ...]:
    named = text.split(",")
    if not named or not set(named) <= set(MODALITIES):
        raise argparse.ArgumentTypeError(
            f"expected some of {', '.join(MODALITIES)}, found {text!r}"
        )
    return tuple(name for name in MODALITIES if name in named)


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


def wait_without_spinning() -> None:
    """Let torch's threads sleep while they wait for each other; before torch is loaded.

    They spin otherwise, which on cores that others use as well made a step five times
    slower than one thread alone needs (measured at a load of 4 on 2 cores).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


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
