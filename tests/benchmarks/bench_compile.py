"""A training with `--compile` beside the same one without: what it costs, and what differs.

python tests/benchmarks/bench_compile.py [--model emert] [--epochs 2]

A tiny dataset of random clips on the processor, with an empty store of compiled parts, so
the time is what compiling takes the first time.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from emer_studio.core.console import Console
from emer_studio.training.runs.begin import begin_run
from training_runs import small, write_random


@dataclass(frozen=True)
class Compared:
    """Two runs of the same training.

    Attributes
    ----------
    plain_s, compiled_s : float
        How long they took.
    difference : float
        Of a probability of a test clip, at most.
    spread : float
        Standard deviation of the plain probabilities over clips.
    made : int
        Libraries that the compiler made.
    """

    plain_s: float
    compiled_s: float
    difference: float
    spread: float
    made: int


def has_compiler() -> bool:
    """Tell whether torch finds what it compiles with on a processor."""
    return any(shutil.which(name) for name in ("g++", "clang++", "cl"))


def compare(folder: Path, model: str, epochs: int) -> Compared:
    """Train twice in a new folder."""
    from torch._inductor import config

    dataset, store = write_random(folder / "d"), folder / "compiled"
    place = {"TORCHINDUCTOR_CACHE_DIR": str(store)}
    seconds, answers = [], []
    with mock.patch.dict("os.environ", place), config.patch(compile_threads=1):
        for compiled in (False, True):
            run = folder / ("compiled_run" if compiled else "plain_run")
            run.mkdir()
            asked = {"protocol": "er3", "precision": "fp32", "model": model}
            ready = small(dataset, epochs=epochs, compiled=compiled, **asked)
            began_s = time.monotonic()
            begin_run(ready, run, Console(), lambda: None)
            seconds.append(time.monotonic() - began_s)
            answers.append(_probabilities(run))
    plain, other = answers
    return Compared(
        *seconds,
        difference=float(np.abs(plain - other).max()),
        spread=float(plain.std(axis=0).max()),
        made=len({path for name in ("so", "pyd") for path in store.rglob(f"*.{name}")}),
    )


def _probabilities(run: Path) -> npt.NDArray[np.float64]:
    with (run / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [name for name in rows[0] if name.startswith("p_")]
    return np.array([[float(row[name]) for name in names] for row in rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="emert")
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder), args.model, args.epochs)
    print("| model | epochs | plain, s | compiled, s | largest difference | spread |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {args.model} | {args.epochs} | {found.plain_s:.1f} | {found.compiled_s:.1f} |"
        f" {found.difference:.1e} | {found.spread:.2f} |"
    )


if __name__ == "__main__":
    main()
