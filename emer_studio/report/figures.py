"""The report's figures, as PNG for embedding. matplotlib without a display."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

mpl.use("agg")
from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "INK",
    "LINE",
    "affect_map",
    "confusion",
    "confusion_figure",
    "curves",
    "embed",
    "gaze_maps",
    "new_figure",
    "pupil_traces",
    "shown",
]

# Okabe & Ito's palette, which colour-blind people can tell apart.
COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#7A7A7A")
INK, LINE = "#22303c", "#c9d2da"
Floats = npt.NDArray[np.float64]


def embed(figure: Figure) -> str:
    """Return a figure as the ``src`` of an image."""
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=110, bbox_inches="tight", facecolor="white")
    return "data:image/png;base64," + base64.b64encode(raw.getvalue()).decode()


def new_figure(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Any]]:
    """Return a figure and its axes in the report's look; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, columns)).tolist()
    for axis in axes:
        axis.tick_params(colors=INK, labelsize=8)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set_color(LINE)
    return figure, axes


def affect_map(points: Sequence[tuple[float, float, str]]) -> str:
    """Draw the ratings in the valence-arousal plane.

    Parameters
    ----------
    points : sequence of (valence, arousal, clip)
        Mapped to [-1, 1].
    """
    figure, (axis,) = new_figure(4.6, 4.2)
    clips = sorted({clip for _, _, clip in points})
    for index, clip in enumerate(clips):
        mine = [(v, a) for v, a, name in points if name == clip]
        spread = 0.02 * (index - (len(clips) - 1) / 2)  # equal ratings stay visible
        axis.scatter(
            [v + spread for v, _ in mine],
            [a + spread for _, a in mine],
            s=70,
            color=COLOURS[index % len(COLOURS)],
            edgecolor="white",
            label=clip,
        )
    axis.axhline(0, color=LINE, lw=1, zorder=0)
    axis.axvline(0, color=LINE, lw=1, zorder=0)
    axis.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), xlabel="valence", ylabel="arousal")
    axis.legend(
        fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncol=2
    )
    return embed(figure)


def gaze_maps(trials: Sequence[tuple[str, Floats]]) -> str:
    """Draw where the gaze was, one panel a clip.

    Parameters
    ----------
    trials : sequence of (clip, xy)
        Gaze, shape (n, 2), as fraction of the screen.
    """
    figure, axes = new_figure(2.7 * len(trials), 1.9, len(trials))
    for axis, (clip, xy) in zip(axes, trials, strict=True):
        seen = xy[np.isfinite(xy).all(axis=1)]
        counts, _, _ = np.histogram2d(
            seen[:, 1], seen[:, 0], bins=(27, 48), range=((0, 1), (0, 1))
        )
        axis.imshow(_smooth(counts), extent=(0, 1, 1, 0), cmap="magma", aspect=9 / 16)
        axis.set_title(clip, fontsize=9, color=INK)
        axis.set_xticks([])
        axis.set_yticks([])
    return embed(figure)


def _smooth(counts: Floats, sigma: float = 1.2) -> Floats:
    """Blur a histogram with a Gaussian of `sigma` bins."""
    reach = np.arange(-4, 5)
    kernel = np.exp(-(reach**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        counts = np.apply_along_axis(np.convolve, axis, counts, kernel, mode="same")
    return counts


def pupil_traces(trials: Sequence[tuple[str, Floats, Floats]]) -> str:
    """Draw the pupil over each clip, as change against its first half second.

    Parameters
    ----------
    trials : sequence of (clip, times_s, pupil_mm)
    """
    figure, (axis,) = new_figure(6.4, 2.6)
    for index, (clip, times_s, pupil_mm) in enumerate(trials):
        first = pupil_mm[times_s < times_s[0] + 0.5]
        if not np.isfinite(first).any():
            continue
        change = pupil_mm - np.nanmedian(first)
        axis.plot(times_s, change, color=COLOURS[index % len(COLOURS)], lw=1.2, label=clip)
    axis.axhline(0, color=LINE, lw=1)
    axis.set(xlabel="seconds since clip onset", ylabel="pupil change (mm)")
    axis.legend(fontsize=8, frameon=False, ncol=2)
    return embed(figure)


def shown(rows: Sequence[tuple[str, dict[str, float]]]) -> str:
    """Draw what the model sees in the face, one bar a clip.

    Parameters
    ----------
    rows : sequence of (clip, mean probability by emotion)
    """
    figure, (axis,) = new_figure(6.4, 0.9 + 0.45 * len(rows))
    emotions = list(rows[0][1])
    left = np.zeros(len(rows))
    for index, emotion in enumerate(emotions):
        share = np.array([p[emotion] for _, p in rows])
        axis.barh(
            [clip for clip, _ in rows],
            share,
            left=left,
            color=COLOURS[index],
            label=emotion,
        )
        left += share
    axis.set(xlim=(0, 1), xlabel="mean probability over the clip")
    axis.invert_yaxis()
    axis.legend(
        fontsize=8, frameon=False, ncol=4, loc="upper center", bbox_to_anchor=(0.5, -0.3)
    )
    return embed(figure)


def confusion(
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
    *,
    rows: str = "true",
    columns: str = "predicted",
) -> str:
    """Draw a confusion matrix; rows are the truth, shaded by their share."""
    return embed(confusion_figure(classes, counts, rows=rows, columns=columns))


def confusion_figure(
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
    *,
    rows: str = "true",
    columns: str = "predicted",
) -> Figure:
    """Return the figure of a confusion matrix, for embedding or for a file."""
    table = np.asarray(counts, dtype=float)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure, (axis,) = new_figure(0.6 * len(classes) + 1.8, 0.52 * len(classes) + 1.4)
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(table):
        colour = "white" if share[row, column] > 0.55 else INK
        axis.text(
            column, row, f"{value:.0f}", ha="center", va="center", fontsize=9, color=colour
        )
    axis.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    axis.set_yticks(range(len(classes)), classes)
    axis.set(xlabel=columns, ylabel=rows)
    return figure


def curves(folds: Sequence[tuple[str, Sequence[float], Sequence[float]]]) -> str:
    """Draw training (solid) and validation (dashed) loss by epoch.

    Parameters
    ----------
    folds : sequence of (name, training loss by epoch, validation loss by epoch)
    """
    figure, (axis,) = new_figure(5.2, 2.6)
    for index, (name, train, val) in enumerate(folds):
        colour = COLOURS[index % len(COLOURS)]
        epochs = range(1, len(train) + 1)
        axis.plot(epochs, train, color=colour, marker="o", ms=3, label=name)
        if len(val) == len(train):
            axis.plot(epochs, val, color=colour, ls="--")
    axis.set(xlabel="epoch", ylabel="loss")
    axis.legend(fontsize=8, frameon=False)
    return embed(figure)
