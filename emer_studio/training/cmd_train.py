"""``emer-studio train``: train a model on a dataset, fold by fold, and go on with it."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder, next_free, refuse_taken, write_json
from emer_studio.core.stopping import stop_check
from emer_studio.schema.benchmark import load_benchmark
from emer_studio.schema.training_request import REQUEST_FILE, TrainingRequest
from emer_studio.training.device import wait_without_spinning
from emer_studio.training.train_arguments import arguments, check_parallel, request_of

if TYPE_CHECKING:
    from emer_studio.training.runs.control import Wish

__all__ = ["arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Train every fold and report the pooled results, or tell a training what to do."""
    console = Console.of(args)
    for wish in ("pause", "continue", "stop"):
        if (folder := getattr(args, wish)) is not None:
            return _ask(folder, wish, console)
    wait_without_spinning()
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return _together(args, console)
    return _train(args, console)


def _together(args: argparse.Namespace, console: Console) -> int:
    """Train one run with the other processes that torchrun has started."""
    if args.background or args.dry_run or args.parallel not in (None, 1):
        raise BadInputError(
            "torchrun trains one run by several processes; --background, --dry-run and"
            " --parallel are for one.",
            fix="Leave them out, or start emer-studio train without torchrun.",
        )
    if args.protocol == "all" or len(args.seeds) > 1:
        raise BadInputError(
            "torchrun trains one run, with one benchmark and one seed.",
            fix="Start it for each, or take --parallel N without torchrun.",
        )
    from emer_studio.training.device import choose_device
    from emer_studio.training.fit.team import joined
    from emer_studio.training.runs.follow import follow

    device = choose_device(args.device or "auto")
    with joined(device) as team:
        if team.leads:
            return _train(args, console)
        weights = args.cnn_weights if str(args.cnn_weights) != "none" else None
        follow(args.dataset, weights, device)
        return 0


def _train(args: argparse.Namespace, console: Console) -> int:
    """Begin or go on with a training."""
    if args.resume is not None:
        return _resume(args, console)
    if args.dataset is None or args.protocol is None:
        raise BadInputError(
            "A new training needs a dataset and --protocol.",
            fix="emer-studio train DATASET --protocol er7; or --resume RUN",
        )
    if args.protocol != "all":
        load_benchmark(args.protocol, beside=("all",))
    request = request_of(args)
    from emer_studio.dataset.cache import open_cache

    if args.dry_run:
        from emer_studio.training.runs.dry_run import dry_run, dry_run_text

        told = dry_run(request, open_cache(args.dataset))
        console.result(told, dry_run_text(told))
        return 2 if all(one["problem"] for one in told["benchmarks"]) else 0
    dataset = open_cache(args.dataset)
    folder = args.out or _default_folder(args.dataset, args.protocol)
    if args.background:
        from emer_studio.training.runs.asked import refuse_at_once

        refuse_taken(folder)
        refuse_at_once(request, dataset)  # nobody would read it in a log
        _write_request(request, new_folder(folder))
        return _detach(folder, ["--resume", str(folder)], console)
    _warn(dataset.manifest, console)
    check_stop = stop_check(args.events)
    # torch takes seconds to load: after everything that can be refused without it.
    from emer_studio.training.runs import conduct

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
    check_parallel(args.parallel)
    if args.background:
        _refuse_ended(folder)
        words = ["--resume", str(folder)]
        if args.dataset is not None:
            words.append(str(args.dataset.resolve()))
        if args.device:
            words += ["--device", args.device]
        if args.parallel:
            words += ["--parallel", str(args.parallel)]
        if args.cnn_weights:
            words += ["--cnn-weights", str(args.cnn_weights.resolve())]
        return _detach(folder, words, console)
    check_stop = stop_check(args.events)
    from emer_studio.training.runs import conduct

    only_asked = not (folder / "run.json").is_file() and (folder / REQUEST_FILE).is_file()
    go_on = conduct.begun if only_asked else conduct.resumed
    return go_on(
        folder, console, check_stop,
        dataset=args.dataset, cnn_weights=args.cnn_weights, device=args.device,
        parallel=args.parallel,
    )  # fmt: skip


def _refuse_ended(folder: Path) -> None:
    """Say now what nobody would read in a log."""
    from emer_studio.core.lockfile import holder_of
    from emer_studio.training.runs.control import LOCK_FILE
    from emer_studio.training.runs.resume import unfinished

    if not (folder / REQUEST_FILE).is_file() or (folder / "run.json").is_file():
        unfinished(folder)
    if holder := holder_of(folder / LOCK_FILE):
        raise BadInputError(
            f"The run {folder} is in use: {holder.get('what')} by process"
            f" {holder.get('pid')}."
        )


def _detach(folder: Path, words: list[str], console: Console) -> int:
    from emer_studio.training.runs.background import LOG_FILE, start_detached

    pid = start_detached(folder, words)
    console.result(
        {"run": str(folder), "pid": pid, "log": str(folder / LOG_FILE)},
        f"Training goes on in the background (process {pid}): {folder}\n"
        f"  --pause, --continue and --stop {folder} tell it what to do;"
        f" {LOG_FILE} in it says how it goes.",
    )
    return 0


def _ask(folder: Path, wish: Wish, console: Console) -> int:
    from emer_studio.training.runs.control import ask

    told = ask(folder, wish)
    console.result({"run": str(folder), "asked": wish}, told)
    return 0


def _write_request(request: TrainingRequest, folder: Path) -> None:
    write_json(folder / REQUEST_FILE, request.model_dump(mode="json"))


def _default_folder(dataset: Path, protocol: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return next_free(dataset.resolve().parent / "runs" / f"{protocol}_{stamp}")


def _warn(manifest: Any, console: Console) -> None:
    if manifest.synthetic:
        console.say("SYNTHETIC data: a software check, not evidence about people.")
    if manifest.simulated:
        console.say("SIMULATED devices: not evidence about people.")
