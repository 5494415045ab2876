"""``emer-studio console``: the operator's console on a second PC.

With ``--events`` it opens no window: it prints what the session tells as JSON lines, takes
the commands of `session.desk` on standard input, and ends with the session or its input.
"""

from __future__ import annotations

import argparse
import getpass
import sys
import threading

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Control
from emer_studio.session.remote.client import LinkClient, split_address
from emer_studio.session.remote.identity import Pairing
from emer_studio.session.remote.local_rings import LocalRings
from emer_studio.session.remote.wire import DEFAULT_PORT, Message

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser.description = (
        "Shows a session that runs on another computer, and asks it for pauses and the"
        " like. The session has to be started with --console; it shows the whole line."
    )
    parser.add_argument(
        "address", metavar="HOST[:PORT]", help=f"port {DEFAULT_PORT} unless given"
    )
    parser.add_argument("--token", default="", help="of the session; asked for without it")
    parser.add_argument(
        "--fingerprint", required=True, help="of the other computer's certificate"
    )
    parser.add_argument(
        "--events", action="store_true", help="no window: JSON lines in and out"
    )


def run(args: argparse.Namespace) -> int:
    """Join the session and stay until it is over or the window is closed."""
    host, port = split_address(args.address)
    pairing = Pairing(args.token or _asked(), args.fingerprint)
    if args.events:
        return _as_lines(host, port, pairing)
    from emer_studio.ui.console.window import show_console

    return show_console(host, port, pairing)


def _asked() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Token: ")
    raise BadInputError("The token is missing.", fix="Give it with --token.")


def _as_lines(host: str, port: int, pairing: Pairing) -> int:
    console, rings, over = Console(events=True), LocalRings(), threading.Event()
    problem: list[str] = []

    def take(message: Message) -> None:
        if message.facts.get("event") == "tick":
            return
        for event in rings.events(message):
            fields = {key: value for key, value in event.items() if key != "event"}
            console.event(str(event.get("event")), **fields)
        if message.facts.get("event") == "link_ended":
            problem.append(str(message.facts.get("text")))
            over.set()

    client = LinkClient(host, port, pairing, take)
    try:
        client.start()
        Control(
            lambda command: client.send(
                str(command.get("cmd")),
                **{key: value for key, value in command.items() if key != "cmd"},
            ),
            on_end=over.set,
        )
        over.wait()
        client.close()
    finally:
        rings.close()
    if any(problem):
        raise BadInputError(problem[0])
    return 0
