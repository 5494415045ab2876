"""Whether the values of a gaze stream fit what its header says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from emer_studio.schema.gaze_layouts import GazeLayout

__all__ = ["PUPIL_MM", "value_doubts"]

PUPIL_MM = (1.0, 10.0)
"""Diameters that a human pupil can have (chosen by us, with room: textbooks give 2..8)."""
_ROWS = 2000  # looked at; enough for seconds of any tracker
_FAR = 3.0  # normalised gaze beyond this is no gaze beside the screen (chosen by us)
_SMALL_PX = 3.0  # pixels that never exceed this are fractions of a display


def value_doubts(layout: GazeLayout, rows: Iterable[Sequence[float]]) -> list[str]:
    """Return what is odd about values, in words for the operator.

    Parameters
    ----------
    layout : GazeLayout
        What the header says.
    rows : iterable of sequence of float
        Samples as received, shape (n, n_channels); NaN where lost.
    """
    taken = [row for _, row in zip(range(_ROWS), rows, strict=False)]

    def middle_90(suffix: str) -> tuple[float, float] | None:
        indices = [i for role, i in layout.columns.items() if role.endswith(suffix)]
        values = sorted(
            float(row[i]) for row in taken for i in indices if math.isfinite(row[i])
        )
        if not values:
            return None
        return values[len(values) // 20], values[-1 - len(values) // 20]

    places = [middle_90(f"{eye}_{axis}") for eye in layout.eyes for axis in "xy"]
    doubts = (
        _gaze_doubt(layout, places),
        _pupil_doubt(layout, middle_90("_pupil")),
        _validity_doubt(layout, middle_90("_valid")),
    )
    return [doubt for doubt in doubts if doubt]


def _gaze_doubt(layout: GazeLayout, ranges: list[tuple[float, float] | None]) -> str:
    seen = [each for each in ranges if each is not None]
    if not seen:
        return "no gaze was seen: the eyes are lost, or these are not the gaze channels"
    low, high = min(each[0] for each in seen), max(each[1] for each in seen)
    if layout.normalised and (low < -_FAR or high > _FAR):
        return (
            f"gaze is taken as 0..1 of the display, but runs from {low:.4g} to {high:.4g}:"
            " these may be pixels"
        )
    if layout.gaze_unit == "px" and high <= _SMALL_PX and low >= -_SMALL_PX:
        return (
            f"gaze is declared in pixels, but runs from {low:.3g} to {high:.3g}: it may be"
            " 0..1 of the display"
        )
    return ""


def _pupil_doubt(layout: GazeLayout, found: tuple[float, float] | None) -> str:
    if found is None or layout.pupil_unit in ("px", "arbitrary"):
        return ""
    if found[1] < PUPIL_MM[0] or found[0] > PUPIL_MM[1]:
        return f"the pupil runs from {found[0]:.4g} to {found[1]:.4g}: these are no mm"
    return ""


def _validity_doubt(layout: GazeLayout, found: tuple[float, float] | None) -> str:
    if found is None or (found[0] >= 0 and found[1] <= 1):
        return ""
    return (
        f"validity runs from {found[0]:.3g} to {found[1]:.3g} instead of 0 to 1; some"
        " trackers mean by 0 that all is well"
    )
