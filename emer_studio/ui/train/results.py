"""The results of a run: each fold, all folds pooled, and what needs no face to reach."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QTableWidget

from emer_studio.schema.benchmark import METRICS
from emer_studio.study.runs import Entry
from emer_studio.ui.parts import set_cell, table
from emer_studio.ui.train.trainings import BATCH_FILE
from emer_studio.ui.workspace import read_object

__all__ = ["results_rows", "seeds_of", "show_results"]


def seeds_of(entry: Entry) -> dict[str, Any]:
    """Return mean and sd over the seeds that a run is one of; empty where it is alone."""
    told = None if entry.batch is None else read_object(entry.batch / BATCH_FILE)
    scores = ((told or {}).get("scores") or {}).get(entry.info.protocol) or {}
    return {name: one for name, one in scores.items() if one.get("seeds", 1) > 1}


def results_rows(
    results: dict[str, Any], seeds: dict[str, Any] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the rows of the table for a ``results.json``.

    Parameters
    ----------
    results : dict
    seeds : dict, optional
        From `seeds_of`.
    """
    names = [name for name in METRICS if name in results]
    heads = ["", *(name.upper() for name in names), "Model less it", "Test participants"]
    rows = []
    for fold in results.get("folds", []):
        people = ", ".join(map(str, fold.get("test_participants", [])))
        if clips := fold.get("test_stimuli"):
            people += f" with {', '.join(map(str, clips))}"
        rows.append(
            [
                f"Fold {fold.get('fold')}",
                *(_number(fold.get(name)) for name in names),
                "",
                people,
            ]
        )
    pooled = [_number(results.get(name)) for name in names]
    rows.append(["Pooled", *pooled, "", f"{results.get('samples')} samples"])
    if (mean := results.get("fold_mean")) and (sd := results.get("fold_sd")):
        each = (f"{_number(mean.get(n))} ± {_number(sd.get(n))}" for n in names)
        rows.append(["Folds", *each, "", "mean ± sd"])
    if seeds:
        each = (_spread(seeds.get(name)) for name in names)
        many = next(iter(seeds.values()))["seeds"]
        rows.append([f"{many} seeds", *each, "", "mean ± sd of what is pooled"])
    for key, name, over in (
        ("ci95", "95 % interval", "over people"),
        ("ci95_crossed", "95 %, clips too", "and over clips"),
    ):
        ranges = results.get(key) or {}
        if any(ranges.get(n) for n in names):
            rows.append([name, *(_ends(ranges.get(n)) for n in names), "", over])
    notes = {
        "majority": "always the most frequent answer",
        "target": "knows what the clip is meant to evoke",
        "stimulus": "clip identity: knows which clip it is",
        "participant": "knows who it is",
    }
    for kind, scores in results.get("baselines", {}).items():
        row = [_number(scores.get(name)) for name in names]
        told = [_against(results, kind), notes.get(kind, "")]
        rows.append([f"{kind.capitalize()} baseline", *row, *told])
    return heads, rows


def _against(results: dict[str, Any], kind: str) -> str:
    """Return how far the model is from a baseline, p over people and stimuli."""
    parts = list(results.get("by_label", {}).values())
    table = parts[0].get("comparisons", {}).get(kind, {}) if len(parts) == 1 else {}
    one = next((table[name] for name in ("war", "rmse") if name in table), None)
    if one is None:
        return ""
    p = one["p"] if one["p_crossed"] is None else one["p_crossed"]
    return f"{one['difference']:+.3f}, p {p:.3f}".replace("-", "−")


def show_results(
    grid: QTableWidget, results: dict[str, Any], seeds: dict[str, Any] | None = None
) -> None:
    """Fill a table; parameters as of `results_rows`."""
    heads, rows = results_rows(results, seeds)
    grid.setColumnCount(len(heads))
    grid.setHorizontalHeaderLabels(heads)
    head = grid.horizontalHeader()
    against, last = len(heads) - 2, len(heads) - 1
    for column in range(len(heads)):
        fit = (
            head.ResizeMode.Stretch if column == last else head.ResizeMode.ResizeToContents
        )
        head.setSectionResizeMode(column, fit)
        grid.setColumnHidden(column, False)
    grid.setColumnHidden(against, not any(row[against] for row in rows))
    grid.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            words = column in (0, last)
            shown, tip = (text, row[last]) if words else (_tight(text), "")
            set_cell(grid, number, column, shown, tip=tip)
            item = grid.item(number, column)
            if item is not None:
                face = item.font()
                face.setBold(row[0] == "Pooled")
                item.setFont(face)


def make_table() -> QTableWidget:
    """Return the empty table."""
    made = table(("",), stretch=0, rows=30)
    made.setAccessibleName("Results")
    return made


def _tight(text: str) -> str:
    """Return numbers without the room around their signs, which narrow screens lack."""
    return text.replace(" – ", "–").replace(" ± ", "±")


def _spread(one: dict[str, Any] | None) -> str:
    return f"{_number(one['mean'])} ± {_number(one['sd'])}" if one else "–"


def _ends(both: list[float] | None) -> str:
    return f"{_number(both[0])} – {_number(both[1])}" if both else "–"


def _number(value: object) -> str:
    return f"{value:.3f}".replace("-", "−") if isinstance(value, int | float) else "–"
