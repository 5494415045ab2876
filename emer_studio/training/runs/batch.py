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
from emer_studio.core.files import read_json, write_json
from emer_studio.dataset.cache import open_cache
from emer_studio.schema.benchmark import METRICS, benchmark_names
from emer_studio.schema.training_request import TrainingRequest
from emer_studio.training.runs.begin import Ready, begin_run, ready_for, settings_for
from emer_studio.training.runs.control import Gate
from emer_studio.training.runs.events import logged
from emer_studio.training.runs.keeping import alone
from emer_studio.training.runs.resume import resume_run
from emer_studio.training.runs.run_info import read_run
from emer_studio.training.scores.summary import columns

__all__ = ["RESULT_FILE", "batch_text", "train_batch"]

RESULT_FILE = "all.json"


def train_batch(
    request: TrainingRequest,
    folder: Path,
    console: Console,
    check_stop: Callable[[], None],
    *,
    cnn_weights: Path | None = None,
) -> dict[str, Any]:
    """Train every benchmark and seed that was asked for, one after another.

    What is done already is read, what was broken off is gone on with, and a benchmark
    whose labels the dataset lacks is left out in words.

    Parameters
    ----------
    request : TrainingRequest
    folder : Path
        Holds ``start.json``; the runs lie below.
    console, check_stop
        See `job.Watch`.
    cnn_weights : Path, optional
        Where the weights file lies now; where it was by default.
    """
    if cnn_weights is not None:
        request = request.model_copy(update={"cnn_weights": str(cnn_weights)})
    dataset = open_cache(Path(request.dataset))
    settings_for(request, 0, has_maps=dataset.maps is not None)
    runs: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    gate = Gate(folder, console, check_stop)
    for protocol, seed, place in _places(request, folder):
        if protocol in left_out:
            continue
        try:
            ready = ready_for(request, dataset, protocol, seed)
        except BadInputError as problem:
            if request.protocol != "all":
                raise
            left_out[protocol] = problem.message
            console.say(f"{protocol} is left out: {problem.message}")
            continue
        runs.append(_one(request, ready, place, console, gate))
    if not runs:
        raise BadInputError(
            f"No benchmark can be trained on {request.dataset}:"
            f" {next(iter(left_out.values()))}"
        )
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


def _one(
    request: TrainingRequest,
    ready: Ready,
    folder: Path,
    console: Console,
    gate: Callable[[], None],
) -> dict[str, Any]:
    """Read, go on with or begin one run; return its pooled scores."""
    protocol, seed = ready.prepared.benchmark.name, ready.settings.seed
    begun = (folder / "run.json").is_file()
    if begun and read_run(folder).state == "done":
        return _told(protocol, seed, folder, read_json(folder / "results.json"))
    console.say(f"{protocol}, seed {seed}: {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, f"training {protocol}"), logged(folder, console, resumed=begun):
        if begun:
            file = Path(request.cnn_weights) if request.cnn_weights else None
            results = resume_run(folder, console, gate, cnn_weights=file)
        else:
            results = begin_run(ready, folder, console, gate)
        told = _told(protocol, seed, folder, results)
        console.event("run", **told)
    return told


def _told(
    protocol: str, seed: int, folder: Path, results: Mapping[str, Any]
) -> dict[str, Any]:
    scores = {name: results[name] for name in METRICS if name in results}
    return {"protocol": protocol, "seed": seed, "run": str(folder), "scores": scores}


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
    rows = [["", "seeds", *(name.upper() for name in METRICS)]]
    for protocol, scores in result["scores"].items():
        seeds = next(iter(scores.values()))["seeds"]
        rows.append([protocol, str(seeds), *(_cell(scores.get(m)) for m in METRICS)])
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
