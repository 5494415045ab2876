"""What a dry run told, as something to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from PySide6.QtWidgets import QTableWidget, QWidget

from emer_studio.ui.parts import label, set_cell, table
from emer_studio.ui.train.bars import Bars

__all__ = ["plan_parts"]

_ALL = ("Benchmark", "Samples", "People", "Clips", "Left out")
_FOLDS = ("Fold", "Learnt from", "Choose the epoch", "Tested", "Who is tested")
_ROW_PX, _HEAD_PX = 30, 40


def plan_parts(told: dict[str, Any]) -> Iterator[QWidget]:
    """Yield what stands below each other: numbers, what is left out, what to know."""
    if problem := told.get("error"):
        yield label(problem, "error", wrap=True)
        return
    several = told["benchmarks"]
    yield from _overview(several) if len(several) > 1 else _one(several[0])
    for row in told["unused"]:
        text = f"{row['trials']} trials never became samples: {row['why']}."
        yield label(text, "small", wrap=True)
    for remark in told["remarks"]:
        yield label(remark, "small-amber", wrap=True)


def _one(found: dict[str, Any]) -> Iterator[QWidget]:
    """Yield what one benchmark would be trained on."""
    yield label(found["title"], "muted", wrap=True)
    if found["problem"]:
        text = f"This cannot be trained. {found['problem']}"
        yield label(text, "error", wrap=True)
        if found["fix"]:
            yield label(found["fix"], "muted", wrap=True)
        return
    numbers = (
        f"{found['samples']:,} samples, {found['participants']} people,"
        f" {found['stimuli']} clips"
    )
    yield label(numbers, "number", wrap=True)
    for part in found["labels"]:
        if part["counts"]:
            yield Bars(part["counts"])
        else:
            yield label(_spread(part), wrap=True)
    out = found["left_out"]
    if out:
        yield label("Left out", "heading")
    for row in out:
        yield label(f"{row['samples']} samples: {row['why']}", wrap=True)
    if not out:
        yield label("Nothing of the dataset is left out.", "muted", wrap=True)
    if found["remarks"]:
        yield label("To know", "heading")
    for remark in found["remarks"]:
        yield label(remark, "small", wrap=True)
    yield label("Folds", "heading")
    yield _folds(found["split"])


def _spread(part: dict[str, Any]) -> str:
    found = part["spread"]
    name = part["label"].replace("_", " ").replace("fer ", "shown ").replace("er ", "felt ")
    return (
        f"{name[:1].upper()}{name[1:]}: {found['low']:.2f} to {found['high']:.2f},"
        f" mean {found['mean']:.2f}, sd {found['sd']:.2f}"
    ).replace("-", "−")


def _folds(split: Sequence[dict[str, Any]]) -> QTableWidget:
    rows = [
        (
            str(one["fold"]),
            *(str(one[part] or "–") for part in ("train", "validation", "test")),
            ", ".join([*one["test_participants"], *one["test_stimuli"]]),
        )
        for one in split
    ]
    return _grid("Folds", _FOLDS, rows)


def _overview(several: Sequence[dict[str, Any]]) -> Iterator[QWidget]:
    """Yield the table of all benchmarks, and what to know of them."""
    counts = ("samples", "participants", "stimuli")
    yield _grid(
        "Benchmarks",
        _ALL,
        [
            (
                one["title"],
                *(str(one.get(name, "–")) for name in counts),
                one["problem"] or _left_out(one["left_out"]),
            )
            for one in several
        ],
    )
    whose: dict[str, list[str]] = {}
    for one in several:
        for remark in one.get("remarks", ()):
            whose.setdefault(remark, []).append(one["title"])
    if whose:
        yield label("To know", "heading")
    for remark, titles in whose.items():
        all_of_them = len(titles) == len(several)
        text = remark if all_of_them else f"{'; '.join(titles)}: {remark}"
        yield label(text, "small", wrap=True)


def _left_out(rows: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{row['samples']}: {row['why']}" for row in rows) or "nothing"


def _grid(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> QTableWidget:
    """Return a table that is as high as its rows; its last cells may be long."""
    last = len(heads) - 1
    grid = table(heads, stretch=last, rows=_ROW_PX)
    grid.setAccessibleName(name)
    grid.setRowCount(len(rows))
    for row, cells in enumerate(rows):
        for column, text in enumerate(cells):
            set_cell(grid, row, column, text, tip=text if column == last else "")
    grid.setFixedHeight(_ROW_PX * len(rows) + _HEAD_PX)
    return grid
