"""A loadable copy of an XDF file that was cut off or damaged.

Every sound chunk is copied byte for byte, whatever is damaged is left out and named, and
the streams get true footers: a reader can then tell a whole file from a cut one. The
original is only read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from emer_studio.core.errors import BadInputError, WorkFailedError
from emer_studio.core.files import fsync_file, next_free
from emer_studio.recording.xdf_chunks import Parsed, Span, parse_xdf
from emer_studio.recording.xdf_decode import Decoded
from emer_studio.recording.xdf_format import (
    FILE_HEADER,
    FOOTER,
    MAGIC,
    chunk_bytes,
    footer_xml,
)

__all__ = ["salvage"]

_BLOCK = 1 << 20  # bytes copied at a time (chosen by us: little memory, few calls)


def salvage(path: Path, out: Path | None = None) -> dict[str, Any]:
    """Write a loadable copy of an XDF file.

    Parameters
    ----------
    path : Path
        The file; it is not changed.
    out : Path, optional
        File to create; the next free ``<stem>_salvaged.xdf`` beside it without one.

    Returns
    -------
    report : dict
        ``{"xdf", "salvaged", "findings", "bytes", "bytes_left_out", "streams"}``.

    Raises
    ------
    BadInputError
        When `path` is no XDF file or `out` already exists.
    WorkFailedError
        When the copy cannot be written; no half copy is left.
    """
    parsed = parse_xdf(path)
    target = next_free(path.with_name(f"{path.stem}_salvaged.xdf")) if out is None else out
    decoded = {number: stream.decode() for number, stream in parsed.streams.items()}
    damaged = {
        parsed.streams[number].spans[index]
        for number, found in decoded.items()
        for index in found.damaged
    }
    kept = [span for span in parsed.spans if span.tag != FOOTER and span not in damaged]
    _write(path, target, kept, _footers(parsed, decoded))
    findings = [finding.text for finding in parsed.findings]
    findings += [
        f"{parsed.streams[number].header.name}: {len(found.damaged)} sample chunks are"
        " damaged and were left out"
        for number, found in decoded.items()
        if found.damaged
    ]
    used = sum(span.end - span.begin for span in parsed.spans if span not in damaged)
    size = path.stat().st_size
    return {
        "xdf": str(path),
        "salvaged": str(target),
        "findings": findings,
        "bytes": size,
        "bytes_left_out": size - used - len(MAGIC),
        "streams": [
            {"name": stream.header.name, "samples": len(decoded[number].stamps_s)}
            for number, stream in parsed.streams.items()
        ],
    }


def _footers(parsed: Parsed, decoded: dict[int, Decoded]) -> list[bytes]:
    footers = []
    for number, stream in parsed.streams.items():
        stamps = decoded[number].stamps_s
        first, last = (float(stamps[0]), float(stamps[-1])) if len(stamps) else (0.0, 0.0)
        xml = footer_xml(first, last, len(stamps), stream.offsets)
        footers.append(chunk_bytes(FOOTER, struct.pack("<I", number) + xml.encode()))
    return footers


def _write(source: Path, target: Path, spans: list[Span], footers: list[bytes]) -> None:
    try:
        stream = target.open("xb")
    except FileExistsError:
        raise BadInputError(
            f"{target} already exists; nothing was written.", fix="Choose another name."
        ) from None
    except OSError as problem:
        raise BadInputError(f"{target} cannot be written: {problem}.") from None
    try:
        with stream, source.open("rb") as original:
            stream.write(MAGIC)
            if not any(span.tag == FILE_HEADER for span in spans):
                stream.write(_new_header())
            for begin, end in _runs(spans):
                _copy(original, stream, begin, end)
            stream.writelines(footers)
            fsync_file(stream)
    except OSError as problem:
        target.unlink(missing_ok=True)  # our own half copy; the original is untouched
        raise WorkFailedError(f"{target} could not be written: {problem}.") from None


def _new_header() -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    info = f"<info><version>1.0</version><datetime>{now}</datetime></info>"
    return chunk_bytes(FILE_HEADER, f'<?xml version="1.0"?>{info}'.encode())


def _runs(spans: list[Span]) -> Iterable[tuple[int, int]]:
    """Join neighbouring chunks, so that they are copied in one go."""
    begin = end = -1
    for span in spans:
        if span.begin != end:
            if end > begin:
                yield begin, end
            begin = span.begin
        end = span.end
    if end > begin:
        yield begin, end


def _copy(original: BinaryIO, stream: BinaryIO, begin: int, end: int) -> None:
    original.seek(begin)
    while begin < end:
        block = original.read(min(_BLOCK, end - begin))
        if not block:
            raise OSError("the original became shorter while it was read")
        stream.write(block)
        begin += len(block)
