"""Where somebody sits before a Tobii tracker, in a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emer_studio.devices.eyetracker_tobii import Samples

__all__ = ["Seat", "seat_line", "seat_of"]

_HALF = 8  # marks on either side of a bar's middle
# Chosen by us: half-way from the middle of the tracker's box to its wall.
_OFF = 0.25


@dataclass(frozen=True, slots=True)
class Seat:
    """Where the head is.

    Attributes
    ----------
    left_pct, right_pct : float
        How much of the last samples each eye was seen in.
    distance_mm : float
        From the tracker's front to the middle of the eyes; NaN when none is seen.
    box : tuple of float
        The middle of the eyes in the tracker's box, 0 to 1 along x, y and z.
    """

    left_pct: float
    right_pct: float
    distance_mm: float
    box: tuple[float, float, float]

    @property
    def advice(self) -> str:
        """What to do, empty when all is well."""
        if max(self.left_pct, self.right_pct) == 0:
            return "no eyes are seen: is somebody there, at the height of the screen?"
        if min(self.left_pct, self.right_pct) == 0:
            return "one eye is not seen: turn to the screen; glasses or hair in the way?"
        off = [abs(place - 0.5) for place in self.box]
        if np.all(np.isfinite(off)) and max(off) > _OFF:
            axis = ("sideways", "up or down", "nearer or further away")[int(np.argmax(off))]
            return f"near the edge of where it can see: move {axis}"
        return ""


def seat_of(batches: Sequence[Samples], position: npt.NDArray[np.float64]) -> Seat:
    """Read the seat from the last samples of gaze and the last one of positioning."""
    share: dict[str, float] = {}
    depths: list[float] = []
    for eye in ("left", "right"):
        origin = f"{eye}_gaze_origin"
        seen = _all(batches, f"{origin}_valid") > 0
        share[eye] = 100.0 * float(seen.mean()) if len(seen) else 0.0
        depths += _all(batches, f"{origin}_in_user_coordinates_z")[seen].tolist()
    eyes = [position[at : at + 3] for at in (0, 4) if position[at + 3] > 0]
    x, y, z = np.mean(eyes, axis=0).tolist() if eyes else (np.nan,) * 3
    distance_mm = float(np.mean(depths)) if depths else float("nan")
    return Seat(share["left"], share["right"], distance_mm, (x, y, z))


def _all(batches: Sequence[Samples], field: str) -> npt.NDArray[np.float64]:
    values = [np.asarray(batch[field], dtype=np.float64) for batch in batches]
    return np.concatenate(values) if values else np.empty(0)


def seat_line(seat: Seat) -> str:
    """Draw a seat: distance, eyes, and a bar for each axis with its mark in the middle."""
    far = "  -- cm" if np.isnan(seat.distance_mm) else f"{seat.distance_mm / 10:4.0f} cm"
    eyes = f"left {seat.left_pct:3.0f} %  right {seat.right_pct:3.0f} %"
    bars = "  ".join(f"{name} {_bar(at)}" for name, at in zip("xyz", seat.box, strict=True))
    return f"{far}  {eyes}  {bars}  {seat.advice or 'good'}"


def _bar(at: float) -> str:
    marks = list("·" * _HALF + "|" + "·" * _HALF)
    if np.isfinite(at):
        marks[int(np.clip(round(at * 2 * _HALF), 0, 2 * _HALF))] = "●"
    return "".join(marks)
