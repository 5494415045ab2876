"""Several runs under one folder: all benchmarks, several seeds.

OUT/ start.json (what was asked for), er7/ or er7/seed0/ … (run folders), all.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.files import write_json
from emer_studio.dataset.cache import open_cache
from emer_studio.schema.benchmark import METRICS, benchmark_names
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.runs.batch_runs import One, trained
from emer_studio.training.runs.begin import ready_for
from emer_studio.training.runs.crew import crew_of
from emer_studio.training.runs.resume import refuse_another
from emer_studio.training.runs.run_info import read_run
from emer_studio.training.scores.summary import columns

__all__ = ["RESULT_FILE", "batch_text", "train_batch"]

RESULT_FILE = "all.json"


def train_batch(
    request: TrainingRequest,
    folder: Path,
    console: Console,
    check_stop: Callable[[], None],
) -> dict[str, Any]:
    """Train every benchmark and seed that was asked for, several at a time if wanted.

    What is done already is read, what was broken off is gone on with, and a benchmark
    whose labels the dataset lacks is left out in words.

    Parameters
    ----------
    request : TrainingRequest
    folder : Path
        Holds ``start.json``; the runs lie below.
    console, check_stop
        See `job.Watch`.
    """
    dataset = open_cache(Path(request.dataset))
    begun: list[One] = []
    left_out: dict[str, str] = {}
    for protocol, seed, place in _places(request, folder):
        if protocol in left_out:
            continue
        if (place / "run.json").is_file():
            refuse_another(read_run(place), dataset)
        try:
            ready = ready_for(request, dataset, protocol, seed)
        except BadInputError as problem:
            if request.protocol != "all":
                raise
            left_out[protocol] = problem.message
            console.say(f"{protocol} is left out: {problem.message}")
            continue
        begun.append(One(request, ready, place))
    if not begun:
        raise BadInputError(
            f"No benchmark can be trained on {request.dataset}:"
            f" {next(iter(left_out.values()))}"
        )
    first = begun[0].ready
    device = first.settings.device
    with crew_of(request.parallel, device, dataset, first.cnn_file) as crew:
        runs = trained(begun, folder, console, check_stop, crew)
    result = {
        "protocol": request.protocol,
        "dataset": request.dataset,
        "synthetic": dataset.manifest.synthetic,
        "simulated": dataset.manifest.simulated,
        "run": str(folder),
        "runs": runs,
        "scores": _over_seeds(runs),
        "left_out": left_out,
    }
    write_json(folder / RESULT_FILE, result)
    return result


def _places(
    request: TrainingRequest, folder: Path
) -> Iterator[tuple[str, int | None, Path]]:
    every = request.protocol == "all"
    for protocol in benchmark_names() if every else (request.protocol,):
        place = folder / protocol if every else folder
        for seed in request.seeds or (None,):
            yield protocol, seed, place / f"seed{seed}" if request.seeds[1:] else place


def _over_seeds(runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return mean and sample standard deviation of each benchmark's pooled scores."""
    found: dict[str, dict[str, Any]] = {}
    for protocol in dict.fromkeys(run["protocol"] for run in runs):
        mine = [run["scores"] for run in runs if run["protocol"] == protocol]
        found[protocol] = {}
        for name in mine[0]:
            values = [scores[name] for scores in mine]
            sd = stdev(values) if len(values) > 1 else None
            found[protocol][name] = {"mean": mean(values), "sd": sd, "seeds": len(values)}
    return found


def batch_text(result: Mapping[str, Any]) -> str:
    """Return the table of all benchmarks for a person."""
    lines = []
    if result["synthetic"]:
        lines.append("SYNTHETIC data: a software check, not evidence about people.")
    if result["simulated"]:
        lines.append("SIMULATED devices: not evidence about people.")
    told = [m for m in METRICS if any(m in found for found in result["scores"].values())]
    rows = [["", "seeds", *(name.upper() for name in told)]]
    for protocol, scores in result["scores"].items():
        seeds = next(iter(scores.values()))["seeds"]
        rows.append([protocol, str(seeds), *(_cell(scores.get(m)) for m in told)])
    lines += columns(rows)
    if any(row[1] != "1" for row in rows[1:]):
        lines.append("Mean ± sd over seeds of the scores pooled over folds.")
    lines += [f"Left out: {name}. {why}" for name, why in result["left_out"].items()]
    lines.append(f"Folder: {result['run']}")
    return "\n".join(lines)


def _cell(score: Mapping[str, Any] | None) -> str:
    if score is None:
        return ""
    sd = "" if score["sd"] is None else f" ± {score['sd']:.3f}"
    return f"{score['mean']:.3f}{sd}"
