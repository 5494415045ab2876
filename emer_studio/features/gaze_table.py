"""The one table of gaze that everything about eyes is computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from emer_studio.recording.gaze_internal import InternalGaze
from emer_studio.recording.screen_geometry import Geometry

__all__ = ["GazeTable", "eyes_table", "gaze_table"]

Floats = npt.NDArray[np.float64]
_EYES = slice(0, 2)
_COMBINED = 2


@dataclass(frozen=True, slots=True)
class GazeTable:
    """Gaze sample by sample, lost ones as NaN; no sample is ever dropped.

    The eye axis is left, right, combined. Combined is the mean of the eyes that were seen,
    else what the tracker gave for both together.

    Attributes
    ----------
    times_s : ndarray, shape (n,), float64
        Increasing; the recorder's LSL clock, or from the clip's onset.
    xy : ndarray, shape (n, 3, 2), float64
        Fraction of the display, origin top left, y down.
    pupil : ndarray, shape (n, 3), float64
        Diameter in `pupil_unit`.
    pupil_unit : {"mm", "px", "arbitrary"}
    openness_mm : ndarray, shape (n, 2), float64
        Between the lids, of the left and the right eye.
    origin_mm : ndarray, shape (n, 2, 3), float64
        Of the left and the right eye in the tracker's frame.
    geometry : Geometry
        Of the display before the eyes, and who said so.
    """

    times_s: Floats
    xy: Floats
    pupil: Floats
    pupil_unit: str
    openness_mm: Floats
    origin_mm: Floats
    geometry: Geometry

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        """Where each eye has a place, shape (n, 3)."""
        return np.asarray(np.isfinite(self.xy).all(axis=2))

    @property
    def both(self) -> Floats:
        """The combined gaze, shape (n, 2), fraction of the display."""
        return self.xy[:, _COMBINED]

    @property
    def deg(self) -> Floats:
        """All gaze in degrees from the middle, to the right and down, shape (n, 3, 2)."""
        return np.stack(
            [self.geometry.offsets_deg(eye, (0.5, 0.5)) for eye in self.xy.swapaxes(0, 1)],
            axis=1,
        )

    @property
    def pupil_mm(self) -> Floats:
        """The pupil in mm, shape (n, 3); NaN when it is in another unit."""
        return self.pupil if self.pupil_unit == "mm" else np.full_like(self.pupil, np.nan)

    def px(self, display_px: tuple[float, float]) -> Floats:
        """Return all gaze in pixels of a display of that size, shape (n, 3, 2)."""
        return self.xy * np.asarray(display_px, np.float64)

    def cut(self, inside: npt.NDArray[np.bool_] | slice) -> GazeTable:
        """Return the samples that are `inside`."""
        return replace(
            self,
            times_s=self.times_s[inside],
            xy=self.xy[inside],
            pupil=self.pupil[inside],
            openness_mm=self.openness_mm[inside],
            origin_mm=self.origin_mm[inside],
        )


def eyes_table(
    times_s: Floats,
    xy: Floats,
    pupil_mm: Floats,
    openness_mm: Floats,
    origin_mm: Floats,
    geometry: Geometry,
) -> GazeTable:
    """Return the table of two eyes without anything that was measured of both together.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
    xy : ndarray, shape (n, 2, 2), float64
    pupil_mm, openness_mm : ndarray, shape (n, 2), float64
    origin_mm : ndarray, shape (n, 2, 3), float64
    geometry : Geometry
    """
    third_xy, third = np.full((len(xy), 1, 2), np.nan), np.full((len(xy), 1), np.nan)
    return GazeTable(
        times_s=times_s,
        xy=_combined(np.concatenate([xy, third_xy], axis=1)),
        pupil=_combined(np.concatenate([pupil_mm, third], axis=1)),
        pupil_unit="mm",
        openness_mm=openness_mm,
        origin_mm=origin_mm,
        geometry=geometry,
    )


def gaze_table(times_s: Floats, found: InternalGaze, geometry: Geometry) -> GazeTable:
    """Return the table of a stream's samples.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
    found : InternalGaze
        The samples, n of them.
    geometry : Geometry
    """
    return GazeTable(
        times_s=times_s,
        xy=_combined(found.xy),
        pupil=_combined(found.pupil),
        pupil_unit=found.pupil_unit,
        openness_mm=found.openness_mm[:, _EYES],
        origin_mm=found.origin_mm[:, _EYES],
        geometry=geometry,
    )


def _combined(values: Floats) -> Floats:
    """Put the mean of the eyes that were seen in the place of both, where there is one."""
    eyes = values[:, _EYES]
    seen = np.isfinite(eyes)
    count = seen.sum(axis=1)
    mean = np.where(seen, eyes, 0.0).sum(axis=1) / np.maximum(count, 1)
    out = values.copy()
    out[:, _COMBINED] = np.where(count > 0, mean, values[:, _COMBINED])
    return out
