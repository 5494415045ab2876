"""Ctrl-C and a polite kill as an event: a command closes its files and ends by itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["signals_set"]


@contextlib.contextmanager
def signals_set(stop: threading.Event) -> Iterator[list[int]]:
    """Let Ctrl-C and a polite kill set `stop`; yield the list of signals that came."""
    caught: list[int] = []

    def end(number: int, _frame: object) -> None:
        caught.append(number)
        stop.set()

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
