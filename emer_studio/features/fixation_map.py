"""Where on a clip the eyes rested: a density over its frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from emer_studio.recording.screen_geometry import Geometry

__all__ = ["SIGMA_DEG", "WHOLE", "Frame", "fixation_map", "overlay"]

Floats = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]
SIGMA_DEG = 1.0
"""Of the Gaussian. One degree, about the fovea's width and a tracker's error, is what maps
of attention use (Le Meur & Baccino 2013, *Methods for comparing scanpaths and saliency
maps*)."""
_REACH = 4.0  # sigmas, beyond which the Gaussian is cut off


@dataclass(frozen=True, slots=True)
class Frame:
    """The place of a clip on the display: as large as it fits, in the middle.

    Attributes
    ----------
    left, top, width, height : float
        Fractions of the display.
    """

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def fitted(cls, clip_px: tuple[float, float], display_px: tuple[float, float]) -> Frame:
        """Return the frame of a clip that fills the display and keeps its shape."""
        scale = min(display_px[0] / clip_px[0], display_px[1] / clip_px[1])
        width, height = (scale * c / d for c, d in zip(clip_px, display_px, strict=True))
        return cls((1 - width) / 2, (1 - height) / 2, width, height)

    def within(self, xy: Floats) -> Floats:
        """Return places on the display, shape (n, 2), as fractions of the frame."""
        return np.asarray((xy - [self.left, self.top]) / [self.width, self.height])


WHOLE = Frame(0.0, 0.0, 1.0, 1.0)
"""Of a clip that fills the display."""


def fixation_map(
    fixations: pd.DataFrame,
    frame: Frame,
    geometry: Geometry,
    size: tuple[int, int],
    *,
    start_s: float = -np.inf,
    end_s: float = np.inf,
    sigma_deg: float = SIGMA_DEG,
) -> npt.NDArray[np.float32]:
    """Return the density of fixation time over a frame.

    Parameters
    ----------
    fixations : DataFrame
        Columns ``onset_s``, ``duration_s``, ``x``, ``y`` of `EyeEvents.table`.
    frame : Frame
        Of the clip on the display.
    geometry : Geometry
        Of the display before the eyes; it says how wide a degree is.
    size : (int, int)
        Columns and rows of the map.
    start_s, end_s : float
        Only what falls into this time counts; a fixation across its edge by its part.
    sigma_deg : float

    Returns
    -------
    ndarray, shape (rows, columns), float32
        Adds up to 1; all zero when nobody looked at the frame in that time.
    """
    from scipy.ndimage import gaussian_filter  # a moment that most commands need not wait

    columns, rows = size
    onset_s = fixations["onset_s"].to_numpy(np.float64)
    gone_s = onset_s + fixations["duration_s"].to_numpy(np.float64)
    time_s = np.clip(np.minimum(gone_s, end_s) - np.maximum(onset_s, start_s), 0.0, None)
    at = frame.within(fixations[["x", "y"]].to_numpy(np.float64))
    inside = ((at >= 0) & (at < 1)).all(axis=1)
    density = np.zeros((rows, columns))
    cells = (at[inside] * [columns, rows]).astype(int)
    np.add.at(density, (cells[:, 1], cells[:, 0]), time_s[inside])
    total = density.sum()
    if not total:
        return density.astype(np.float32)
    sigma_mm = geometry.distance_mm * np.tan(np.radians(sigma_deg))
    sigma = (
        sigma_mm / (geometry.height_mm * frame.height) * rows,
        sigma_mm / (geometry.width_mm * frame.width) * columns,
    )
    # What spreads over the edge stays inside, so that a map of one fixation adds up to 1.
    smooth = gaussian_filter(density, sigma, mode="reflect", truncate=_REACH)
    return np.asarray(smooth / smooth.sum(), np.float32)


def overlay(picture: Picture, density: npt.NDArray[np.float32]) -> Picture:
    """Return a clip's frame with a map laid over it.

    Parameters
    ----------
    picture : ndarray, shape (height, width, 3), uint8
    density : ndarray, shape (rows, columns), float32
        Stretched to the picture; the densest place is opaque by six tenths.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        A copy; the map in the colours of inferno, first channel red.
    """
    import cv2

    height, width = picture.shape[:2]
    most = float(density.max())
    if not most:
        return picture.copy()
    share = cv2.resize(density / most, (width, height), interpolation=cv2.INTER_LINEAR)
    levels = np.asarray(share * 255, np.uint8)
    colours = cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO)[..., ::-1].astype(np.float32)
    alpha = np.float32(0.6) * share[..., None]
    return np.asarray(picture * (1 - alpha) + colours * alpha, np.uint8)
