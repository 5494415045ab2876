"""From fractions of a display to degrees of visual angle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DISTANCE_MM", "Geometry", "geometry_of"]

Floats = npt.NDArray[np.float64]
DISTANCE_MM = 650.0
"""From the eyes to the display where nobody says. Chosen by us: the distance at which
makers of screen-based trackers state their accuracy."""
_SIZE_MM = (531.0, 299.0)  # a 24-inch display at 16:9, where nobody says (chosen by us)
# What can be true (chosen by us): a telephone to a wall; a face at arm's length and more.
_PIXELS_MM = (0.03, 2.0)
_DISTANCES_MM = (250.0, 2500.0)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the eye is before the display: straight before its middle.

    Attributes
    ----------
    width_mm, height_mm : float
        Of the display.
    distance_mm : float
        From the eyes to it.
    size_from : {"given", "system", "assumed"}
        Who says so: a person, the operating system, or nobody.
    distance_from : {"tracker", "given", "assumed"}
        The same of the distance.
    """

    width_mm: float
    height_mm: float
    distance_mm: float
    size_from: str = "given"
    distance_from: str = "given"

    def offsets_deg(self, xy: Floats, target: tuple[float, float]) -> Floats:
        """Return how far gaze is from a target, to the right and down, in degrees.

        Parameters
        ----------
        xy : ndarray, shape (n, 2), float64
            Fraction of the display, origin top left; NaN where lost.
        target : tuple of float
            The same of the target.
        """
        gaze, aim = self._direction(np.asarray(xy)), self._direction(np.array([target]))[0]
        ahead = aim / np.linalg.norm(aim)
        right = np.array([aim[2], 0.0, -aim[0]]) / np.hypot(aim[0], aim[2])
        down = np.cross(ahead, right)
        along = gaze @ ahead
        turned = np.arctan2(gaze @ right, along), np.arctan2(gaze @ down, along)
        return np.asarray(np.degrees(np.stack(turned, axis=1)))

    def _direction(self, xy: Floats) -> Floats:
        """Return vectors from the eye (x right, y down, z ahead), in mm."""
        places = (xy - 0.5) * [self.width_mm, self.height_mm]
        return np.column_stack([places, np.full(len(places), self.distance_mm)])


def geometry_of(
    display: Mapping[str, Any],
    origin_mm: Floats | None = None,
    *,
    size_mm: tuple[float, float] | None = None,
    distance_mm: float | None = None,
) -> Geometry:
    """Return the geometry as far as it is known, and who says so.

    Parameters
    ----------
    display : mapping
        What the system says of it: ``width_px``, ``height_px``, ``width_mm`` and
        ``height_mm``; and what a person said of the rig, where somebody did: ``given_mm``
        (width and height) and ``distance_mm``.
    origin_mm : ndarray, shape (n, n_eyes, 3), float64, optional
        Places of the eyes in the tracker's frame; z is taken as the distance, because
        screen-based trackers stand at the display. It goes before `distance_mm`.
    size_mm : tuple of float, optional
        Width and height of the display as a person measured them.
    distance_mm : float, optional
        The distance as a person measured it.
    """
    size_mm = size_mm or display.get("given_mm")
    distance_mm = distance_mm or display.get("distance_mm")
    size, size_from = _SIZE_MM, "assumed"
    told = float(display.get("width_mm") or 0), float(display.get("height_mm") or 0)
    pixels = float(display.get("width_px") or 0), float(display.get("height_px") or 0)
    if size_mm is not None:
        size, size_from = (float(size_mm[0]), float(size_mm[1])), "given"
    elif all(
        px > 0 and _PIXELS_MM[0] <= mm / px <= _PIXELS_MM[1]
        for mm, px in zip(told, pixels, strict=True)
    ):
        size, size_from = told, "system"
    measured_mm = _distance_of(origin_mm)
    if measured_mm is not None:
        return Geometry(*size, round(measured_mm, 1), size_from, "tracker")
    if distance_mm is not None:
        return Geometry(*size, distance_mm, size_from, "given")
    return Geometry(*size, DISTANCE_MM, size_from, "assumed")


def _distance_of(origin_mm: Floats | None) -> float | None:
    if origin_mm is None:
        return None
    z = np.abs(origin_mm[:, :, 2])
    z = z[np.isfinite(z)]
    middle = float(np.median(z)) if len(z) else 0.0
    return middle if _DISTANCES_MM[0] <= middle <= _DISTANCES_MM[1] else None
