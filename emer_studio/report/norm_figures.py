"""The figures of what clips bring about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emer_studio.core.emotions import EMOTIONS
from emer_studio.report.figures import COLOURS, LINE, embed, new_figure
from emer_studio.report.norms import LEAST_HITS, ClipNorms

__all__ = ["hit_rates", "sam_plane"]

_COLOUR = dict(zip(EMOTIONS, COLOURS, strict=True))


def hit_rates(norms: Sequence[ClipNorms]) -> str:
    """Draw the hit rate of each clip with its interval; a filled dot is recommended."""
    figure, (axis,) = new_figure(6.8, 0.3 * len(norms) + 1.2)
    axis.axvline(LEAST_HITS, color="#7A7A7A", lw=1, ls="--", zorder=0)
    for at, one in enumerate(norms):
        colour, hits = _COLOUR[one.emotion], one.hits
        axis.plot([hits.low, hits.high], [at, at], color=colour, lw=2.5, alpha=0.6)
        face = colour if one.recommended else "white"
        axis.plot(hits.value, at, "o", ms=7, mfc=face, mec=colour, mew=1.8)
    names = [f"{one.clip} ({one.emotion})" for one in norms]
    axis.set_yticks(range(len(norms)), names, fontsize=8)
    axis.set(
        xlim=(-0.03, 1.03),
        ylim=(len(norms) - 0.4, -0.6),
        xlabel="share of participants who felt the emotion it is meant to bring about",
    )
    return embed(figure)


def sam_plane(norms: Sequence[ClipNorms]) -> str:
    """Draw the mean valence and arousal of each clip, with both intervals as a cross."""
    figure, (axis,) = new_figure(6.8, 5.2)
    axis.axhline(0, color=LINE, lw=1, zorder=0)
    axis.axvline(0, color=LINE, lw=1, zorder=0)
    named = len(norms) <= _NAMED
    for one in norms:
        x, y, colour = one.valence, one.arousal, _COLOUR[one.emotion]
        axis.plot([x.low, x.high], [y.value, y.value], color=colour, lw=1.2, alpha=0.5)
        axis.plot([x.value, x.value], [y.low, y.high], color=colour, lw=1.2, alpha=0.5)
        face = colour if one.recommended else "white"
        axis.plot(x.value, y.value, "o", ms=8, mfc=face, mec=colour, mew=1.8)
        if named:
            axis.annotate(
                one.clip, (x.value, y.value), (6, 5), textcoords="offset points", fontsize=7
            )
    for emotion in dict.fromkeys(one.emotion for one in norms):
        axis.plot(np.nan, np.nan, "o", ms=8, color=_COLOUR[emotion], label=emotion)
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="valence", ylabel="arousal")
    axis.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return embed(figure)


_NAMED = 30  # with more clips their names would cover each other; the table has them
