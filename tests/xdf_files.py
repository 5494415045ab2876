"""Small XDF files with a known content."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from emer_studio.recording.xdf_format import (
    BOUNDARY,
    BOUNDARY_UUID,
    FILE_HEADER,
    FOOTER,
    MAGIC,
    OFFSET,
    SAMPLES,
    STREAM_HEADER,
    chunk_bytes,
    footer_xml,
    length_bytes,
)


def header(name: str, channel_format: str, channels: int, rate: float = 0.0) -> str:
    return (
        f'<?xml version="1.0"?><info><name>{escape(name)}</name><type>Test</type>'
        f"<channel_count>{channels}</channel_count><nominal_srate>{rate}</nominal_srate>"
        f"<channel_format>{channel_format}</channel_format><source_id>x</source_id>"
        "<desc/></info>"
    )


@dataclass(frozen=True)
class Made:
    """A file and where its chunks end."""

    path: Path
    header_end: int
    chunk_ends: list[int]  # of the sample chunks


def samples_chunk(number: int, stamp_s: float, value: int) -> bytes:
    """One sample of one int32 channel."""
    body = b"\x08" + struct.pack("<di", stamp_s, value)
    return chunk_bytes(SAMPLES, struct.pack("<I", number) + length_bytes(1) + body)


def one_stream(path: Path, *, chunks: int, boundary_every: int) -> Made:
    """A stream that counts, one sample a chunk at 10 Hz, with an offset every fifth."""
    raw = MAGIC + chunk_bytes(FILE_HEADER, b"<info><version>1.0</version></info>")
    xml = header("count", "int32", 1, 10.0).encode()
    raw += chunk_bytes(STREAM_HEADER, struct.pack("<I", 1) + xml)
    header_end, ends, offsets = len(raw), [], []
    for k in range(chunks):
        if boundary_every and k and k % boundary_every == 0:
            raw += chunk_bytes(BOUNDARY, BOUNDARY_UUID)
        if k % 5 == 2:
            offsets.append((k / 10, -0.25))
            raw += chunk_bytes(OFFSET, struct.pack("<Idd", 1, *offsets[-1]))
        raw += samples_chunk(1, k / 10, k)
        ends.append(len(raw))
    footer = footer_xml(0.0, (chunks - 1) / 10, chunks, offsets).encode()
    path.write_bytes(raw + chunk_bytes(FOOTER, struct.pack("<I", 1) + footer))
    return Made(path, header_end, ends)


@dataclass(frozen=True)
class Cut:
    """What a file holds up to each of its chunks' ends."""

    raw: bytes
    ends: list[int]
    counts: list[dict[str, int]]  # samples of each stream whose header is whole by then


def three_streams(at_least: int) -> Cut:
    """Numbers, wide numbers and text in turn, with offsets, boundaries and footers."""
    raw = MAGIC + chunk_bytes(FILE_HEADER, b"<info><version>1.0</version></info>")
    ends, counts, now = [len(raw)], [{}], {}
    formats = {"count": ("int32", 1), "wide": ("float32", 20), "text": ("string", 2)}

    def add(chunk: bytes) -> None:
        nonlocal raw
        raw += chunk
        ends.append(len(raw))
        counts.append(dict(now))

    for number, (name, (channel_format, channels)) in enumerate(formats.items(), 1):
        now[name] = 0
        xml = header(name, channel_format, channels, 10.0).encode()
        add(chunk_bytes(STREAM_HEADER, struct.pack("<I", number) + xml))
    k = 0
    while len(raw) < at_least:
        stamps = [b"\x08" + struct.pack("<d", k + i / 10) for i in range(10)]
        text = length_bytes(3) + b"one" + length_bytes(5 + k % 7) + b"a" * (5 + k % 7)
        rows = (struct.pack("<i", k), struct.pack("<20f", *range(20)), text)
        for number, (name, row) in enumerate(zip(formats, rows, strict=True), 1):
            now[name] += 10
            body = struct.pack("<I", number) + length_bytes(10)
            body += b"".join(stamp + row for stamp in stamps)
            add(chunk_bytes(SAMPLES, body))
            if k % 5 == 2:
                add(chunk_bytes(OFFSET, struct.pack("<Idd", number, k / 10, -0.25)))
        if k % 5 == 4:
            add(chunk_bytes(BOUNDARY, BOUNDARY_UUID))
        k += 1
    for number, name in enumerate(formats, 1):
        footer = footer_xml(0.0, (k - 1) / 10, now[name], [(0.2, -0.25)]).encode()
        add(chunk_bytes(FOOTER, struct.pack("<I", number) + footer))
    return Cut(raw, ends, counts)
