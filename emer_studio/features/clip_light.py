"""How bright a clip is around where somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.features.fixation_map import Frame
from emer_studio.recording.screen_geometry import Geometry

__all__ = ["AROUND_DEG", "ClipLight", "clip_light", "light_around"]

Floats = npt.NDArray[np.float64]
AROUND_DEG = 5.0
"""Half the side of the square around the gaze. Chosen by us: the pupil answers mostly to
the middle of the visual field, and a tracker's error does not matter within it."""
_COLUMNS = 64  # of the pictures that are kept; a cell is then less than a degree
_GAMMA = 2.2  # of a display: the sRGB curve is within a few per cent of it


@dataclass(frozen=True, slots=True)
class ClipLight:
    """The light of a clip, frame by frame.

    Attributes
    ----------
    times_s : ndarray, shape (n,), float64
        Of each frame since the first one.
    sums : ndarray, shape (n, rows + 1, columns + 1), float32
        Relative luminance (0 to 1), summed up from the top left: the light of any
        rectangle is the difference of four cells.
    """

    times_s: Floats
    sums: npt.NDArray[np.float32]


def clip_light(path: Path, trim_in_s: float = 0.0) -> ClipLight:
    """Decode a clip and return its light from where it was begun.

    Raises
    ------
    BadInputError
        When it does not decode.
    """
    times_s, sums = [], []
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                at_s = float(frame.time or 0.0)
                if at_s < trim_in_s:
                    continue
                rows = max(round(frame.height * _COLUMNS / frame.width), 1)
                luma = frame.reformat(_COLUMNS, rows, "gray").to_ndarray() / 255.0
                times_s.append(at_s)
                sums.append(np.pad(luma**_GAMMA, ((1, 0), (1, 0))).cumsum(0).cumsum(1))
    except (OSError, av.FFmpegError) as problem:
        raise BadInputError(f"The clip {path} does not decode: {problem}.") from None
    if not times_s:
        raise BadInputError(f"The clip {path} holds no frame that decodes.")
    return ClipLight(np.array(times_s) - times_s[0], np.array(sums, np.float32))


def light_around(
    light: ClipLight, since_s: Floats, xy: Floats, frame: Frame, geometry: Geometry
) -> Floats:
    """Return the mean luminance around the gaze, shape (n,), 0 to 1.

    Where the gaze is lost or beside the clip, that of the whole frame is taken.

    Parameters
    ----------
    light : ClipLight
    since_s : ndarray, shape (n,), float64
        Since the clip's onset.
    xy : ndarray, shape (n, 2), float64
        Gaze as fraction of the display; NaN where lost.
    frame : Frame
        Of the clip on the display.
    geometry : Geometry
        Of the display before the eyes.
    """
    rows, columns = light.sums.shape[1] - 1, light.sums.shape[2] - 1
    shown = np.searchsorted(light.times_s, since_s, side="right") - 1
    shown = np.clip(shown, 0, len(light.times_s) - 1)
    at = frame.within(xy)
    inside = np.isfinite(at).all(axis=1) & ((at >= 0) & (at <= 1)).all(axis=1)
    reach_mm = geometry.distance_mm * np.tan(np.radians(AROUND_DEG))
    reach = reach_mm / np.array(
        [geometry.width_mm * frame.width, geometry.height_mm * frame.height]
    )
    low, high = np.zeros((len(at), 2)), np.ones((len(at), 2))
    low[inside] = np.clip(at[inside] - reach, 0, 1)
    high[inside] = np.clip(at[inside] + reach, 0, 1)
    size = np.array([columns, rows])
    first = np.floor(low * size).astype(int)
    end = np.maximum(np.ceil(high * size).astype(int), first + 1)
    end, first = np.minimum(end, size), np.minimum(first, size - 1)
    sums, (x0, y0), (x1, y1) = light.sums, first.T, end.T
    total = sums[shown, y1, x1] - sums[shown, y0, x1] - sums[shown, y1, x0]
    total = total + sums[shown, y0, x0]
    return np.asarray(total / ((x1 - x0) * (y1 - y0)), np.float64)
