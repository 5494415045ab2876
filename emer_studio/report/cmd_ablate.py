"""``emer-studio ablate``: what each stream and each part of EMERT is good for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_studio.core.console import Console, add_output_arguments
from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import refuse_taken, write_json
from emer_studio.core.stopping import stop_check
from emer_studio.schema.benchmark import benchmark_names, load_benchmark
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.device import wait_without_spinning
from emer_studio.training.train_arguments import (
    check_parallel,
    seed_list,
    weights_word,
)

if TYPE_CHECKING:
    from emer_studio.training.ablation.variants import Variant
    from emer_studio.training.fit.job import Watch
    from emer_studio.training.runs.begin import Ready
    from emer_studio.training.runs.crew import Crew

__all__ = ["arguments", "run"]

_GROUPS = ("modalities", "parts", "matrix", "official")  # `variants` would load torch
_USUAL = ("modalities", "parts", "official")  # the matrix is longer than all these


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("dataset", type=Path, metavar="DATASET", help="dataset folder")
    parser.add_argument(
        "--protocol", required=True, metavar="NAME", help=", ".join(benchmark_names())
    )
    parser.add_argument(
        "--only", choices=_GROUPS, action="append", metavar="WHAT",
        help="modalities (the seven subsets), parts (one left out at a time), matrix (each"
        " part left out of each subset), official (step by step to official-2024); several"
        " times for several (default: all but the matrix)",
    )  # fmt: skip
    parser.add_argument(
        "--variants", metavar="LIST", type=lambda text: tuple(text.split(",")), default=(),
        help="these runs only, e.g. without-attention,only-face; a name that is none lists"
        " them all",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, help="of every run (default: the preset's)")
    parser.add_argument("--folds", type=int, metavar="N", help="default: the protocol's")
    parser.add_argument(
        "--folds-by", choices=("participant", "stimulus", "both"),
        help="what training and test never share (default: the protocol's)",
    )  # fmt: skip
    seeds = parser.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=int, help="default: the protocol's first")
    seeds.add_argument(
        "--seeds", type=seed_list, metavar="LIST", default=(),
        help="an ablation for each, e.g. 0,1,2, and means with standard deviations",
    )  # fmt: skip
    parser.add_argument(
        "--maps", action="store_true", help="look at the fixation maps, too"
    )
    parser.add_argument(
        "--cnn-weights", type=Path, metavar="FILE|none",
        help="what the face network starts from, as for `train`",
    )  # fmt: skip
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--parallel", type=int, metavar="N", default=1,
        help="folds that are trained at the same time (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="folder of the runs; what is finished there is not trained again (default:"
        " runs/ablation_PROTOCOL beside the dataset)",
    )  # fmt: skip
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")
    add_output_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Train the variants and tell what each difference is worth."""
    console = Console.of(args)
    wait_without_spinning()
    check_stop = stop_check(args.events)
    benchmark = load_benchmark(args.protocol)
    seeds = args.seeds or (benchmark.seeds[0] if args.seed is None else args.seed,)
    if (args.epochs is not None and args.epochs < 1) or min(seeds) < 0:
        raise BadInputError(
            f"Expected at least 1 epoch and a seed of 0 or more; "
            f"found {args.epochs} and {min(seeds)}."
        )
    check_parallel(args.parallel)
    if args.html is not None:
        refuse_taken(args.html)
    from emer_studio.dataset.cache import open_cache

    dataset = open_cache(args.dataset)
    from emer_studio.report.write_ablation import ablation_text, write_ablation
    from emer_studio.training.ablation.ablate import FILE
    from emer_studio.training.ablation.variants import WHOLE, variants
    from emer_studio.training.fit.job import Watch
    from emer_studio.training.runs.begin import ready_for
    from emer_studio.training.runs.crew import crew_of

    known = [one.name for one in variants()]
    if unknown := [name for name in args.variants if name not in known]:
        raise BadInputError(
            f"There is no variant called {unknown[0]!r}.",
            fix=f"Choose from: {', '.join(known)}.",
        )
    request = _request(args)
    ready = [ready_for(request, dataset, args.protocol, seed) for seed in seeds]
    chosen = variants(args.only or _USUAL, [n for n in args.variants if n != WHOLE.name])
    if args.variants == (WHOLE.name,):
        chosen = [WHOLE]
    beside = args.dataset.resolve().parent / "runs"
    folder = args.out or beside / f"ablation_{args.protocol}"
    with crew_of(
        args.parallel, ready[0].settings.device, dataset, ready[0].cnn_file
    ) as crew:
        told = _trained(ready, chosen, folder, Watch(console, check_stop), crew)
    text = f"{ablation_text(told)}\n{folder / FILE}"
    if args.html is not None:
        write_ablation(args.html, told)
        told, text = told | {"html": str(args.html)}, f"{text}\n{args.html}"
    console.result(told, text)
    return 0


def _trained(
    ready: Sequence[Ready],
    chosen: Sequence[Variant],
    folder: Path,
    watch: Watch,
    crew: Crew | None,
) -> dict[str, Any]:
    """Train the ablation of each seed; several have a folder each and a mean."""
    from emer_studio.training.ablation.ablate import FILE, ablate
    from emer_studio.training.ablation.seeds import over_seeds

    several, tolds = len(ready) > 1, []
    try:
        for one in ready:
            own = folder / f"seed{one.settings.seed}" if several else folder
            tolds.append(
                ablate(one.prepared, one.settings, chosen, own, watch, one.cnn_init, crew)
            )
        if not several:
            return tolds[0]
        told = over_seeds(tolds, folder)
        write_json(folder / FILE, told)
    except OSError as problem:
        raise WorkFailedError(
            f"{folder} could not be written: {problem.strerror or problem}.",
            fix="Free disk space or choose another folder with --out, and start again:"
            " finished runs are kept.",
        ) from None
    return told


def _request(args: argparse.Namespace) -> TrainingRequest:
    """Return what `train` would be asked for to train the whole model."""
    return TrainingRequest(
        dataset=str(args.dataset.resolve()),
        protocol=args.protocol,
        folds=args.folds,
        folds_by=args.folds_by,
        epochs=args.epochs,
        device=args.device,
        maps=args.maps,
        cnn_weights=weights_word(args.cnn_weights),
    )
