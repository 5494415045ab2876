"""The chunks of an XDF file, read so that damage costs as little as it can.

Every chunk is checked before it is believed. After bytes that are no chunk, reading goes
on at the next boundary; a file that ends inside a chunk is read up to there. What was
skipped is a finding, never silence.
"""

from __future__ import annotations

import math
import mmap
import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from emer_studio.core.errors import BadInputError
from emer_studio.recording.xdf_decode import Decoded, Layout, decode, fits, read_count
from emer_studio.recording.xdf_format import (
    BOUNDARY,
    BOUNDARY_UUID,
    FILE_HEADER,
    FOOTER,
    MAGIC,
    NUMBERS,
    OFFSET,
    SAMPLES,
    STREAM_HEADER,
)
from emer_studio.schema.streams import StreamHeader, parse_header

__all__ = ["Finding", "Parsed", "RawStream", "Span", "parse_xdf"]

_WIDEST_ROW = 1 << 26  # chosen by us: a sample of 64 MiB is a damaged header, not a device
_OFFSET_BODY = struct.Struct("<Idd")


class Finding(NamedTuple):
    """Something a reader should know about a file.

    Attributes
    ----------
    kind : str
        ``truncated``, ``corrupted``, ``header``, ``footer``, ``text``, ``clock`` or
        ``stamps``.
    """

    kind: str
    text: str


class Span(NamedTuple):
    """One whole chunk: its first byte, its content and its end in the file."""

    tag: int
    begin: int
    body: int
    end: int


@dataclass(slots=True)
class RawStream:
    """One stream as its chunks hold it.

    Attributes
    ----------
    offsets : list of (float, float)
        Collection time (sender's clock, s) and value (s), in the order of the file.
    spans, counts, bodies
        The sample chunks: where they lie, their sample counts and their bytes.
    footer : str
        The footer's XML; empty without one.
    """

    number: int
    header: StreamHeader
    layout: Layout
    offsets: list[tuple[float, float]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    footer: str = ""

    def decode(self) -> Decoded:
        """Take the samples apart and let go of their bytes."""
        bodies, self.bodies = self.bodies, []
        return decode(self.layout, bodies, self.counts)


class Parsed:
    """Everything a file holds.

    Attributes
    ----------
    streams : dict of int to RawStream
        By stream number, in the order of their headers.
    spans : list of Span
        Every chunk that is sound, without those of streams that cannot be read.
    findings : list of Finding
    """

    def __init__(self) -> None:
        self.streams: dict[int, RawStream] = {}
        self.spans: list[Span] = []
        self.findings: list[Finding] = []
        self.unreadable: dict[int, int] = {}  # stream number -> chunks passed over

    def take(self, raw: mmap.mmap | bytes, span: Span) -> bool:
        """Use one chunk; False when its content is not what its tag says."""
        content = raw[span.body : span.end]
        if span.tag == BOUNDARY:
            sound = content == BOUNDARY_UUID
        elif span.tag == FILE_HEADER:
            sound = _is_xml(content)
        elif span.tag in (STREAM_HEADER, SAMPLES, OFFSET, FOOTER):
            sound = len(content) >= 4 and self._of_stream(span, content)
        else:
            return False
        if sound:
            self.spans.append(span)
        return sound

    def _of_stream(self, span: Span, content: bytes) -> bool:
        (number,) = struct.unpack_from("<I", content)
        if span.tag == STREAM_HEADER:
            return self._header(number, content[4:])
        stream = self.streams.get(number)
        if stream is None:
            if number in self.unreadable:
                self.unreadable[number] += 1
            return False
        if span.tag == FOOTER:
            stream.footer = content[4:].decode("utf-8", errors="replace")
            return True
        if span.tag == OFFSET:
            if len(content) != _OFFSET_BODY.size:
                return False
            stream.offsets.append(_OFFSET_BODY.unpack(content)[1:])
            return True
        try:
            count, at = read_count(content, 4)
        except ValueError:
            return False
        if not fits(stream.layout, count, len(content) - at):
            return False
        stream.spans.append(span)
        stream.counts.append(count)
        stream.bodies.append(content[at:])
        return True

    def _header(self, number: int, xml: bytes) -> bool:
        if number in self.streams:
            self._find("header", f"stream {number} has a second header, which was not used")
            return False
        try:
            header = parse_header(xml.decode("utf-8", errors="replace"))
            layout = _layout(header)
        except BadInputError as problem:
            self.unreadable[number] = 0
            self._find("header", f"stream {number} cannot be read: {problem}")
            return False
        self.unreadable.pop(number, None)
        self.streams[number] = RawStream(number, header, layout)
        return True

    def _find(self, kind: str, text: str) -> None:
        self.findings.append(Finding(kind, text))


def _is_xml(content: bytes) -> bool:
    try:
        ET.fromstring(content.decode("utf-8", errors="replace"))
    except (ET.ParseError, ValueError):
        return False
    return True


def _layout(header: StreamHeader) -> Layout:
    if header.channel_format not in (*NUMBERS, "string"):
        raise BadInputError(f"its format {header.channel_format!r} is not known.")
    rate = header.nominal_hz
    interval_s = 1 / rate if math.isfinite(rate) and rate > 0 else 0.0
    layout = Layout(header.channel_format, header.channel_count, interval_s)
    if header.channel_count < 1 or layout.row_bytes > _WIDEST_ROW:
        raise BadInputError(f"its header declares {header.channel_count} channels.")
    return layout


def _frame(raw: mmap.mmap | bytes, at: int) -> Span | None:
    """Return the chunk that begins at `at`, or None where none fits into the file."""
    head = raw[at : at + 11]
    try:
        length, behind = read_count(head, 0)
    except ValueError:
        return None
    end = at + behind + length
    if length < 2 or end > len(raw):
        return None
    (tag,) = struct.unpack("<H", raw[at + behind : at + behind + 2])
    return Span(tag, at, at + behind + 2, end)


def _plausible(raw: mmap.mmap | bytes, at: int) -> bool:
    """Tell whether a chunk of a known kind (or the end of the file) is at `at`."""
    if at == len(raw):
        return True
    span = _frame(raw, at)
    return span is not None and FILE_HEADER <= span.tag <= FOOTER


def _cut_chunk(raw: mmap.mmap | bytes, at: int) -> bool:
    """Tell whether the bytes from `at` on look like a chunk that the file ends inside."""
    head = raw[at : at + 11]
    if head[0] not in (1, 4, 8):
        return False
    tag = head[1 + head[0] : 3 + head[0]]
    return len(tag) < 2 or FILE_HEADER <= struct.unpack("<H", tag)[0] <= FOOTER


def parse_xdf(path: Path) -> Parsed:
    """Read the chunks of an XDF file.

    Raises
    ------
    BadInputError
        When the file is missing or does not begin as an XDF file.
    """
    if not path.is_file():
        raise BadInputError(f"{path} does not exist.")
    with path.open("rb") as stream:
        if stream.read(4) != MAGIC:
            raise BadInputError(f"{path} cannot be read as XDF: it does not begin as one.")
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            return _parse(raw)


def _parse(raw: mmap.mmap | bytes) -> Parsed:
    parsed, at, size = Parsed(), len(MAGIC), len(raw)
    while at < size:
        span = _frame(raw, at)
        if span is not None and (parsed.take(raw, span) or _passed_over(parsed, raw, span)):
            at = span.end
            continue
        boundary = raw.find(BOUNDARY_UUID, at)
        if boundary < 0 and span is None and _cut_chunk(raw, at):
            parsed.findings.append(
                Finding("truncated", f"it ends inside a chunk ({size - at} bytes)")
            )
            break
        resumed = size if boundary < 0 else boundary + len(BOUNDARY_UUID)
        parsed.findings.append(
            Finding(
                "corrupted",
                f"bytes {at} to {resumed} are damaged and were skipped up to "
                + ("the end of the file" if boundary < 0 else "the next boundary"),
            )
        )
        at = resumed
    for number, chunks in parsed.unreadable.items():
        text = f"{chunks} chunks of the unreadable stream {number} were passed over"
        parsed.findings.append(Finding("header", text))
    return parsed


def _passed_over(parsed: Parsed, raw: mmap.mmap | bytes, span: Span) -> bool:
    """Tell whether a chunk that was not used at least ends where the next one begins."""
    if not _plausible(raw, span.end):
        return False
    if FILE_HEADER <= span.tag <= FOOTER:
        number = int.from_bytes(raw[span.body : min(span.body + 4, span.end)], "little")
        told = span.tag == STREAM_HEADER or number in parsed.unreadable
        if not told:
            text = f"the damaged chunk at bytes {span.begin} to {span.end} was skipped"
            parsed.findings.append(Finding("corrupted", text))
    return True
