"""``emer-studio train``: train a model on a dataset, fold by fold, and go on with it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, next_free, refuse_taken, write_json
from emer_studio.core.stopping import stop_check
from emer_studio.schema.benchmark import benchmark_names, load_benchmark
from emer_studio.schema.training_request import REQUEST_FILE, TrainingRequest
from emer_studio.training.device import wait_without_spinning

if TYPE_CHECKING:
    from emer_studio.training.control import Wish

__all__ = ["arguments", "run"]

MODALITIES = ("face", "eye", "gaze")  # as `network.MODALITIES`, which loads torch


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
        "--seeds", type=_numbers, metavar="LIST", default=(),
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


def run(args: argparse.Namespace) -> int:
    """Train every fold and report the pooled results, or tell a training what to do."""
    console = Console.of(args)
    for wish in ("pause", "continue", "stop"):
        if (folder := getattr(args, wish)) is not None:
            return _ask(folder, wish, console)
    wait_without_spinning()
    if args.resume is not None:
        return _resume(args, console)
    if args.dataset is None or args.protocol is None:
        raise BadInputError(
            "A new training needs a dataset and --protocol.",
            fix="emer-studio train DATASET --protocol er7; or --resume RUN",
        )
    if args.protocol != "all":
        load_benchmark(args.protocol)
    request = _request(args)
    from emer_studio.dataset.cache import open_cache

    manifest = open_cache(args.dataset).manifest
    folder = args.out or _default_folder(args.dataset, args.protocol)
    if args.background:
        refuse_taken(folder)
        _write_request(request, new_folder(folder))
        return _detach(folder, ["--resume", str(folder)], console)
    _warn(manifest, console)
    check_stop = stop_check(args.events)
    # torch takes seconds to load: after everything that can be refused without it.
    from emer_studio.training import conduct

    if request.several:
        refuse_taken(folder)
        _write_request(request, new_folder(folder))
        return conduct.begun(folder, console, check_stop)
    return conduct.new(request, folder, console, check_stop)


def _resume(args: argparse.Namespace, console: Console) -> int:
    """Go on with a run or with several, or begin what is only asked for so far."""
    folder: Path = args.resume
    other = ("protocol", "out", "seeds", "seed", "folds", "folds_by", "epochs")
    if given := [name for name in other if getattr(args, name) not in (None, ())]:
        raise BadInputError(
            f"A run goes on as it began: --resume takes no --{given[0].replace('_', '-')}.",
            fix="Start a new run to train in another way.",
        )
    if args.background:
        _refuse_ended(folder)
        words = ["--resume", str(folder)]
        if args.dataset is not None:
            words.append(str(args.dataset.resolve()))
        if args.device:
            words += ["--device", args.device]
        if args.cnn_weights:
            words += ["--cnn-weights", str(args.cnn_weights.resolve())]
        return _detach(folder, words, console)
    check_stop = stop_check(args.events)
    from emer_studio.training import conduct

    if not (folder / "run.json").is_file() and (folder / REQUEST_FILE).is_file():
        return conduct.begun(folder, console, check_stop, cnn_weights=args.cnn_weights)
    return conduct.resumed(
        folder, console, check_stop,
        dataset=args.dataset, cnn_weights=args.cnn_weights, device=args.device,
    )  # fmt: skip


def _refuse_ended(folder: Path) -> None:
    """Say now what nobody would read in a log."""
    from emer_studio.core.lockfile import holder_of
    from emer_studio.training.control import LOCK_FILE
    from emer_studio.training.resume import unfinished

    if not (folder / REQUEST_FILE).is_file() or (folder / "run.json").is_file():
        unfinished(folder)
    if holder := holder_of(folder / LOCK_FILE):
        raise BadInputError(
            f"The run {folder} is in use: {holder.get('what')} by process"
            f" {holder.get('pid')}."
        )


def _detach(folder: Path, words: list[str], console: Console) -> int:
    from emer_studio.training.background import LOG_FILE, start_detached

    pid = start_detached(folder, words)
    console.result(
        {"run": str(folder), "pid": pid, "log": str(folder / LOG_FILE)},
        f"Training goes on in the background (process {pid}): {folder}\n"
        f"  --pause, --continue and --stop {folder} tell it what to do;"
        f" {LOG_FILE} in it says how it goes.",
    )
    return 0


def _ask(folder: Path, wish: Wish, console: Console) -> int:
    from emer_studio.training.control import ask

    told = ask(folder, wish)
    console.result({"run": str(folder), "asked": wish}, told)
    return 0


def _request(args: argparse.Namespace) -> TrainingRequest:
    """Return what is asked for; what needs the dataset or torch is checked later."""
    seeds = args.seeds or (() if args.seed is None else (args.seed,))
    if (args.epochs is not None and args.epochs < 1) or any(seed < 0 for seed in seeds):
        raise BadInputError(
            f"Expected at least 1 epoch and a seed of 0 or more; "
            f"found {args.epochs} and {', '.join(map(str, seeds)) or None}."
        )
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
        cnn_weights=_weights(args.cnn_weights),
        frozen=args.frozen,
    )


def _weights(given: Path | None) -> str:
    if given is None or str(given) == "none":
        return "none" if given else ""
    return str(given.resolve())


def _write_request(request: TrainingRequest, folder: Path) -> None:
    write_json(folder / REQUEST_FILE, request.model_dump(mode="json"))


def _numbers(text: str) -> tuple[int, ...]:
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


def _default_folder(dataset: Path, protocol: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return next_free(dataset.resolve().parent / "runs" / f"{protocol}_{stamp}")


def _warn(manifest: Any, console: Console) -> None:
    if manifest.synthetic:
        console.say("SYNTHETIC data: a software check, not evidence about people.")
    if manifest.simulated:
        console.say("SIMULATED devices: not evidence about people.")
