"""Opening a session's door for consoles on other computers, and telling how to come in."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from emer_studio.core import settings
from emer_studio.core.console import Console
from emer_studio.core.errors import EmerError
from emer_studio.session.desk import Desk
from emer_studio.session.remote.identity import Pairing, new_token, own_identity
from emer_studio.session.remote.server import LinkServer
from emer_studio.session.remote.wire import DEFAULT_PORT

__all__ = ["consoles_welcome", "own_addresses"]

# For the window on this computer alone: the token, and keys that were pressed here.
_OURS = ("link", "desk_asked")


@contextmanager
def consoles_welcome(
    port: int | None, console: Console, desk: Desk, about: dict[str, Any]
) -> Iterator[None]:
    """Let consoles follow a session and ask things of it, as long as the block runs.

    The window on this computer hears the event ``link``: ``lines`` to type on the other
    one, one for each address of this computer, and ``here``, who has joined.

    Parameters
    ----------
    port : int or None
        0 for any that is free; None for the usual one, else one of the next.
    console : Console
        Its events are passed on.
    desk : Desk
        Carries out what consoles ask for.
    about : dict
        ``participant``, ``protocol``, ``microphone``.
    """
    context, fingerprint = own_identity(settings.config_dir() / "console")
    pairing = Pairing(new_token(), fingerprint)
    here: list[str] = []
    lines: list[str] = []

    def changed(who: str, came: bool) -> None:
        (here.append if came else here.remove)(who)
        console.event("link", lines=lines, here=list(here))
        desk.console(who, came)

    def pass_on(event: dict[str, Any]) -> None:
        if event["event"] not in _OURS:
            server.tell(event)

    server = LinkServer(port, context, pairing, about, obey=desk.obey, on_change=changed)
    opened = server.start()
    secret = f"--token {pairing.token} --fingerprint {pairing.fingerprint}"
    lines += [f"emer-studio console {host}:{opened} {secret}" for host in own_addresses()]
    console.event("link", lines=lines, here=[])
    if port is None and opened != DEFAULT_PORT:
        console.say(f"Port {DEFAULT_PORT} is taken; consoles join on port {opened}.")
    console.note("a second PC joins with:\n  " + "\n  ".join(lines))
    console.listeners.append(pass_on)
    try:
        yield
    except EmerError as problem:
        server.tell({"event": "error", "text": str(problem)})
        raise
    finally:
        server.close()
        console.listeners.remove(pass_on)


def own_addresses() -> list[str]:
    """Return the IPv4 addresses under which other computers reach this one.

    Without a network it is the loopback's.
    """
    up = {name for name, stats in psutil.net_if_stats().items() if stats.isup}
    found = [
        entry.address
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if name in up and entry.family == socket.AF_INET
    ]
    reachable = [
        text
        for text in found
        if not (ip := ipaddress.ip_address(text)).is_loopback and not ip.is_link_local
    ]
    return reachable or ["127.0.0.1"]
