"""The console's side of the link: reaches a session, follows it, comes back to it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from emer_studio.core.errors import BadInputError, EmerError, MissingError
from emer_studio.session.remote.identity import Pairing, client_context
from emer_studio.session.remote.wire import (
    DEFAULT_PORT,
    HELLO,
    Message,
    packed,
    read_message,
)

__all__ = ["LinkClient", "split_address"]

logger = logging.getLogger(__name__)
_CONNECT_S = 8.0
_SILENT_S = 4.0  # chosen by us: the session gives a sign of life every second
_MOST_BYTES = 8 * 2**20  # of a message: many times a picture
_AGAIN_S = (0.5, 1.0, 2.0, 4.0)  # between attempts to come back; the last one for ever
Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def split_address(text: str) -> tuple[str, int]:
    """Return host and port of ``HOST``, ``HOST:PORT`` or ``[IPv6]:PORT``.

    Raises
    ------
    BadInputError
        When it is none of them.
    """
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.startswith("[")):
        host, port = text, str(DEFAULT_PORT)
    host = host.strip("[]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInputError(f"Expected HOST or HOST:PORT, found {text!r}.")
    return host, int(port)


class LinkClient:
    """Follows one session, from `start` to `close`.

    Parameters
    ----------
    host : str
    port : int
    pairing : Pairing
        From the line that the session shows.
    on_message : callable
        Called with every `Message`, on the link's thread; ``link_lost`` and, when there is
        nothing more to come, ``link_ended`` (``text``) are our own.
    """

    def __init__(
        self,
        host: str,
        port: int,
        pairing: Pairing,
        on_message: Callable[[Message], None],
    ) -> None:
        self._host, self._port, self._pairing = host, port, pairing
        self._on_message = on_message
        self._begun: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._thread = threading.Thread(target=self._run, name="console-client")

    def start(self) -> None:
        """Reach the session.

        Raises
        ------
        MissingError
            When nothing answers there.
        BadInputError
            When it is another computer than the one that was paired with, or the token is
            not this session's.
        """
        self._thread.start()
        try:
            self._begun.result()
        except BaseException:  # also Ctrl-C
            self.close()
            raise

    def send(self, command: str, /, **fields: Any) -> None:
        """Ask the session for something, from any thread; lost while the link is down."""

        def write() -> None:
            if self._writer is not None:
                self._writer.write(packed({"cmd": command, **fields}))

        self._call(write)

    def close(self) -> None:
        """Leave; the session goes on."""
        if self._task is not None:
            self._call(self._task.cancel)
        self._thread.join()

    def _call(self, function: Callable[[], object]) -> None:
        with contextlib.suppress(RuntimeError):  # the link has ended
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    # On the link's thread -----------------------------------------------------------

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._main())
        finally:
            if not self._begun.done():
                self._begun.set_exception(MissingError("The console was closed."))

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            link, first = await self._reach()
        except EmerError as problem:
            self._begun.set_exception(problem)
            return
        self._begun.set_result(None)
        while not await self._follow(link, first):
            self._own("link_lost")
            try:
                link, first = await self._come_back()
            except BadInputError as problem:
                self._own("link_ended", text=str(problem))
                return
        self._own("link_ended", text="")

    async def _reach(self) -> tuple[Link, Message]:
        where = f"{self._host}:{self._port}"
        writer = None
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(
                    self._host, self._port, ssl=client_context(), limit=2**18
                )
                self._check(writer, where)  # before anything of ours is sent
                hello = {"hello": HELLO, "token": self._pairing.token}
                writer.write(packed(hello))
                first = await read_message(reader, _MOST_BYTES)
        except (EOFError, OSError, TimeoutError, ValueError) as problem:
            _abort(writer)
            if isinstance(problem, ssl.SSLError | ValueError | EOFError):
                found = "What answers there is no session of EMER Studio"
            else:
                found = "No session answers there"
            raise MissingError(
                f"{where}: {found}.",
                fix="Start the session with --console, on a network that both computers"
                " share, and let its firewall pass this port.",
            ) from None
        except BaseException:
            _abort(writer)
            raise
        if first.facts.get("event") == "welcome":
            return (reader, writer), first
        _abort(writer)
        raise BadInputError(
            f"{where}: {first.facts.get('text') or 'This console was not let in.'}",
            fix="Copy the line that the session shows now; every session has its own.",
        )

    def _check(self, writer: asyncio.StreamWriter, where: str) -> None:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if not self._pairing.pins(shown or b""):
            raise BadInputError(
                f"{where}: the fingerprint is not the one of the pairing line. The token"
                " was not sent.",
                fix="Compare the address and the fingerprint with what the session shows.",
            )

    async def _come_back(self) -> tuple[Link, Message]:
        attempt = 0
        while True:
            await asyncio.sleep(_AGAIN_S[min(attempt, len(_AGAIN_S) - 1)])
            attempt += 1
            with contextlib.suppress(MissingError):
                return await self._reach()

    async def _follow(self, link: Link, first: Message) -> bool:
        """Pass on what comes; tell whether the session is over (else the link is down)."""
        reader, self._writer = link
        message = first
        try:
            while message.facts.get("event") != "over":
                self._on_message(message)
                async with asyncio.timeout(_SILENT_S):
                    message = await read_message(reader, _MOST_BYTES)
        except (EOFError, OSError, TimeoutError, ValueError) as problem:
            logger.info("link: %s", str(problem) or type(problem).__name__)
            return False
        finally:
            writer, self._writer = self._writer, None
            _abort(writer)
        return True

    def _own(self, name: str, **facts: Any) -> None:
        self._on_message(Message({"event": name, **facts}))


def _abort(writer: asyncio.StreamWriter | None) -> None:
    if writer is not None:
        writer.transport.abort()
