"""What consoles ask for, carried out one after the other on a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Errands"]

logger = logging.getLogger(__name__)
_MOST_WAITING = 50  # chosen by us: no operator presses as fast
_Errand = tuple[Callable[..., None], tuple[Any, ...]]


class Errands:
    """A bounded queue and its thread, from `start` to `close`."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[_Errand | None] = queue.Queue(_MOST_WAITING)
        # A daemon: what it does may hang, and the session still ends.
        self._thread = threading.Thread(
            target=self._run, name="console-errands", daemon=True
        )

    def start(self) -> None:
        """Begin to carry out."""
        self._thread.start()

    def add(self, function: Callable[..., None], *arguments: object) -> bool:
        """Have something done; never waits, and tells whether there was room."""
        try:
            self._waiting.put_nowait((function, arguments))
        except queue.Full:
            return False
        return True

    def close(self, timeout_s: float) -> None:
        """Finish what waits, but for no longer than this."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (errand := self._waiting.get()) is not None:
            function, arguments = errand
            try:
                function(*arguments)
            except Exception:
                logger.exception("what a console asked for failed")
