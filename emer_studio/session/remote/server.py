"""The session's side of the link: lets consoles in, tells them everything, takes requests.

One thread with an event loop of its own. Whatever a console does or leaves undone, the
session goes on: it only ever hands events over (`LinkServer.tell`), which never waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from emer_studio.core.errors import BadInputError
from emer_studio.session.desk import REQUESTS
from emer_studio.session.remote.errands import Errands
from emer_studio.session.remote.guest import Guest
from emer_studio.session.remote.identity import Pairing
from emer_studio.session.remote.story import Story, is_fact
from emer_studio.session.remote.views import Views
from emer_studio.session.remote.wire import DEFAULT_PORT, HELLO, packed, read_message

__all__ = ["LinkServer"]

logger = logging.getLogger(__name__)
Event = dict[str, Any]
# Chosen by us: a console answers within milliseconds; a scanner need not be waited for.
_HANDSHAKE_S, _HELLO_S = 5.0, 5.0
_HELLO_BYTES, _COMMAND_BYTES = 1024, 16 * 1024
_USUAL = 10  # ports; chosen by us: no computer runs as many sessions at a time
_MOST_AT_ONCE = 16  # connections, let in or not
_LOGGED = 20  # refusals; a scanner must not fill the session's log
_PICTURES_S = 0.2  # chosen by us: what is on, not how smoothly it runs
_TICK_S = 1.0  # a console hears at least this often that the link is alive
_GOODBYE_S = 2.0
_COMMANDS = (*REQUESTS, "note", "moment", "abort")
_LONGEST_NOTE = 2000  # characters


class LinkServer:
    """The door for consoles on other computers; open from `start` to `close`.

    Parameters
    ----------
    port : int or None
        To listen on; 0 for any that is free; None for the usual one, and for the next ones
        where that is taken, as by another session on this computer.
    context : SSLContext
        What the session shows itself with.
    pairing : Pairing
        What a console has to know.
    about : dict
        Of the session, for a console that is let in.
    obey : callable
        Takes a command of `session.desk`, with ``who`` asked for it. May take its time.
    on_change : callable
        Called as ``on_change(who, here)`` when a console comes (``here`` is True) or goes.
    host : str
        Address to listen on; empty for all IPv4 addresses of this computer.
    """

    def __init__(
        self,
        port: int | None,
        context: ssl.SSLContext,
        pairing: Pairing,
        about: Event,
        *,
        obey: Callable[[Event], None],
        on_change: Callable[[str, bool], None] = lambda _who, _here: None,
        host: str = "",
    ) -> None:
        usual = range(DEFAULT_PORT, DEFAULT_PORT + _USUAL)
        self._ports = usual if port is None else [port]
        self._host, self._context = host, context
        self._pairing, self._about = pairing, about
        self._obey, self._on_change = obey, on_change
        self._began = time.monotonic()
        self._story, self._views = Story(), Views()
        self._guests: set[Guest] = set()
        self._connections: set[asyncio.StreamWriter] = set()
        self._handlers: set[asyncio.Task[None]] = set()
        self._refused = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready: Future[int] = Future()
        self._end: asyncio.Event | None = None
        self._errands = Errands()
        self._thread = threading.Thread(target=self._run, name="console-link")

    def start(self) -> int:
        """Open the door; return the port.

        Raises
        ------
        BadInputError
            When the port is taken.
        """
        self._thread.start()
        try:
            port = self._ready.result()
        except OSError as problem:
            self._thread.join()
            raise BadInputError(
                f"The console's port {self._ports[-1]} cannot be opened:"
                f" {problem.strerror or problem}.",
                fix="Choose another one with --console PORT.",
            ) from None
        self._errands.start()
        return port

    def tell(self, event: Event) -> None:
        """Hand an event over, from any thread; never waits."""
        self._call(self._take, event)

    def close(self) -> None:
        """Tell the consoles that it is over and close the door, within a few seconds."""
        if self._end is not None:
            self._call(self._end.set)
        self._thread.join()
        self._errands.close(_GOODBYE_S)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the link has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function, *arguments)

    # On the link's thread -----------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as problem:
            if self._ready.done():
                logger.exception("the console's link ended")
            else:
                self._ready.set_exception(problem)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        with self._listening() as listening:
            listening.setblocking(False)
            works = (self._accept(listening), self._show(), self._tick())
            tasks = [asyncio.create_task(work) for work in works]
            self._ready.set_result(int(listening.getsockname()[1]))
            await self._end.wait()
            for task in tasks:
                task.cancel()
        self._take({"event": "over"})
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_GOODBYE_S):
                await asyncio.gather(*(guest.finish() for guest in self._guests))
        for writer in self._connections:
            writer.transport.abort()
        if self._handlers:
            await asyncio.wait(self._handlers, timeout=_GOODBYE_S)
        self._views.close()

    def _listening(self) -> socket.socket:
        for port in self._ports[:-1]:
            with contextlib.suppress(OSError):
                return socket.create_server((self._host, port))
        return socket.create_server((self._host, self._ports[-1]))

    def _take(self, event: Event) -> None:
        message = self._story.add(event)
        self._views.follow(event)
        for guest in self._guests:
            if is_fact(event):
                guest.fact(message)
            else:
                guest.newest(str(event["event"]), message)

    async def _show(self) -> None:
        """Send pictures and samples, as long as anybody looks."""
        while True:
            await asyncio.sleep(_PICTURES_S)
            for name, message in self._views.newest() if self._guests else ():
                for guest in self._guests:
                    guest.newest(name, message)

    async def _tick(self) -> None:
        """Give a sign of life."""
        while True:
            await asyncio.sleep(_TICK_S)
            for guest in self._guests:
                guest.newest("tick", packed({"event": "tick"}))

    async def _accept(self, listening: socket.socket) -> None:
        """Take connections, a few at a time: the others wait outside the process."""
        loop, room = asyncio.get_running_loop(), asyncio.Semaphore(_MOST_AT_ONCE)
        while True:
            await room.acquire()
            try:
                link, address = await loop.sock_accept(listening)
            except OSError as problem:  # such as too many open files
                logger.warning("a console could not be taken: %s", problem)
                room.release()
                await asyncio.sleep(_TICK_S)
                continue
            handler = asyncio.create_task(self._connected(link, str(address[0])))
            self._handlers.add(handler)
            handler.add_done_callback(self._handlers.discard)
            handler.add_done_callback(lambda _handler: room.release())

    async def _connected(self, link: socket.socket, who: str) -> None:
        reader = asyncio.StreamReader(_COMMAND_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                link,
                ssl=self._context,
                ssl_handshake_timeout=_HANDSHAKE_S,
            )
        except OSError as problem:  # it said nothing, or nonsense
            logger.info("console %s: %s", who, problem)
            link.close()
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        self._connections.add(writer)
        try:
            if await self._may_come_in(reader, writer, who):
                await self._follow(reader, Guest(who, writer))
        except (EOFError, OSError, TimeoutError, ValueError) as problem:
            logger.info("console %s: %s", who, str(problem) or type(problem).__name__)
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _may_come_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str
    ) -> bool:
        async with asyncio.timeout(_HELLO_S):
            said = (await read_message(reader, _HELLO_BYTES)).facts
            if not self._pairing.knows(str(said.get("token", ""))):
                reason = "The session does not know this token."
            elif said.get("hello") != HELLO:
                reason = "The two computers have different versions of EMER Studio."
            else:
                return True
            self._refused += 1
            if self._refused <= _LOGGED:
                logger.warning("a console at %s was refused: %s", who, reason)
            writer.write(packed({"event": "refused", "text": reason}))
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        return False

    async def _follow(self, reader: asyncio.StreamReader, guest: Guest) -> None:
        seconds = round(time.monotonic() - self._began, 1)
        guest.fact(packed({"event": "welcome", "seconds": seconds, **self._about}))
        for message in self._story:
            guest.fact(message)
        self._guests.add(guest)
        self._errands.add(self._on_change, guest.who, True)
        tasks = {
            asyncio.create_task(guest.send()),
            asyncio.create_task(self._listen(reader, guest.who)),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._guests.discard(guest)
            for task in tasks:
                task.cancel()
            for why in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(why, Exception):
                    logger.info("console %s left: %r", guest.who, why)
            self._errands.add(self._on_change, guest.who, False)

    async def _listen(self, reader: asyncio.StreamReader, who: str) -> None:
        while True:
            said = (await read_message(reader, _COMMAND_BYTES)).facts
            if said.get("cmd") not in _COMMANDS:
                raise ValueError(f"there is no command {str(said.get('cmd'))[:40]!r}")
            command = {"cmd": said["cmd"], "who": who}
            if "text" in said:
                command["text"] = str(said["text"])[:_LONGEST_NOTE]
            if isinstance(said.get("trial"), int):
                command["trial"] = said["trial"]
            if not self._errands.add(self._obey, command):
                raise ValueError("more requests than can be carried out")
