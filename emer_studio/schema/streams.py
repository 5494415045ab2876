"""Stream headers and gaze layouts: what the channels of a stream mean.

A header is the XML that liblsl sends and an XDF file stores. A gaze layout is read from
the channel descriptions of the XDF *Gaze Meta-Data* convention (channel ``type``, ``eye``,
``unit``), and from TittaLSL's channel labels, which carry the same facts in the label.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError

__all__ = ["Channel", "GazeLayout", "StreamHeader", "gaze_layout", "parse_header"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as its sender describes it."""

    label: str
    type: str = ""
    unit: str = ""
    eye: str = ""


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """The facts of a stream header that the program uses."""

    name: str
    type: str
    channel_count: int
    channel_format: str
    nominal_hz: float
    source_id: str
    hostname: str
    channels: tuple[Channel, ...]
    simulated: bool
    configured_hz: float

    @property
    def expected_hz(self) -> float:
        """The declared rate, else the one the device was configured to, else 0."""
        return self.nominal_hz or self.configured_hz


@dataclass(frozen=True, slots=True)
class GazeLayout:
    """Which channel holds what.

    Attributes
    ----------
    columns : dict of str to int
        Channel index by role: ``left_x``, ``right_pupil``, ``left_valid``,
        ``left_openness``, ``left_origin_x`` and so on; a role the stream lacks is absent.
    normalised : bool
        Gaze in units of the display (0..1, origin top left); else in px.
    pupil_unit : str
        As the sender gives it, e.g. ``mm``; empty when it does not say.
    """

    columns: Mapping[str, int]
    normalised: bool
    pupil_unit: str


def parse_header(xml: str) -> StreamHeader:
    """Read a stream header.

    Raises
    ------
    BadInputError
        When the text is not XML or lacks the name or the channel count.
    """
    try:
        info = ET.fromstring(xml)
    except (ET.ParseError, ValueError) as problem:
        raise BadInputError(f"The stream header is not XML: {problem}.") from None

    def text(tag: str) -> str:
        return (info.findtext(tag) or "").strip()

    try:
        count, rate = int(text("channel_count")), float(text("nominal_srate") or 0)
        configured = float(text("desc/acquisition/configured_fps") or 0)
    except ValueError:
        raise BadInputError(
            f"The header of stream {text('name')!r} is incomplete."
        ) from None
    channels = tuple(
        Channel(
            label=(node.findtext("label") or "").strip(),
            type=(node.findtext("type") or node.findtext("metatype") or "").strip(),
            unit=(node.findtext("unit") or "").strip(),
            eye=(node.findtext("eye") or "").strip(),
        )
        for node in info.findall("desc/channels/channel")
    )
    return StreamHeader(
        name=text("name"),
        type=text("type"),
        channel_count=count,
        channel_format=text("channel_format"),
        nominal_hz=rate,
        source_id=text("source_id"),
        hostname=text("hostname"),
        channels=channels,
        simulated=text("desc/acquisition/simulated") == "true",
        configured_hz=configured,
    )


def gaze_layout(header: StreamHeader) -> GazeLayout | None:
    """Return where the gaze is in this stream, None when that cannot be told."""
    found: dict[str, int] = {}
    units: dict[str, str] = {}
    for index, channel in enumerate(header.channels):
        role = _role(channel)
        if role and role not in found:
            found[role] = index
            units[role] = channel.unit.lower()
    if not any({f"{eye}_x", f"{eye}_y"} <= found.keys() for eye in ("left", "right")):
        return None
    unit = units.get("left_x") or units.get("right_x") or ""
    return GazeLayout(
        columns=found,
        normalised="pixel" not in unit and unit != "px",
        pupil_unit=units.get("left_pupil") or units.get("right_pupil") or "",
    )


_KINDS = {
    "screenx": "x",
    "screeny": "y",
    "diameter": "pupil",
    "pupilsize": "pupil",
    "confidence": "valid",
    "valid": "valid",
    "eyeliddistance": "openness",
    "positionx": "origin_x",
    "positiony": "origin_y",
    "positionz": "origin_z",
}


def _role(channel: Channel) -> str | None:
    """Return ``left_x`` and the like, from the label (TittaLSL) or from type and eye."""
    label, eye = channel.label.lower(), channel.eye.lower()
    if not eye:
        eye = next((side for side in ("left", "right") if side in label), "left")
    if eye == "both":
        eye = "left"
    if label.startswith(("x.", "y.", "z.")):
        axis = label[0]
        if "position_on_display_area" in label:
            return f"{eye}_{axis}"
        return f"{eye}_origin_{axis}" if ".gaze_origin" in label else None
    if label.startswith(("valid.", "available.")):
        gaze = label.startswith("valid.") and ".gaze_point" in label
        return f"{eye}_valid" if gaze else None
    kind = _KINDS.get(channel.type.lower())
    return f"{eye}_{kind}" if kind else None
