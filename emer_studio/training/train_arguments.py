"""The words of ``emer-studio train``, and what they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal

from emer_studio.core.console import add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.schema.benchmark import benchmark_names
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.names import MODALITIES

__all__ = ["arguments", "check_parallel", "request_of", "seed_list", "weights_word"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, nargs="?", help="dataset folder")
    parser.add_argument(
        "--protocol", metavar="NAME",
        help=f"{', '.join(benchmark_names())}; or all, one after another",
    )  # fmt: skip
    told = parser.add_mutually_exclusive_group()
    told.add_argument(
        "--resume", type=Path, metavar="RUN",
        help="go on with a run that was stopped or killed, as if nothing had happened",
    )  # fmt: skip
    for wish, words in (
        ("pause", "let the training of a run rest, from any terminal"),
        ("continue", "let it go on"),
        ("stop", "end it; finished epochs are kept, --resume goes on"),
    ):
        told.add_argument(f"--{wish}", type=Path, metavar="RUN", help=words)
    parser.add_argument(
        "--background", action="store_true",
        help="return at once; the training outlives this terminal or window",
    )  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true",
        help="say what would be trained on and what is left out; train nothing",
    )  # fmt: skip
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
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, help="default: the protocol's first")
    seeds.add_argument(
        "--seeds", type=seed_list, metavar="LIST", default=(),
        help="a run for each, e.g. 0,1,2, and their mean",
    )  # fmt: skip
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"),
        help="default auto; with --resume as the run began",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=("auto", "fp32", "bf16"), default="auto",
        help="of the network's arithmetic; auto: bf16 where the device has it in hardware",
    )  # fmt: skip
    parser.add_argument(
        "--frozen", action="store_true",
        help="a quick look: the face network stays as it begins, only the rest learns",
    )  # fmt: skip
    parser.add_argument(
        "--compile", action="store_true",
        help="compile face network and fusion; takes a minute first, is meant for a GPU",
    )  # fmt: skip
    parser.add_argument(
        "--graph", action="store_true",
        help="CUDA: record the step once and repeat it (not yet tried on a real GPU)",
    )  # fmt: skip
    parser.add_argument(
        "--parallel", type=int, metavar="N",
        help="folds, also of several seeds and benchmarks, that are trained at the same"
        " time, each by a process of its own, on all GPUs or cores there are (default 1;"
        " with --resume as the run began)",
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
        "--cnn-weights", type=Path, metavar="FILE|none",
        help="ResNet-18 weights in torchvision's layout to start from (default: those that"
        " `models install resnet18` has fetched, else random ones)",
    )  # fmt: skip
    add_output_arguments(parser)


def request_of(args: argparse.Namespace) -> TrainingRequest:
    """Return what is asked for; what needs the dataset or torch is checked later."""
    seeds = args.seeds or (() if args.seed is None else (args.seed,))
    if args.epochs is not None and args.epochs < 1:
        raise BadInputError(f"Expected at least 1 epoch, found {args.epochs}.")
    if any(seed < 0 for seed in seeds):
        found = ", ".join(map(str, seeds))
        raise BadInputError(f"Expected a seed of 0 or more, found {found}.")
    check_parallel(args.parallel)
    return TrainingRequest(
        dataset=str(args.dataset.resolve()),
        protocol=args.protocol,
        seeds=seeds,
        folds=args.folds,
        folds_by=args.folds_by,
        epochs=args.epochs,
        device=args.device or "auto",
        precision=args.precision,
        model=args.model,
        preset=args.preset,
        corrected_input=args.corrected_input,
        modalities=args.modalities,
        maps=args.maps,
        face_net=args.face_net,
        frozen=args.frozen,
        compiled=args.compile,
        graph=args.graph,
        parallel=args.parallel or 1,
        cnn_weights=weights_word(args.cnn_weights),
    )


def check_parallel(wanted: int | None) -> None:
    """Refuse a number of trainings at the same time that is none.

    Raises
    ------
    BadInputError
    """
    if wanted is not None and wanted < 1:
        raise BadInputError(
            f"Expected at least 1 training at a time with --parallel, found {wanted}."
        )


def weights_word(given: Path | None) -> str:
    """Return what `--cnn-weights` asks for, as a `TrainingRequest` says it."""
    if given is None or str(given) == "none":
        return "none" if given else ""
    return str(given.resolve())


def seed_list(text: str) -> tuple[int, ...]:
    """Read `--seeds`."""
    try:
        found = tuple(int(word) for word in text.split(","))
    except ValueError:
        found = ()
    if not found or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(
            f"expected different numbers, e.g. 0,1,2, found {text!r}"
        )
    return found


def _modalities(text: str) -> tuple[str, ...]:
    named = text.split(",")
    if not named or not set(named) <= set(MODALITIES):
        raise argparse.ArgumentTypeError(
            f"expected some of {', '.join(MODALITIES)}, found {text!r}"
        )
    return tuple(name for name in MODALITIES if name in named)


def _folds(text: str) -> int | Literal["official"]:
    if text == "official":
        return "official"
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a number or 'official', found {text!r}"
        ) from None
