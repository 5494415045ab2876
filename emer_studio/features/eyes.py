"""The eyes of one recording: gaze, what they did, and the pupil, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.features.eye_events import EyeEvents, eye_events
from emer_studio.features.gaze_table import GazeTable, gaze_table
from emer_studio.features.light import LightFit
from emer_studio.features.pupil import CleanPupil, clean_pupil
from emer_studio.recording.gaze_internal import to_internal
from emer_studio.recording.reader import RecordedStream
from emer_studio.recording.screen_geometry import geometry_of
from emer_studio.schema.eye_parameters import EyeParameters
from emer_studio.schema.streams import recognise

__all__ = ["Eyes", "eyes_of", "read_gaze"]


@dataclass(frozen=True, slots=True)
class Eyes:
    """A whole recording; what belongs to a clip is cut from it.

    Attributes
    ----------
    gaze : GazeTable
        As recorded.
    events : EyeEvents
    pupil : CleanPupil
    parameters : EyeParameters
        That events and pupil were computed with.
    light : LightFit, optional
        The pupil without the clips' light, where that is known.
    """

    gaze: GazeTable
    events: EyeEvents
    pupil: CleanPupil
    parameters: EyeParameters
    light: LightFit | None = None


def eyes_of(gaze: GazeTable, parameters: EyeParameters | None = None) -> Eyes:
    """Find the events and clean the pupil of a recording."""
    wanted = parameters or EyeParameters()
    return Eyes(gaze, eye_events(gaze, wanted), clean_pupil(gaze, wanted), wanted)


def read_gaze(
    stream: RecordedStream, display: Mapping[str, Any] | None = None
) -> GazeTable:
    """Return the gaze of a recorded stream.

    Parameters
    ----------
    stream : RecordedStream
        A stream whose channels say what they are.
    display : mapping, optional
        As a session's manifest describes it; its size in pixels is needed when the stream
        is in pixels.

    Raises
    ------
    BadInputError
        When its layout is not recognised, it is no gaze on the screen, or it is in pixels
        and no size is known.
    """
    display = display or {}
    layout = recognise(stream.header)
    if layout is None:
        labels = ", ".join(channel.label for channel in stream.header.channels) or "none"
        raise BadInputError(
            f"The channels of {stream.header.name!r} do not say what they are: {labels}.",
            fix="Let the sender describe its channels (XDF Gaze Meta-Data convention).",
        )
    if not layout.usable:
        raise BadInputError(f"{stream.header.name!r}: {layout.refusal}", fix=layout.fix)
    found = to_internal(
        layout,
        stream.values,
        display_px=_size(display, "px"),
        display_mm=display.get("given_mm") or _size(display, "mm"),
    )
    return gaze_table(stream.stamps_s, found, geometry_of(display, found.origin_mm))


def _size(display: Mapping[str, Any], unit: str) -> tuple[float, float] | None:
    width, height = display.get(f"width_{unit}"), display.get(f"height_{unit}")
    return (float(width), float(height)) if width and height else None
