"""Being asked to end: a command closes its files and ends by itself."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from emer_studio.core.process import Control

__all__ = ["signals_set", "stop_check"]


def stop_check(events: bool) -> Callable[[], None]:
    """Return what ends a job when the window that started it closes its input.

    Parameters
    ----------
    events : bool
        Whether a window listens; a person has Ctrl-C.

    Returns
    -------
    callable
        To be called between the steps of the work; raises KeyboardInterrupt to end it.
    """
    if not events:
        return lambda: None
    control = Control()

    def check() -> None:
        if control.stopped.is_set():
            raise KeyboardInterrupt

    return check


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
