"""Stream headers and gaze layouts: what the channels of a stream mean.

A header is the XML that liblsl sends and an XDF file stores. A gaze layout is read from
the channel descriptions of the XDF *Gaze Meta-Data* convention (channel ``type``, ``eye``,
``unit``), and from TittaLSL's channel labels, which carry the same facts in the label.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
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
    """Which channel holds what; -1 where the stream does not have it.

    Gaze is in units of the display (0..1, origin top left) when `normalised`, else px.
    """

    left_x: int
    left_y: int
    right_x: int
    right_y: int
    left_pupil: int
    right_pupil: int
    left_valid: int
    right_valid: int
    left_openness: int
    right_openness: int
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
    except ET.ParseError as problem:
        raise BadInputError(f"The stream header is not XML: {problem}.") from None

    def text(tag: str) -> str:
        return (info.findtext(tag) or "").strip()

    try:
        count, rate = int(text("channel_count")), float(text("nominal_srate") or 0)
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
        configured_hz=float(text("desc/acquisition/configured_fps") or 0),
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
    if (
        not {"left_x", "left_y"} <= found.keys()
        and not {"right_x", "right_y"} <= found.keys()
    ):
        return None
    unit = units.get("left_x") or units.get("right_x") or ""

    def at(role: str) -> int:
        return found.get(role, -1)

    return GazeLayout(
        left_x=at("left_x"),
        left_y=at("left_y"),
        right_x=at("right_x"),
        right_y=at("right_y"),
        left_pupil=at("left_pupil"),
        right_pupil=at("right_pupil"),
        left_valid=at("left_valid"),
        right_valid=at("right_valid"),
        left_openness=at("left_openness"),
        right_openness=at("right_openness"),
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
}


def _role(channel: Channel) -> str | None:
    """Return ``left_x`` and the like, from the label (TittaLSL) or from type and eye."""
    label, eye = channel.label.lower(), channel.eye.lower()
    if not eye:
        eye = next((side for side in ("left", "right") if side in label), "left")
    if eye == "both":
        eye = "left"
    if label.startswith(("x.", "y.")) and ".gaze_point" in label:
        return f"{eye}_{label[0]}" if "position_on_display_area" in label else None
    if label.startswith("valid.") and "position_on_display_area" not in label:
        return f"{eye}_valid" if ".gaze_point" in label else None
    kind = _KINDS.get(channel.type.lower())
    return f"{eye}_{kind}" if kind else None
