"""A comparison of runs as the window shows it: differences with intervals and p."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt

from emer_studio.ui.parts import Card, button, label, set_cell, table

__all__ = ["ComparisonView", "comparison_rows"]

_HEADS = (
    "Run less the oldest", "Score", "Difference", "95 %, people", "p",
    "95 %, clips too", "p",
)  # fmt: skip


def comparison_rows(told: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the table for what ``runs compare`` says.

    With several pairs, p is the one that is corrected for them.
    """
    several = len(told["pairs"]) > 1
    kind = "p_holm", "p_crossed_holm"
    plain = "p", "p_crossed"
    people, both = kind if several else plain
    for pair in told["pairs"]:
        for one in pair["labels"]:
            name = f"{pair['run']} − {pair['against']}"
            name += f", {one['label']}" if len(pair["labels"]) > 1 else ""
            for score in one["scores"]:
                yield (
                    name, score["score"].upper(), _signed(score["difference"]),
                    _ends(score["ci95"]), _p(score[people]),
                    _ends(score["ci95_crossed"]), _p(score[both]),
                )  # fmt: skip
                name = ""
            if right := one["right"]:
                only = f"{right['run_only']} : {right['against_only']}"
                p = right["p_holm"] if several else right["p"]
                yield ("", "only one right", only, "McNemar", _p(p), "", "")


class ComparisonView(Card):
    """The table of a comparison and what to know of it."""

    def __init__(self) -> None:
        super().__init__("Comparison")
        self.close_it = button("Close")
        self.close_it.clicked.connect(self.hide)
        self.head.addWidget(self.close_it)
        self.grid = table(_HEADS, rows=30)
        self.grid.setAccessibleName("Comparison")
        self.grid.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.remarks = label("", "small", wrap=True)
        self.box.addWidget(self.grid, 1)
        self.box.addWidget(self.remarks)

    def show_comparison(self, told: dict[str, Any]) -> None:
        """Fill the card with the result of ``runs compare``."""
        rows = list(comparison_rows(told))
        self.heading.setText(f"Comparison, {told['protocol']}")
        p = "p (Holm)" if len(told["pairs"]) > 1 else "p"
        heads = [p if name == "p" else name for name in _HEADS]
        self.grid.setHorizontalHeaderLabels(heads)
        self.grid.setRowCount(len(rows))
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                set_cell(self.grid, row, column, text, tip="" if column else text)
        said = [text for pair in told["pairs"] for text in pair["remarks"]]
        self.remarks.setText("\n".join(dict.fromkeys([*told["remarks"], *said])))


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _ends(both: list[float] | None) -> str:
    return f"[{_signed(both[0])}, {_signed(both[1])}]" if both else "–"


def _p(value: float | None) -> str:
    if value is None:
        return "not tested"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
