"""XDF 1.0 as bytes: what the writer, the reader and `salvage` agree on.

The format is that of the sccn/xdf wiki, *Specifications*: ``XDF:`` and then chunks, each
a variable-length byte count, a tag and its content, all little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

__all__ = [
    "BOUNDARY",
    "BOUNDARY_UUID",
    "FILE_HEADER",
    "FOOTER",
    "MAGIC",
    "NUMBERS",
    "OFFSET",
    "SAMPLES",
    "STREAM_HEADER",
    "chunk_bytes",
    "footer_xml",
    "length_bytes",
]

MAGIC = b"XDF:"
FILE_HEADER, STREAM_HEADER, SAMPLES, OFFSET, BOUNDARY, FOOTER = 1, 2, 3, 4, 5, 6
BOUNDARY_UUID = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
NUMBERS = {
    "int8": "<i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "float32": "<f4",
    "double64": "<f8",
}
"""NumPy's name of each numeric channel format."""


def length_bytes(value: int) -> bytes:
    """Return a number as XDF's variable-length integer."""
    if value < 1 << 8:
        return b"\x01" + struct.pack("<B", value)
    if value < 1 << 32:
        return b"\x04" + struct.pack("<I", value)
    return b"\x08" + struct.pack("<Q", value)


def chunk_bytes(tag: int, content: bytes) -> bytes:
    """Return a whole chunk; its length counts the tag and the content."""
    return length_bytes(len(content) + 2) + struct.pack("<H", tag) + content


def footer_xml(
    first_s: float,
    last_s: float,
    count: int,
    offsets: Iterable[tuple[float, float]],
    recorded_s: tuple[float, float] | None = None,
) -> str:
    """Return a stream footer in the form that LabRecorder gave it.

    Parameters
    ----------
    first_s, last_s : float
        Stamps of the first and the last sample (sender's clock, s); 0 without samples.
    count : int
        Samples in the file.
    offsets : iterable of (float, float)
        Collection time (sender's clock, s) and value (s) of each clock offset.
    recorded_s : tuple of float, optional
        Beginning and end of the recording (recorder's clock, s): ours, beyond the format,
        so that a stream that ended early can be told from a short recording.
    """
    span = ""
    if recorded_s is not None:
        span = (
            f"<recorded_from>{recorded_s[0]!r}</recorded_from>"
            f"<recorded_to>{recorded_s[1]!r}</recorded_to>"
        )
    rows = "".join(
        f"<offset><time>{time_s!r}</time><value>{value_s!r}</value></offset>"
        for time_s, value_s in offsets
    )
    return (
        '<?xml version="1.0"?><info>'
        f"<first_timestamp>{first_s!r}</first_timestamp>"
        f"<last_timestamp>{last_s!r}</last_timestamp>"
        f"<sample_count>{count}</sample_count>{span}"
        f"<clock_offsets>{rows}</clock_offsets></info>"
    )
