"""The figures of a training run, for a page or as files for a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from emer_studio.core.errors import BadInputError
from emer_studio.core.files import new_folder
from emer_studio.core.resampling import drawn_weights
from emer_studio.fer.calibration import soften
from emer_studio.labels.calibration_curve import Calibration, calibration_of
from emer_studio.report.figures import COLOURS, INK, confusion_figure, new_figure
from emer_studio.report.label_figures import reliability_figure
from emer_studio.report.run_story import baseline_name
from emer_studio.schema.results import CalibrationPart, Results
from emer_studio.study.runs import Entry
from emer_studio.training.scores.predicted import Predicted, read_predictions
from emer_studio.training.scores.summary import model_title

__all__ = ["figures_of", "fold_figure", "save_figures"]

_DPI = 300  # of the PNG, chosen by us: what journals ask for at the size of a column
_HALF_WIDTH = 0.36
_MARKS = "os^Dv"


def figures_of(entry: Entry) -> list[tuple[str, str, Figure]]:
    """Return file name, caption and figure of everything a finished run can show.

    Raises
    ------
    BadInputError
        When it is not finished or its predictions are damaged.
    """
    results = entry.results
    if results is None:
        raise BadInputError(
            f"{entry.name} has no results (it is {entry.state}); there is nothing to draw."
        )
    score = entry.score
    found = []
    if score is not None and results.folds:
        called = model_title(entry.info.model_dump())
        drawn = fold_figure(results, score.metric, called)
        found.append((f"folds_{score.metric}", f"{score.metric.upper()} by fold", drawn))
    told = read_predictions(entry.folder, results)
    for label, part in results.by_label.items():
        if part.confusion:
            drawn = confusion_figure(part.classes, part.confusion)
            found.append((f"confusion_{label}", f"Confusion, {label}", drawn))
        if part.classes and len(told[label].samples):
            drawn = reliability_figure(*_calibrations(told[label], part.calibration))
            found.append((f"reliability_{label}", f"Reliability, {label}", drawn))
    return found


def fold_figure(results: Results, metric: str, name: str) -> Figure:
    """Draw the score of each fold beside the baselines of the same fold.

    Parameters
    ----------
    results : Results
    metric : str
        Of every fold.
    name : str
        What the model is called.
    """
    folds = results.folds
    figure, (axis,) = new_figure(1.6 + 0.8 * len(folds), 3.0)
    places = np.arange(len(folds))
    values = [float((fold.model_extra or {})[metric]) for fold in folds]
    axis.bar(places, values, 2 * _HALF_WIDTH, color=COLOURS[1], label=name, zorder=1)
    kinds = list(results.baselines)
    for index, kind in enumerate(kinds):
        marks = [fold.baselines.get(kind, {}).get(metric, np.nan) for fold in folds]
        aside = _HALF_WIDTH * (2 * (index + 1) / (len(kinds) + 1) - 1)  # equal ones show
        axis.plot(
            places + aside, marks, _MARKS[index % len(_MARKS)], ms=6, color=INK,
            markeredgecolor="white", label=baseline_name(kind), zorder=3,
        )  # fmt: skip
    pooled = float((results.model_extra or {})[metric])
    axis.axhline(pooled, color=INK, lw=1, ls=":", label=f"{name}, all samples", zorder=0)
    axis.set_xticks(places, [f"fold {fold.fold}" for fold in folds])
    axis.set(ylabel=metric.upper(), ylim=(0, 1) if metric == "war" else (0, None))
    axis.legend(fontsize=8, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def save_figures(entry: Entry, out: Path) -> list[Path]:
    """Save every figure of a run as SVG and PNG into a new folder.

    The SVG keeps its text as text, and is the same byte by byte for the same run.

    Raises
    ------
    BadInputError
        When `out` already holds something, or the run has nothing to draw.
    """
    drawn = figures_of(entry)
    new_folder(out)
    saved = []
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "emer-studio"}):
        for name, _caption, figure in drawn:
            for ending, more in (("svg", _undated()), ("png", {"dpi": _DPI})):
                path = out / f"{name}.{ending}"
                figure.savefig(path, bbox_inches="tight", facecolor="white", **more)
                saved.append(path)
    return saved


def _undated() -> dict[str, Any]:
    return {"metadata": {"Date": None}}


def _calibrations(
    told: Predicted, part: CalibrationPart | None
) -> tuple[Calibration, Calibration | None]:
    """Return how sure the run is against how often it is right, before and after."""
    truth = told.truth.astype(np.int64)
    weights = drawn_weights(told.participants, told.stimuli, draws=1)
    before = calibration_of(told.probabilities, truth, weights)
    if part is None or part.after is None:
        return before, None
    warmth = {one.fold: one.temperature for one in part.temperatures}
    soft = _softened(told, warmth)
    return before, calibration_of(soft, truth, weights)


def _softened(told: Predicted, warmth: dict[int, float]) -> Any:
    soft = told.probabilities.copy()
    folds: Sequence[int] = np.unique(told.folds).tolist()
    for fold in folds:
        here = told.folds == fold
        soft[here] = soften(told.probabilities[here], warmth.get(fold, 1.0))
    return soft
