"""Raw gaze samples in one internal form, whatever their sender calls things.

Places are fractions of the display with the origin at its top left, lost eyes are NaN,
and a value of both eyes together stays apart from those of either eye.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.schema.gaze_senders import BOTTOM_LEFT
from emer_studio.schema.gaze_values import PUPIL_MM
from emer_studio.schema.streams import GazeLayout

__all__ = ["InternalGaze", "to_internal"]

Floats = npt.NDArray[np.float64]
_SIDES = ("left", "right", "both")


@dataclass(frozen=True, slots=True)
class InternalGaze:
    """Gaze of one stream; the eye axis is left, right, both together.

    Attributes
    ----------
    xy : ndarray, shape (n, 3, 2), float64
        Fraction of the display, origin top left, y down; NaN where lost, where the stream
        has no such eye, and everywhere when the gaze is not on the screen.
    valid : ndarray, shape (n, 3), bool
        The sender calls the eye seen (or says nothing) and gives a place.
    pupil : ndarray, shape (n, 3), float64
        In `pupil_unit`; NaN where lost.
    pupil_unit : str
        ``mm``, ``px`` or ``arbitrary``; where the sender names none it is ``mm`` when the
        values can be a pupil's in mm.
    openness_mm : ndarray, shape (n, 3), float64
        Distance between the lids.
    origin_mm : ndarray, shape (n, 3, 3), float64
        Position of the eye in the tracker's frame.
    """

    xy: Floats
    valid: npt.NDArray[np.bool_]
    pupil: Floats
    pupil_unit: str
    openness_mm: Floats
    origin_mm: Floats

    @property
    def pupil_mm(self) -> Floats:
        """The pupil in mm; NaN when it is in another unit."""
        return self.pupil if self.pupil_unit == "mm" else np.full_like(self.pupil, np.nan)


def to_internal(
    layout: GazeLayout,
    values: npt.NDArray[Any],
    *,
    display_px: tuple[float, float] | None = None,
    display_mm: tuple[float, float] | None = None,
) -> InternalGaze:
    """Map the samples of a stream.

    Parameters
    ----------
    layout : GazeLayout
        Of the stream's header.
    values : ndarray, shape (n, n_channels)
        As recorded.
    display_px, display_mm : tuple of float, optional
        Width and height of the display; the one in the unit of the gaze is needed.

    Raises
    ------
    BadInputError
        When the gaze is in a unit of length and that size is not given.
    """
    table = np.asarray(values, dtype=np.float64)

    def by_eye(what: str) -> Floats:
        return np.stack([_column(layout, table, f"{eye}_{what}") for eye in _SIDES], axis=1)

    said = _seen(layout, by_eye("valid"))
    places = np.stack([by_eye("x"), by_eye("y")], axis=2)
    places[np.isin(places, layout.lost_at).all(axis=2)] = np.nan
    xy = places / _size(layout, display_px, display_mm)
    if layout.frame == BOTTOM_LEFT:
        xy[:, :, 1] = 1 - xy[:, :, 1]
    there = np.all(np.isfinite(xy), axis=2) & said & layout.usable
    pupil = np.where(_flag(by_eye("pupil_valid")), by_eye("pupil"), np.nan)
    if layout.validity == "confidence":  # it speaks of the whole eye, not of its place only
        pupil = np.where(said, pupil, np.nan)
    openness = np.where(_flag(by_eye("openness_valid")), by_eye("openness"), np.nan)
    origin = np.stack([by_eye(f"origin_{axis}") for axis in "xyz"], axis=2)
    return InternalGaze(
        xy=np.where(there[:, :, None], xy, np.nan),
        valid=there,
        pupil=pupil,
        pupil_unit=layout.pupil_unit or _pupil_unit(pupil),
        openness_mm=openness,
        origin_mm=np.where(_flag(by_eye("origin_valid"))[:, :, None], origin, np.nan),
    )


def _column(layout: GazeLayout, table: Floats, role: str) -> Floats:
    index = layout.columns.get(role)
    return np.full(len(table), np.nan) if index is None else table[:, index]


def _seen(layout: GazeLayout, validity: Floats) -> npt.NDArray[np.bool_]:
    """Return where each eye counts; a validity of both together speaks for either eye."""
    has = [f"{eye}_valid" in layout.columns for eye in _SIDES]
    own = np.where(has, validity >= layout.valid_from, True)
    return own & own[:, 2:] if has[2] else np.asarray(own)


def _flag(values: Floats) -> npt.NDArray[np.bool_]:
    """Return where a flag is set, or where the stream has no such flag."""
    return np.asarray(np.isnan(values) | (values >= 0.5))


def _size(
    layout: GazeLayout,
    display_px: tuple[float, float] | None,
    display_mm: tuple[float, float] | None,
) -> Floats:
    if layout.normalised or not layout.usable:
        return np.ones(2)
    size = display_px if layout.gaze_unit == "px" else display_mm
    if size is None:
        unit = "pixels" if layout.gaze_unit == "px" else "mm"
        raise BadInputError(
            f"The gaze is in {unit}, and the size of the display in {unit} is not known.",
            fix="Measure or enter the display's size in the session's settings.",
        )
    return np.asarray(size, dtype=np.float64)


def _pupil_unit(pupil: Floats) -> str:
    """Return ``mm`` when values whose unit is not given can be a pupil's in mm."""
    seen = pupil[np.isfinite(pupil) & (pupil > 0)]
    if not len(seen):
        return "mm"
    return "mm" if PUPIL_MM[0] <= np.median(seen) <= PUPIL_MM[1] else "arbitrary"
