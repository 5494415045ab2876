"""The samples of XDF chunks as arrays.

A chunk in which every sample has its own 8-byte stamp is a table of fixed rows, and all
such chunks of a stream are read in one step. Elsewhere (LabRecorder leaves stamps out
where they follow from the rate) a sample without a stamp is the one before it plus
1 / nominal rate, as the format says.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.recording.xdf_format import NUMBERS

__all__ = ["Decoded", "Layout", "decode", "fits", "read_count"]

_STAMP = struct.Struct("<d")
_WIDTHS = {1: "<B", 4: "<I", 8: "<Q"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What is needed to take samples apart.

    Attributes
    ----------
    interval_s : float
        1 / nominal rate; 0 for an irregular stream.
    """

    channel_format: str
    channel_count: int
    interval_s: float

    @property
    def row_bytes(self) -> int:
        """The fewest bytes that the values of one sample take."""
        if self.channel_format == "string":
            return 2 * self.channel_count
        return self.channel_count * np.dtype(NUMBERS[self.channel_format]).itemsize


@dataclass(slots=True)
class Decoded:
    """Samples of one stream.

    Attributes
    ----------
    stamps_s : ndarray, shape (n,), float64
        Sender's clock, uncorrected.
    values : ndarray, shape (n, n_channels), or list of rows of text
    damaged : list of int
        Positions of the chunks whose content could not be taken apart; none of their
        samples is used.
    replaced : int
        Texts that were not valid UTF-8 and hold replacement characters now.
    """

    stamps_s: npt.NDArray[np.float64]
    values: Any
    damaged: list[int] = field(default_factory=list)
    replaced: int = 0


def read_count(content: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer and the position behind it.

    Raises
    ------
    ValueError
        When its width is none of 1, 4 and 8, or it is cut.
    """
    code = _WIDTHS.get(content[at]) if at < len(content) else None
    if code is None or at + 1 + content[at] > len(content):
        raise ValueError("not a length")
    return struct.unpack_from(code, content, at + 1)[0], at + 1 + content[at]


def fits(layout: Layout, count: int, n_bytes: int) -> bool:
    """Tell whether `n_bytes` can hold `count` samples."""
    least = count * (1 + layout.row_bytes)
    if layout.channel_format == "string":
        return least <= n_bytes
    return least <= n_bytes <= least + 8 * count


def decode(layout: Layout, bodies: list[bytes], counts: list[int]) -> Decoded:
    """Take the samples of all chunks of a stream apart.

    Parameters
    ----------
    bodies : list of bytes
        Each chunk's content behind its sample count.
    counts : list of int
        How many samples each chunk holds.
    """
    if layout.channel_format == "string":
        return _decode_text(layout, bodies, counts)
    dtype = np.dtype(NUMBERS[layout.channel_format])
    shape = (layout.channel_count,)
    row = np.dtype([("n", "u1"), ("t", "<f8"), ("v", dtype, shape)])
    if all(
        len(body) == count * row.itemsize
        for body, count in zip(bodies, counts, strict=True)
    ):
        table = np.frombuffer(b"".join(bodies), row)
        if np.all(table["n"] == 8):
            return Decoded(table["t"].copy(), np.ascontiguousarray(table["v"]))
    damaged: list[int] = []
    stamps = [np.empty(0)]
    values = [np.empty((0, *shape), dtype)]
    last_s = 0.0
    for index, (body, count) in enumerate(zip(bodies, counts, strict=True)):
        found = _decode_chunk(body, count, row, layout.interval_s, last_s)
        if found is None:
            damaged.append(index)
            continue
        stamps.append(found[0])
        values.append(found[1])
        last_s = float(found[0][-1]) if count else last_s
    return Decoded(np.concatenate(stamps), np.concatenate(values), damaged)


def _decode_chunk(
    body: bytes, count: int, row: np.dtype[Any], interval_s: float, last_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]] | None:
    """Return stamps and values of one numeric chunk; None when it is damaged."""
    if len(body) == count * row.itemsize:
        table = np.frombuffer(body, row)
        if np.all(table["n"] == 8):
            return table["t"], table["v"]
    width = row["v"].itemsize
    stamps: list[float] = []
    starts: list[int] = []
    at = 0
    for _ in range(count):
        if at >= len(body):
            return None
        if body[at] == 0:
            last_s += interval_s
            at += 1
        elif body[at] == 8 and at + 9 <= len(body):
            (last_s,) = _STAMP.unpack_from(body, at + 1)
            at += 9
        else:
            return None
        stamps.append(last_s)
        starts.append(at)
        at += width
    if at != len(body):
        return None
    places = np.array(starts, np.intp)[:, None] + np.arange(width)
    values = np.frombuffer(body, np.uint8)[places].view(row["v"].base)
    return np.array(stamps), values


def _decode_text(layout: Layout, bodies: list[bytes], counts: list[int]) -> Decoded:
    found = Decoded(np.empty(0), [])
    stamps: list[float] = []
    for index, (body, count) in enumerate(zip(bodies, counts, strict=True)):
        last_s = stamps[-1] if stamps else 0.0
        try:
            chunk_stamps, rows = _text_rows(layout, body, count, last_s)
        except (ValueError, struct.error, IndexError):
            found.damaged.append(index)
            continue
        stamps += chunk_stamps
        for raw in rows:
            try:
                texts = [value.decode() for value in raw]
            except UnicodeDecodeError:
                texts = [value.decode("utf-8", errors="replace") for value in raw]
                found.replaced += sum(
                    text.encode() != value for text, value in zip(texts, raw, strict=True)
                )
            found.values.append(texts)
    found.stamps_s = np.array(stamps, dtype=np.float64)
    return found


def _text_rows(
    layout: Layout, body: bytes, count: int, last_s: float
) -> tuple[list[float], list[list[bytes]]]:
    stamps, rows, at = [], [], 0
    for _ in range(count):
        width = body[at] if at < len(body) else -1
        if width not in (0, 8):
            raise ValueError("not a stamp")
        last_s = (
            _STAMP.unpack_from(body, at + 1)[0] if width else last_s + layout.interval_s
        )
        at += 1 + width
        row = []
        for _ in range(layout.channel_count):
            if body[at] == 1:  # nearly every text is shorter than 256 bytes
                length, at = body[at + 1], at + 2
            else:
                length, at = read_count(body, at)
            if at + length > len(body):
                raise ValueError("text is cut")
            row.append(body[at : at + length])
            at += length
        stamps.append(last_s)
        rows.append(row)
    if at != len(body):
        raise ValueError("bytes are left over")
    return stamps, rows
