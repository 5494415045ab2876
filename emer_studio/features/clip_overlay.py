"""A clip with the moving fixation map and the gaze of who watched it, and its maps."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from emer_studio.features.eye_tables import MAP_COLUMNS
from emer_studio.features.fixation_map import SIGMA_DEG, overlay
from emer_studio.features.viewings import Viewing
from emer_studio.recording.video import VideoWriter
from emer_studio.stimulus.decode import Pictures, read_timeline

__all__ = ["WINDOW_S", "map_of", "write_maps", "write_video"]

Maps = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
WINDOW_S = 1.0
"""Of a map in time. Chosen by us: about three fixations, so that one person's map shows
where the eyes come from and several people's where they agree."""
_MAP_EVERY_S = 0.1  # chosen by us: a map of a second does not change faster for the eye
_BOX_PX = (1280, 720)  # chosen by us: enough to see, a fifth of the work of 4K
_RING, _EDGE = (255, 255, 255), (30, 30, 30)  # white with a dark edge: seen on any picture


def map_of(
    viewings: Sequence[Viewing], size: tuple[int, int], start_s: float, end_s: float
) -> Maps:
    """Return the map of several people in a time window: everybody counts the same.

    Parameters
    ----------
    viewings : sequence of Viewing
        Of the same clip.
    size : (int, int)
        Columns and rows.
    start_s, end_s : float
        On the clip's clock.

    Returns
    -------
    ndarray, shape (rows, columns), float32
        Adds up to 1; all zero when nobody looked at the clip in that time.
    """
    total = np.zeros((size[1], size[0]), np.float32)
    for one in viewings:
        total += one.density(size, start_s, end_s)
    mass = float(total.sum())
    return total / np.float32(mass) if mass else total


def write_maps(viewings: Sequence[Viewing], path: Path, window_s: float) -> None:
    """Write the map of the whole clip and of each window after the other, as ``.npz``.

    ``whole`` (rows, columns), ``windows`` (n, rows, columns), ``starts_s`` (n,) on the
    clip's clock, and ``about``, a JSON text.
    """
    size, (start_s, end_s) = _size(viewings[0]), _span(viewings)
    starts_s = np.arange(start_s, end_s, window_s)
    windows = [map_of(viewings, size, at, min(at + window_s, end_s)) for at in starts_s]
    about = {
        "clip": viewings[0].clip,
        "window_s": window_s,
        "sigma_deg": SIGMA_DEG,
        "simulated": any(one.simulated for one in viewings),
        "viewings": [
            {"participant": v.participant, "session": v.session, "trial": v.trial}
            for v in viewings
        ],
    }
    with path.open("xb") as stream:
        np.savez_compressed(
            stream,
            whole=map_of(viewings, size, start_s, end_s),
            windows=np.array(windows, np.float32),
            starts_s=starts_s,
            about=np.array(json.dumps(about)),
        )


def write_video(
    viewings: Sequence[Viewing],
    path: Path,
    window_s: float,
    on_picture: Callable[[float], None] = lambda _share: None,
) -> int:
    """Write the clip with the map of the time around each picture; return its pictures.

    Parameters
    ----------
    viewings : sequence of Viewing
        Of the same clip; each one's gaze is a ring.
    path : Path
        Matroska; without sound.
    window_s : float
        Of the moving map, half before and half after the picture.
    on_picture : callable
        Called with the share that is done.
    """
    start_s, end_s = _span(viewings)
    timeline = read_timeline(viewings[0].file)
    size, density, drawn_s = _size(viewings[0]), None, -np.inf
    writer: VideoWriter | None = None
    try:
        for _, pts_s, picture in Pictures(timeline, start_s, end_s, fit_px=_BOX_PX):
            if writer is None:
                height, width = picture.shape[:2]
                fps = timeline.fps
                writer = VideoWriter(path, width_px=width, height_px=height, fps=fps)
            if density is None or pts_s - drawn_s >= _MAP_EVERY_S:
                half_s, drawn_s = window_s / 2, pts_s
                density = map_of(viewings, size, pts_s - half_s, pts_s + half_s)
            writer.write(_drawn(picture[..., :3], density, viewings, pts_s), pts_s)
            on_picture((pts_s - start_s) / max(end_s - start_s, 1e-9))
    except BaseException:
        if writer is not None:
            writer.abandon()
            writer.writing_path.unlink(missing_ok=True)
        raise
    if writer is None:
        return 0
    writer.close()
    return writer.frames


def _drawn(
    bgr: Picture, density: Maps, viewings: Sequence[Viewing], pts_s: float
) -> Picture:
    shown = overlay(np.ascontiguousarray(bgr[..., ::-1]), density)[..., ::-1].copy()
    height, width = shown.shape[:2]
    radius = max(height // 45, 4)
    for one in viewings:
        at = one.gaze_at(pts_s)
        if at is not None and 0 <= at[0] <= 1 and 0 <= at[1] <= 1:
            centre = round(at[0] * width), round(at[1] * height)
            cv2.circle(shown, centre, radius, _EDGE, 4, cv2.LINE_AA)
            cv2.circle(shown, centre, radius, _RING, 2, cv2.LINE_AA)
    if any(one.simulated for one in viewings):
        _write(shown, "SIMULATED GAZE")
    return shown


def _write(picture: Picture, text: str) -> None:
    scale = picture.shape[0] / 720
    place = round(16 * scale), round(36 * scale)
    face: Any = cv2.FONT_HERSHEY_SIMPLEX
    for colour, thick in ((_EDGE, 5), ((60, 60, 255), 2)):
        thickness = max(round(thick * scale), 1)
        cv2.putText(picture, text, place, face, scale, colour, thickness, cv2.LINE_AA)


def _size(viewing: Viewing) -> tuple[int, int]:
    """Return columns and rows of a map in the clip's shape."""
    geometry, frame = viewing.geometry, viewing.frame
    wide, high = geometry.width_mm * frame.width, geometry.height_mm * frame.height
    return MAP_COLUMNS, max(round(MAP_COLUMNS * high / wide), 1)


def _span(viewings: Sequence[Viewing]) -> tuple[float, float]:
    return min(v.start_s for v in viewings), max(v.end_s for v in viewings)
