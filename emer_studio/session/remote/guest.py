"""One console that has been let in: what it is still to be sent, within bounds."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Guest"]

_MOST_WAITING = 4 * 2**20  # bytes; chosen by us: many times what a session ever told
_STALLED_S = 8.0  # chosen by us: a console that takes nothing for so long is gone


class Guest:
    """Sends facts in their order, and of pictures, samples and counts only the newest.

    It never waits for the console: what does not fit any more ends the connection, and a
    console that comes again is told everything anew.

    Parameters
    ----------
    who : str
        Its address.
    """

    def __init__(self, who: str, writer: asyncio.StreamWriter) -> None:
        self.who, self._writer = who, writer
        self._facts: deque[bytes] = deque()
        self._newest: dict[str, bytes] = {}
        self._waiting = 0
        self._wake = asyncio.Event()

    def fact(self, message: bytes) -> None:
        """Send something that has to arrive."""
        self._facts.append(message)
        self._waiting += len(message)
        self._wake.set()
        if self._waiting > _MOST_WAITING:
            self._writer.transport.abort()

    def newest(self, name: str, message: bytes) -> None:
        """Send something that the next one of its name makes worthless."""
        self._newest[name] = message
        self._wake.set()

    async def send(self) -> None:
        """Send until the console is gone.

        Raises
        ------
        OSError, TimeoutError
            When it is, or takes nothing any more.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            while message := self._next():
                self._writer.write(message)
                async with asyncio.timeout(_STALLED_S):
                    await self._writer.drain()

    async def finish(self) -> None:
        """Wait until everything that has to arrive is on its way."""
        while self._facts:
            await asyncio.sleep(0.02)
        self._writer.close()
        await self._writer.wait_closed()

    def _next(self) -> bytes:
        if self._facts:
            message = self._facts.popleft()
            self._waiting -= len(message)
            return message
        if self._newest:
            return self._newest.pop(next(iter(self._newest)))
        return b""
