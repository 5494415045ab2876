"""Benchmark protocols: which labels, which metrics, which folds.

Seven tasks follow from the published labels (felt and seen; three classes, seven
classes, valence and arousal; intensity of the seen). That these are the paper's seven
protocols is our inference: its text does not list them in public.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import data_dir
from emer_studio.schema.training import FoldKind

__all__ = ["METRICS", "Benchmark", "benchmark_dir", "benchmark_names", "load_benchmark"]

Label = Literal[
    "er3", "er_emotion", "er_valence", "er_arousal",
    "fer3", "fer_emotion", "fer_valence", "fer_arousal", "fer_intensity",
]  # fmt: skip
Metric = Literal["war", "uar", "wf1", "mae", "rmse", "ccc", "pearson"]
METRICS: tuple[Metric, ...] = get_args(Metric)
"""All of them in the order of a table: of classes, then of numbers."""


class Benchmark(BaseModel):
    """One benchmark.

    Parameters
    ----------
    name : str
        File name without its ending.
    kind : {"classification", "regression"}
        What is predicted.
    labels : tuple of str
        Label columns of samples.csv; one model is trained for each.
    classes : tuple of str
        Class names in model order; empty for regression.
    bounds : tuple of float, optional
        Smallest and largest value of a regression label.
    auxiliary : str, optional
        Class label learnt beside the regression (intensity is learnt with the emotion).
    metrics : tuple of str
        Reported, pooled over all test samples.
    folds : int or "official"
        Number of folds, or the dataset's own official sets.
    folds_by : {"participant", "stimulus", "both"}
        What training and test never share: people (default), clips, or neither. Official
        sets are by participant.
    seeds : tuple of int
        Seeds to run; the first is the default of the command.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    kind: Literal["classification", "regression"]
    labels: tuple[Label, ...] = Field(min_length=1)
    classes: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    auxiliary: Literal["er_emotion", "fer_emotion"] | None = None
    metrics: tuple[Metric, ...] = Field(min_length=1)
    folds: Annotated[int, Field(ge=2)] | Literal["official"] = 5
    folds_by: FoldKind = "participant"
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        classification = self.kind == "classification"
        if classification and (len(self.labels) != 1 or len(self.classes) < 2):
            raise ValueError("a classification has one label and at least two classes")
        if not classification and (self.classes or self.bounds is None):
            raise ValueError("a regression has bounds and no classes")
        allowed = set(METRICS[:3] if classification else METRICS[3:])
        if not set(self.metrics) <= allowed:
            raise ValueError(f"metrics of a {self.kind} are {', '.join(sorted(allowed))}")
        if self.folds == "official" and self.folds_by != "participant":
            raise ValueError("official sets are by participant; give a number of folds")
        return self


def benchmark_dir() -> Path:
    """Return the folder of the benchmark files."""
    return data_dir() / "protocols" / "benchmark"


def benchmark_names() -> tuple[str, ...]:
    """Return the names of all benchmarks, sorted."""
    return tuple(sorted(path.stem for path in benchmark_dir().glob("*.yaml")))


def load_benchmark(name: str, beside: Sequence[str] = ()) -> Benchmark:
    """Load one benchmark by name.

    Parameters
    ----------
    name : str
    beside : sequence of str, optional
        What the caller takes as well, for whoever mistyped.

    Raises
    ------
    BadInputError
        When there is none of that name, or its file is wrong.
    """
    if name not in benchmark_names():
        raise BadInputError(
            f"There is no benchmark called {name!r}.",
            fix=f"Choose one of: {', '.join((*benchmark_names(), *beside))}.",
        )
    path = benchmark_dir() / f"{name}.yaml"
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        benchmark = Benchmark.model_validate(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise BadInputError(f"{path} is not valid YAML: {problem}.") from None
    except ValidationError as problem:
        raise BadInputError(f"{path} is not a benchmark: {_first(problem)}") from None
    if benchmark.name != name:
        raise BadInputError(f"{path} names itself {benchmark.name!r}, expected {name!r}.")
    return benchmark


def _first(problem: ValidationError) -> str:
    """Say the first problem of a validation in one line: where, what, found."""
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']} (found {str(first.get('input'))[:60]!r})."
