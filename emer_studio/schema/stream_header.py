"""Stream headers: the XML that liblsl sends and an XDF file stores."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from emer_studio.core.errors import BadInputError

__all__ = ["Channel", "StreamHeader", "parse_header"]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as its sender describes it."""

    label: str
    type: str = ""
    unit: str = ""
    eye: str = ""
    coordinate_system: str = ""


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
    manufacturer: str = ""
    application: str = ""
    uid: str = ""

    @property
    def expected_hz(self) -> float:
        """The declared rate, else the one the device was configured to, else 0."""
        return self.nominal_hz or self.configured_hz


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
            coordinate_system=(node.findtext("coordinate_system") or "").strip(),
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
        manufacturer=text("desc/acquisition/manufacturer"),
        application=text("desc/acquisition/application"),
        uid=text("uid"),
    )
