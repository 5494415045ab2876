"""From a recorded gaze stream to binocular gaze with events.

Events are found by velocity threshold (I-VT): a sample faster than the threshold belongs
to a saccade, the rest between losses to fixations; short losses of both eyes are blinks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
from emer_studio.features.eye_table import SCREEN_DEG, BinocularGaze
from emer_studio.recording.gaze_internal import to_internal
from emer_studio.recording.reader import RecordedStream
from emer_studio.schema.streams import recognise

__all__ = ["binocular_gaze", "find_events"]

Floats = npt.NDArray[np.float64]
NONE, FIXATION, SACCADE, BLINK = range(4)
SACCADE_DEG_S = 30.0
"""I-VT threshold; 30 deg/s is the default of Tobii's I-VT filter (Olsen 2012, *The Tobii
I-VT Fixation Filter*)."""
WINDOW_S = 0.02
"""Velocity is taken over this time (same source: 20 ms)."""
FIXATION_S = 0.06
"""Shorter stable stretches are no fixations (same source: 60 ms)."""
BLINK_S = (0.05, 0.5)
"""Losses of both eyes of this length count as blinks (chosen by us: usual durations)."""


def binocular_gaze(
    stream: RecordedStream, display_px: tuple[float, float] | None = None
) -> BinocularGaze:
    """Return the gaze of a recorded stream.

    Parameters
    ----------
    stream : RecordedStream
        A stream whose channels say what they are.
    display_px : tuple of float, optional
        Size of the display, needed when the stream is in pixels.

    Raises
    ------
    BadInputError
        When its layout is not recognised, it is no gaze on the screen, or it is in pixels
        and no size is given.
    """
    layout = recognise(stream.header)
    if layout is None:
        labels = ", ".join(channel.label for channel in stream.header.channels) or "none"
        raise BadInputError(
            f"The channels of {stream.header.name!r} do not say what they are: {labels}.",
            fix="Let the sender describe its channels (XDF Gaze Meta-Data convention).",
        )
    if not layout.usable:
        raise BadInputError(f"{stream.header.name!r}: {layout.refusal}", fix=layout.fix)
    found = to_internal(layout, stream.values, display_px=display_px)
    times_s = stream.stamps_s
    combined = np.concatenate([found.xy[:, 2], found.pupil_mm[:, 2:]], axis=1)
    eyes = found.xy[:, :2]
    one = np.isfinite(found.xy[:, 2]).any()
    return BinocularGaze(
        times_s=times_s,
        xy=eyes,
        pupil_mm=found.pupil_mm[:, :2],
        openness_mm=found.openness_mm[:, :2],
        origin_mm=found.origin_mm[:, :2],
        event=find_events(times_s, found.xy if one else eyes),
        combined=combined if np.isfinite(combined).any() else None,
    )


def find_events(
    times_s: Floats, xy: Floats, screen_deg: tuple[float, float] = SCREEN_DEG
) -> npt.NDArray[Any]:
    """Label each sample as fixation, saccade, blink or nothing.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
        Increasing.
    xy : ndarray, shape (n, n_eyes, 2), float64
        Gaze by eye and axis as fraction of the screen; NaN where lost.
    screen_deg : tuple of float
        Visual angle of the screen.

    Returns
    -------
    event : ndarray, shape (n,), uint8
        0 nothing, 1 fixation, 2 saccade, 3 blink.
    """
    event = np.zeros(len(times_s), np.uint8)
    if len(times_s) < 2:
        return event
    seen: npt.NDArray[np.bool_] = np.any(np.all(np.isfinite(xy), axis=2), axis=1)
    speed = _speed(times_s, xy * np.asarray(screen_deg))
    event[seen & (speed > SACCADE_DEG_S)] = SACCADE
    event[seen & (speed <= SACCADE_DEG_S)] = FIXATION
    step_s = np.diff(times_s)
    sample_s = float(np.median(step_s))
    for start, end in _runs(event == FIXATION):
        if (end - start) * sample_s < FIXATION_S:
            event[start:end] = NONE
    for start, end in _runs(~seen):
        if BLINK_S[0] <= (end - start) * sample_s <= BLINK_S[1]:
            event[start:end] = BLINK
    return event


def _speed(times_s: Floats, degrees: Floats) -> Floats:
    """Return the speed of the eyes in deg/s, shape (n,); NaN beside a loss.

    Each eye is averaged over three samples and compared over at least 20 ms, as Tobii's
    I-VT filter does: from sample to sample, noise alone would pass for a saccade. An eye
    counts only where it was seen at both ends, so losing one eye is no movement.
    """
    n, step_s = len(times_s), float(np.median(np.diff(times_s)))
    half = max(round(WINDOW_S / 2 / step_s), 1) if step_s > 0 else 1
    smooth = np.full_like(degrees, np.nan)
    if n < 2 * half + 3:
        return np.full(n, np.nan)
    smooth[1:-1] = (degrees[:-2] + degrees[1:-1] + degrees[2:]) / 3
    moved = np.full(degrees.shape[:2], np.nan)
    apart = smooth[2 * half :] - smooth[: -2 * half]
    moved[half:-half] = np.hypot(apart[:, :, 0], apart[:, :, 1])
    elapsed_s = np.full(n, np.nan)
    elapsed_s[half:-half] = times_s[2 * half :] - times_s[: -2 * half]
    there = np.isfinite(moved)
    mean = np.where(there, moved, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    usable = there.any(axis=1) & (elapsed_s > 0)
    return np.where(usable, mean / np.where(usable, elapsed_s, 1.0), np.nan)


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the half-open ranges in which `mask` is true."""
    edges = np.flatnonzero(np.diff(np.r_[False, mask, False].astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
