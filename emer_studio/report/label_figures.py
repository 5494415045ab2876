"""The figures of the label report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from emer_studio.labels.agreement.rows import Row
from emer_studio.labels.calibration_curve import BINS, Calibration
from emer_studio.report.figures import COLOURS, INK, LINE, embed, new_figure

__all__ = ["classes", "pairs", "reliability", "reliability_figure"]

_BEFORE, _AFTER = COLOURS[5], COLOURS[4]


def pairs(raters: Sequence[str], rows: Sequence[Row]) -> str:
    """Draw Cohen's κ of every pair of raters."""
    table = np.full((len(raters), len(raters)), np.nan)
    for row in rows:
        first, second = row.name.split(" and ")
        i, j = raters.index(first), raters.index(second)
        table[i, j] = table[j, i] = row.value
    size = 0.62 * len(raters) + 1.3
    figure, (axis,) = new_figure(size + 0.4, size)
    axis.imshow(np.nan_to_num(table), cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if value > 0.55 else INK
            text = f"{value:.2f}".replace("0.", ".")
            axis.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
    axis.set_xticks(range(len(raters)), raters, rotation=40, ha="right")
    axis.set_yticks(range(len(raters)), raters)
    return embed(figure)


def classes(rows: Sequence[Row]) -> str:
    """Draw κ and AC1 of each class with intervals, and how often it was chosen."""
    names = [row.name.removeprefix("κ, ") for row in rows if row.name.startswith("κ")]
    figure, (left, right) = new_figure(7.6, 0.34 * len(names) + 1.1, columns=2)
    for kind, colour, aside in (("κ", _AFTER, -0.13), ("AC1", _BEFORE, 0.13)):
        mine = [row for row in rows if row.name.startswith(kind)]
        for at, row in enumerate(mine):
            if np.isfinite(row.value):
                ends = [row.low, row.high]
                left.plot(ends, [at + aside] * 2, color=colour, lw=2)
                label = kind if at == 0 else None
                left.plot(row.value, at + aside, "o", color=colour, ms=5, label=label)
    left.axvline(0, color=LINE, lw=1, zorder=0)
    left.set_yticks(range(len(names)), names, fontsize=8)
    left.set(xlim=(-0.3, 1.02), ylim=(len(names) - 0.4, -0.6), xlabel="against the rest")
    left.legend(
        fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncol=2
    )
    shares = [row.prevalence for row in rows if row.name.startswith("κ")]
    right.barh(range(len(names)), np.nan_to_num(shares), color=LINE)
    right.set_yticks([])
    right.set(ylim=(len(names) - 0.4, -0.6), xlabel="share of the ratings")
    return embed(figure)


def reliability(before: Calibration, after: Calibration | None) -> str:
    """Draw how often a model is right against how sure it is."""
    return embed(reliability_figure(before, after))


def reliability_figure(before: Calibration, after: Calibration | None) -> Figure:
    """Return the reliability diagram, for embedding or for a file."""
    figure, (axis,) = new_figure(4.6, 4.2)
    axis.plot([0, 1], [0, 1], color="#7A7A7A", lw=1, ls="--", zorder=0)
    for found, colour, name in (
        (before, _BEFORE, "as it says"),
        (after, _AFTER, "calibrated"),
    ):
        if found is None:
            continue
        some = np.flatnonzero(found.items)
        x, y = found.confidence[some], found.accuracy[some]
        axis.plot(x, y, "-", color=colour, lw=1.5)
        axis.scatter(x, y, s=_sizes(found.items[some]), color=colour, label=name, zorder=3)
    axis.set_xticks(np.linspace(0, 1, BINS // 2 + 1))
    axis.set(
        xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="how sure the model is",
        ylabel="how often it is right",
    )  # fmt: skip
    axis.legend(fontsize=8, frameon=False, loc="upper left")
    return figure


def _sizes(items: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return areas in proportion to the number of items, the smallest still visible."""
    areas: npt.NDArray[np.float64] = np.maximum(160.0 * items / items.max(), 14.0)
    return areas
