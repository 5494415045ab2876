"""The figures of the gap between felt and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from emer_studio.core.resampling import Interval
from emer_studio.report.figures import COLOURS, INK, LINE, embed, new_figure
from emer_studio.report.gap import Confusion, Contrast

__all__ = ["arrows", "contrasts", "intervals", "table_of_shares"]

_FELT, _SHOWN = COLOURS[4], COLOURS[5]


def table_of_shares(confusion: Confusion) -> str:
    """Draw felt (rows) against shown (columns): share of each row, and its trials."""
    k = len(confusion.classes)
    figure, (axis,) = new_figure(0.78 * k + 1.9, 0.62 * k + 1.2)
    shares = np.array([[cell.value for cell in row] for row in confusion.shares])
    axis.imshow(np.nan_to_num(shares), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(confusion.shares):
        for j, cell in enumerate(row):
            if not cell.high > 0:  # never, or no trial at all
                continue
            text = f"{cell.value:.0%}\n{cell.low:.0%}–{cell.high:.0%}".replace("%–", "–")
            dark = cell.value > 0.55
            axis.text(
                j, i, text, ha="center", va="center", fontsize=7,
                color="white" if dark else INK,
            )  # fmt: skip
    totals = confusion.counts.sum(axis=1)
    axis.set_xticks(range(k), confusion.classes, rotation=40, ha="right", fontsize=8)
    names = [f"{name} ({n})" for name, n in zip(confusion.classes, totals, strict=True)]
    axis.set_yticks(range(k), names, fontsize=8)
    axis.set(xlabel="shown (experts)", ylabel="felt (participant)")
    return embed(figure)


def intervals(found: Mapping[str, Interval], floor: Interval | None) -> str:
    """Draw discordance with intervals, the noise floor as a band behind."""
    figure, (axis,) = new_figure(6.4, 0.32 * len(found) + 1.1)
    if floor is not None and np.isfinite(floor.value):
        axis.axvspan(floor.low, floor.high, color=LINE, alpha=0.5, lw=0)
        axis.axvline(floor.value, color="#7A7A7A", lw=1.2, ls="--")
        axis.text(
            floor.value, -0.8, " one rater against the others", fontsize=7, color="#5d6b78"
        )
    for at, one in enumerate(found.values()):
        axis.plot([one.low, one.high], [at, at], color=_FELT, lw=2, solid_capstyle="round")
        axis.plot(one.value, at, "o", color=_FELT, ms=6)
    axis.set_yticks(range(len(found)), list(found), fontsize=8)
    axis.set(
        xlim=(0, 1), ylim=(len(found) - 0.4, -1.2), xlabel="share of trials that differ"
    )
    return embed(figure)


def arrows(
    felt: Mapping[str, tuple[float, float]], shifts: Mapping[str, tuple[Interval, Interval]]
) -> str:
    """Draw an arrow from the felt to the shown place of each emotion.

    Parameters
    ----------
    felt : mapping of str to (float, float)
        Mean felt valence and arousal.
    shifts : mapping
        See `Gap.shifts`.
    """
    figure, (axis,) = new_figure(4.8, 4.6)
    axis.axhline(0, color=LINE, lw=1, zorder=0)
    axis.axvline(0, color=LINE, lw=1, zorder=0)
    for k, (emotion, (valence, arousal)) in enumerate(shifts.items()):
        x, y = felt[emotion]
        colour = COLOURS[k % len(COLOURS)]
        to = (x + valence.value, y + arousal.value)
        axis.annotate(
            "", to, (x, y), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2}
        )
        axis.plot(x, y, "o", color=colour, ms=6, label=emotion)
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="valence", ylabel="arousal")
    axis.legend(
        fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncol=4
    )
    return embed(figure)


def contrasts(found: Sequence[Contrast]) -> str:
    """Draw how eye measures differ in discordant trials, in standard deviations."""
    figure, (axis,) = new_figure(6.4, 0.3 * len(found) + 1.0)
    axis.axvline(0, color="#7A7A7A", lw=1, zorder=0)
    for at, one in enumerate(found):
        away = one.difference.low > 0 or one.difference.high < 0
        colour = _SHOWN if away else "#7A7A7A"
        ends = [one.difference.low, one.difference.high]
        axis.plot(ends, [at, at], color=colour, lw=2, solid_capstyle="round")
        axis.plot(one.difference.value, at, "o", color=colour, ms=5)
    axis.set_yticks(range(len(found)), [c.measure for c in found], fontsize=8)
    axis.set(ylim=(len(found) - 0.4, -0.6), xlabel="discordant less concordant, in SD")
    return embed(figure)
