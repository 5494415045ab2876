"""Writing XDF 1.0 so that a crash costs at most the last fraction of a second.

The format is that of the sccn/xdf wiki, *Specifications*. Every sample carries its own
8-byte stamp, every chunk is handed to the operating system as it is written, and the file
is put on the disk at most a second later, at once after a marker.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError
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
    chunk_bytes,
    footer_xml,
    length_bytes,
)
from emer_studio.schema.streams import parse_header

__all__ = ["XdfWriter"]

_BOUNDARY_EVERY_S = 10.0  # as LabRecorder
_SYNC_EVERY_S = 1.0  # chosen by us: what a power cut may cost


class _Stream:
    """What the footer of a stream will say."""

    def __init__(self, channel_format: str, channel_count: int) -> None:
        self.format = channel_format
        self.channel_count = channel_count
        self.count = 0
        self.first_s = 0.0
        self.last_s = 0.0
        self.offsets: list[tuple[float, float]] = []
        if channel_format != "string":
            self.dtype = np.dtype(
                [
                    ("n", "u1"),
                    ("t", "<f8"),
                    ("v", NUMBERS[channel_format], (channel_count,)),
                ]
            )


class XdfWriter:
    """An XDF file being written; safe to use from several threads.

    Parameters
    ----------
    path : Path
        File to create. An existing file is refused, never overwritten.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("xb", buffering=0)
        except FileExistsError:
            raise BadInputError(
                f"{path} already exists; nothing was written.", fix="Choose another name."
            ) from None
        self.path = path
        self._lock = threading.Lock()
        self._streams: dict[int, _Stream] = {}
        self._closed = False
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        self._whole = self._file.write(MAGIC)  # bytes that make up whole chunks
        self._refused: OSError | None = None
        info = f"<info><version>1.0</version><datetime>{now}</datetime></info>"
        self._chunk(FILE_HEADER, f'<?xml version="1.0"?>{info}'.encode())
        self._synced = self._bounded = time.monotonic()
        self._safe = 0  # bytes that are on the disk for certain

    def add_stream(self, header_xml: str) -> int:
        """Write a stream's header as its sender gave it; return the stream's number."""
        header = parse_header(header_xml)
        if header.channel_format not in (*NUMBERS, "string"):
            raise BadInputError(
                f"Stream {header.name!r} has the unknown format {header.channel_format!r}."
            )
        with self._lock:
            number = len(self._streams) + 1
            self._streams[number] = _Stream(header.channel_format, header.channel_count)
            self._chunk(STREAM_HEADER, struct.pack("<I", number) + header_xml.encode())
        return number

    def samples(
        self,
        number: int,
        stamps_s: npt.NDArray[np.float64],
        values: npt.NDArray[Any] | Sequence[Sequence[str | bytes]],
        *,
        sync: bool = False,
    ) -> None:
        """Append samples.

        Parameters
        ----------
        number : int
            The stream, from `add_stream`.
        stamps_s : ndarray, shape (n,), float64
            Sender's clock, uncorrected.
        values : ndarray, shape (n, n_channels), or rows of text
            In the format that the stream's header declares.
        sync : bool
            Put the file on the disk before returning (for markers).
        """
        if not len(stamps_s):
            return
        stream = self._streams[number]
        if stream.format == "string":
            body = _encode_strings(stamps_s, values)
        else:
            table = np.empty(len(stamps_s), stream.dtype)
            table["n"], table["t"] = 8, stamps_s
            table["v"] = np.asarray(values).reshape(len(stamps_s), stream.channel_count)
            body = table.tobytes()
        head = struct.pack("<I", number) + length_bytes(len(stamps_s))
        with self._lock:
            self._chunk(SAMPLES, head + body)
            if stream.count == 0:
                stream.first_s = float(stamps_s[0])
            stream.last_s = float(stamps_s[-1])
            stream.count += len(stamps_s)
        self._keep_safe(sync=sync)

    def offset(self, number: int, collected_s: float, offset_s: float) -> None:
        """Append a clock offset measured at `collected_s` on the sender's clock."""
        with self._lock:
            self._streams[number].offsets.append((collected_s, offset_s))
            self._chunk(OFFSET, struct.pack("<Idd", number, collected_s, offset_s))

    def keep_safe(self) -> None:
        """Put on the disk what has waited for a second; called even when nothing comes."""
        self._keep_safe(sync=False)

    def count(self, number: int) -> int:
        """Return how many samples of a stream were written."""
        return self._streams[number].count

    def close(self, recorded_s: tuple[float, float] | None = None) -> None:
        """Write the true footers and put everything on the disk.

        Parameters
        ----------
        recorded_s : tuple of float, optional
            Beginning and end of the recording, recorder's clock.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                for number, stream in self._streams.items():
                    self._chunk(
                        FOOTER, struct.pack("<I", number) + _footer(stream, recorded_s)
                    )
                os.fsync(self._file.fileno())
            finally:
                self._file.close()

    def _chunk(self, tag: int, content: bytes) -> None:
        """Append a whole chunk or nothing: a full disk must not cut one in two."""
        if self._refused is not None:
            raise self._refused
        rest = memoryview(chunk_bytes(tag, content))
        size = len(rest)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as problem:
            self._refused = problem
            with contextlib.suppress(OSError):
                self._file.truncate(self._whole)
            raise
        self._whole += size

    def _keep_safe(self, *, sync: bool) -> None:
        """Write a boundary and put the file on the disk when it is time to."""
        now = time.monotonic()
        with self._lock:
            if self._closed:
                return
            if now - self._bounded >= _BOUNDARY_EVERY_S:
                self._bounded = now
                self._chunk(BOUNDARY, BOUNDARY_UUID)
            waits = self._whole > self._safe
            if not waits or (not sync and now - self._synced < _SYNC_EVERY_S):
                return
            self._synced, self._safe = now, self._whole
            handle = os.dup(self._file.fileno())
        try:
            os.fsync(handle)  # outside the lock: a slow disk must not hold up other streams
        finally:
            os.close(handle)


def _encode_strings(stamps_s: npt.NDArray[np.float64], values: Any) -> bytes:
    parts: list[bytes] = []
    for stamp, row in zip(stamps_s.tolist(), values, strict=True):
        parts.append(b"\x08" + struct.pack("<d", stamp))
        for value in row:
            raw = value.encode() if isinstance(value, str) else bytes(value)
            parts += [length_bytes(len(raw)), raw]
    return b"".join(parts)


def _footer(stream: _Stream, recorded_s: tuple[float, float] | None) -> bytes:
    return footer_xml(
        stream.first_s, stream.last_s, stream.count, stream.offsets, recorded_s
    ).encode()
