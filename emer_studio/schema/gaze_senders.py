"""The senders of gaze that are known: how to tell each, and what its header leaves out.

A new sender is one more entry in `SENDERS`, before the conventions that fit many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emer_studio.schema import gaze_roles as roles
from emer_studio.schema.stream_header import Channel, StreamHeader

__all__ = ["HEAD_WORN", "MAP_IT", "SCENE_CAMERA", "SENDERS", "TOP_LEFT", "Sender"]

TOP_LEFT = "screen, origin top left"
BOTTOM_LEFT = "screen, origin bottom left"
SCENE_CAMERA = "scene camera"


@dataclass(frozen=True, slots=True)
class Sender:
    """How the streams of one sender are told and read."""

    name: str
    is_it: Callable[[StreamHeader], bool]
    role: Callable[[Channel], str | None]
    gaze_unit: str = ""  # where the header is known to leave it out or to misname it
    frame: str = TOP_LEFT
    pupil_unit: str = ""
    valid_from: float = 0.5  # chosen by us: the middle between lost and seen
    refusal: str = ""
    fix: str = ""
    declared_rate_wrong: bool = False
    lost_at: tuple[float, ...] = ()  # what both coordinates are where an eye is lost


HEAD_WORN = (
    "This is gaze in the picture of a head-worn scene camera: it moves with the head and"
    " does not say where on the screen somebody looks."
)
MAP_IT = (
    "Record it if you like, and choose a screen-based tracker for the session; or let the"
    " sender map the gaze onto the screen (surface tracking) and stream that."
)


def _labelled(header: StreamHeader, label: str) -> bool:
    return any(channel.label.lower() == label for channel in header.channels)


def _is_titta(header: StreamHeader) -> bool:
    return any(
        channel.label.startswith("x.position_on_display_area.gaze_point.")
        for channel in header.channels
    )


def _is_tobii_pro_app(header: StreamHeader) -> bool:
    units = {channel.unit.lower() for channel in header.channels}
    return header.application == "TobiiProApp" or "screencoords" in units


def _is_neon(header: StreamHeader) -> bool:
    named = header.name.endswith("Neon Gaze") or header.name == "pupil_labs_Gaze"
    made = "pupil labs" in header.manufacturer.lower()
    return (named or made) and _labelled(header, "x") and _labelled(header, "y")


def _is_eyelink(header: StreamHeader) -> bool:
    return _labelled(header, "lefteyex") and _labelled(header, "pixelsperdegreex")


def _is_gazepoint(header: StreamHeader) -> bool:
    return _labelled(header, "lpogx") and _labelled(header, "rpogx")


def _is_gaze_type(header: StreamHeader) -> bool:
    return any(word in header.type.lower() for word in ("gaze", "eye"))


SENDERS = (
    # Normalised to the active display area, origin top left (Tobii Pro SDK); 38 channels,
    # 44 in versions that add the track box.
    Sender("TittaLSL", _is_titta, roles.titta, "normalised", pupil_unit="mm"),
    # Declares 600 Hz for every tracker ("TODO" in its source); "screencoords" are 0..1 of
    # the display area, the pupil is in mm (Tobii Pro SDK) though it does not say so.
    Sender(
        "Tobii Pro app",
        _is_tobii_pro_app,
        roles.by_type,
        "normalised",
        pupil_unit="mm",
        declared_rate_wrong=True,
    ),
    # Gaze in the scene camera's picture, origin bottom left (our reading, from memory of
    # Pupil's documentation). 0.6 is Pupil Capture's own minimum confidence (from memory).
    Sender(
        "Pupil Capture",
        lambda header: _labelled(header, "norm_pos_x"),
        roles.pupil_capture,
        "normalised",
        frame=SCENE_CAMERA,
        pupil_unit="mm",
        valid_from=0.6,
        refusal=HEAD_WORN,
        fix=MAP_IT,
    ),
    # x and y in pixels of the scene camera; the relay writes "metatype" for "type".
    Sender(
        "Neon / Pupil Invisible",
        _is_neon,
        lambda channel: roles.by_type(channel) or roles.by_label(channel),
        "px",
        frame=SCENE_CAMERA,
        refusal=HEAD_WORN,
        fix=MAP_IT,
    ),
    # Pixels of the display and the pupil's area, neither of which its header says. An eye
    # that is not tracked is sent as 0; -32768 is the EyeLink's own "missing" (from memory).
    Sender(
        "EyeLink app",
        _is_eyelink,
        roles.by_label,
        "px",
        pupil_unit="arbitrary",
        declared_rate_wrong=True,
        lost_at=(0.0, -32768.0),
    ),
    # Gazepoint's own script: "percent" are 0..1 of the display (its own example in the
    # source), origin top left (from memory of the Open Gaze API); the rate is fixed in it.
    Sender(
        "Gazepoint",
        _is_gazepoint,
        roles.gazepoint,
        "normalised",
        pupil_unit="px",
        declared_rate_wrong=True,
    ),
    Sender("XDF Gaze Meta-Data", lambda _header: True, roles.by_type),
    Sender("labelled", _is_gaze_type, roles.by_label),
)
"""The senders that are known, the most specific first."""
