"""Messages of the link between a session and a console on a second PC.

A message is a JSON object and, for pictures and samples, bytes behind it::

    u32 length of the JSON | u32 length of the bytes | JSON (UTF-8) | bytes

Lengths are big-endian. The console begins with ``{"hello": 1, "token": …}``. The session
answers ``refused`` (``text``) or ``welcome``, then what has happened so far and what
happens from now on, as `core.console` prints it. ``picture`` (``of``) has a JPEG behind it,
``samples`` (``ring``, ``width``) rows of float64; ``tick`` is a sign of life and ``over``
the end. The console sends commands of `session.desk`.
"""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any

__all__ = ["DEFAULT_PORT", "HELLO", "Message", "packed", "read_message"]

DEFAULT_PORT = 7443
"""Chosen by us: above the ports that need privileges, and easy to remember."""
HELLO = 1
"""Version of these messages."""

_HEAD = struct.Struct(">II")


@dataclass(frozen=True, slots=True)
class Message:
    """What was said, and the bytes that came with it."""

    facts: dict[str, Any]
    body: bytes = b""


def packed(facts: dict[str, Any], body: bytes = b"") -> bytes:
    """Return a message as bytes."""
    text = json.dumps(facts, ensure_ascii=False).encode()
    return _HEAD.pack(len(text), len(body)) + text + body


async def read_message(reader: asyncio.StreamReader, most_bytes: int) -> Message:
    """Read the next message.

    Parameters
    ----------
    reader : StreamReader
    most_bytes : int
        A longer message is refused before it is read.

    Raises
    ------
    ValueError
        When it is too long or no message.
    EOFError
        At the end of the link.
    """
    text_length, body_length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if text_length + body_length > most_bytes:
        raise ValueError(f"a message of {text_length + body_length} bytes")
    raw = await reader.readexactly(text_length)
    body = await reader.readexactly(body_length)
    try:
        facts = json.loads(raw)
    except RecursionError:
        raise ValueError("a message that is nested too deeply") from None
    if not isinstance(facts, dict):
        raise ValueError("a message that is no object")
    return Message(facts, body)
