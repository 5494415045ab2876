"""What one channel holds, by the conventions that senders follow.

A role is an eye and a quantity: ``left_x``, ``right_pupil``, ``both_valid``,
``left_origin_z``. ``both`` is a value of both eyes together; it is never called left.
The functions here look at one channel and return its role, or None.
"""

from __future__ import annotations

import re

from emer_studio.schema.stream_header import Channel

__all__ = ["by_label", "by_type", "gazepoint", "pupil_capture", "titta"]

EYES = ("left", "right", "both")

_TITTA = re.compile(
    r"(?P<what>[xyz]|valid|available|diameter)\."
    r"(?:position_(?P<where>on_display_area|in_user_coordinates|in_track_box_coordinates)\.)?"
    r"(?P<of>gaze_point|pupil|gaze_origin|eye_openness)\.(?P<eye>left|right)_eye"
)
_TITTA_VALID = {
    "gaze_point": "valid",
    "pupil": "pupil_valid",
    "gaze_origin": "origin_valid",
    "eye_openness": "openness_valid",
}
_TITTA_PLACES = {
    ("gaze_point", "on_display_area"): "{axis}",
    ("gaze_point", "in_user_coordinates"): "point_{axis}",
    ("gaze_origin", "in_user_coordinates"): "origin_{axis}",
}


def titta(channel: Channel) -> str | None:
    """Read TittaLSL's labels, e.g. ``x.position_on_display_area.gaze_point.left_eye``."""
    found = _TITTA.fullmatch(channel.label.lower())
    if found is None:
        return None
    eye, what, of = found["eye"], found["what"], found["of"]
    if what == "valid":
        return f"{eye}_{_TITTA_VALID[of]}"
    if what == "diameter":
        return f"{eye}_{'pupil' if of == 'pupil' else 'openness'}"
    role = _TITTA_PLACES.get((of, found["where"] or ""))
    return f"{eye}_{role.format(axis=what)}" if role else None


_PUPIL_EYES = ("right", "left")  # Pupil Capture's eye 0 and eye 1
_PUPIL = {
    r"confidence": "both_valid",
    r"norm_pos_(?P<axis>[xy])": "both_{axis}",
    r"gaze_point_3d_(?P<axis>[xyz])": "both_point_{axis}",
    r"eye_center(?P<eye>[01])_3d_(?P<axis>[xyz])": "{eye}_origin_{axis}",
    r"gaze_normal(?P<eye>[01])_(?P<axis>[xyz])": "{eye}_direction_{axis}",
    r"diameter(?P<eye>[01])_2d": "{eye}_pupil_px",
    r"diameter(?P<eye>[01])_3d": "{eye}_pupil",
}


def pupil_capture(channel: Channel) -> str | None:
    """Read the labels of Pupil Capture's relay (its types call gaze normals positions)."""
    for pattern, role in _PUPIL.items():
        if found := re.fullmatch(pattern, channel.label.lower()):
            parts = found.groupdict()
            eye = _PUPIL_EYES[int(parts["eye"])] if "eye" in parts else ""
            return role.format(axis=parts.get("axis", ""), eye=eye)
    return None


_GAZEPOINT = re.compile(r"(?P<eye>[lr])(?P<what>pogx|pogy|pogv|pd|pv)")
_GAZEPOINT_ROLES = {
    "pogx": "x",
    "pogy": "y",
    "pogv": "valid",
    "pd": "pupil",
    "pv": "pupil_valid",
}


def gazepoint(channel: Channel) -> str | None:
    """Read the field names of the Open Gaze API: ``LPOGX``, ``RPD`` and so on.

    Its fixations (``FPOG``) and its choice of the better eye (``BPOG``) are left out.
    """
    found = _GAZEPOINT.fullmatch(channel.label.lower())
    if found is None:
        return None
    eye = "left" if found["eye"] == "l" else "right"
    return f"{eye}_{_GAZEPOINT_ROLES[found['what']]}"


_TYPES = {
    **{f"screen{axis}": axis for axis in "xy"},
    **{f"intersection{axis}": f"point_{axis}" for axis in "xyz"},
    **{f"direction{axis}": f"direction_{axis}" for axis in "xyz"},
    **{f"position{axis}": f"origin_{axis}" for axis in "xyz"},
    "diameter": "pupil",
    "pupilsize": "pupil",
    "eyeliddistance": "openness",
    "confidence": "valid",
    "valid": "valid",
    "validity": "valid",
    "validflag": "valid",
}


def by_type(channel: Channel) -> str | None:
    """Read type and eye of the XDF Gaze Meta-Data convention."""
    what = _TYPES.get(channel.type.lower())
    return f"{_eye(channel)}_{what}" if what else None


_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_EYE_WORDS = {
    **dict.fromkeys(("left", "l", "le", "lefteye"), "left"),
    **dict.fromkeys(("right", "r", "re", "righteye"), "right"),
    **dict.fromkeys(("both", "mean", "avg", "average", "binocular", "cyclopean"), "both"),
}
# Words that say nothing about what is measured.
_FILLERS = frozenset(
    "gaze screen eye por pos position point on display area norm normalized normalised"
    " px pixel pixels mm tracker".split()
)
# Labels without a boundary between their words.
_JOINED: dict[str, tuple[str, ...]] = {
    **{f"{side}{axis}": (side, axis) for side in "lr" for axis in "xy"},
    **{f"gaze{axis}": ("gaze", axis) for axis in "xy"},
    **{f"screen{axis}": ("screen", axis) for axis in "xy"},
    **{f"por{axis}": ("por", axis) for axis in "xy"},
    "pupilsize": ("pupil",),
    "pupildiameter": ("pupil",),
}
_QUANTITIES: dict[tuple[str, ...], str] = {
    ("x",): "x",
    ("y",): "y",
    ("pupil",): "pupil",
    ("pupil", "size"): "pupil",
    ("pupil", "diameter"): "pupil",
    ("diameter",): "pupil",
    ("valid",): "valid",
    ("validity",): "valid",
    ("confidence",): "valid",
    ("openness",): "openness",
    **{("origin", axis): f"origin_{axis}" for axis in "xyz"},
}


def words(label: str) -> list[str]:
    """Return the words of a label: ``LeftGazeX``, ``left_gaze_x`` and ``lx`` alike."""
    found = [word.lower() for word in _WORD.findall(label)]
    return [part for word in found for part in _JOINED.get(word, (word,))]


def by_label(channel: Channel) -> str | None:
    """Read a plain label such as ``left_x``, ``GazeX``, ``pupil_size_r``."""
    found = words(channel.label)
    quantity = tuple(w for w in found if w not in _FILLERS and w not in _EYE_WORDS)
    what = _QUANTITIES.get(quantity)
    return f"{_eye(channel)}_{what}" if what else None


def _eye(channel: Channel) -> str:
    """Return the eye that a channel names, in its own field or in its label."""
    if channel.eye.lower() in EYES:
        return channel.eye.lower()
    named = [_EYE_WORDS[word] for word in words(channel.label) if word in _EYE_WORDS]
    return named[0] if named else "both"
