"""Lets an iterator work ahead in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")
_LOOK_S = 0.1  # how soon a thread that waits for room notices the end; chosen by us


def ahead(items: Iterable[T], most: int) -> Generator[T]:
    """Yield `items` in order while a thread fetches up to `most` more of them.

    What an iterator raises is raised here, behind the items before it. The thread has
    ended when the generator is closed.
    """
    ready: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(most)
    over = threading.Event()

    def put(value: tuple[T] | BaseException | None) -> bool:
        while not over.is_set():
            try:
                ready.put(value, timeout=_LOOK_S)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for item in items:
                if not put((item,)):
                    return
            put(None)
        except BaseException as problem:
            put(problem)

    thread = threading.Thread(target=fetch, name="ahead", daemon=True)
    thread.start()
    try:
        while (got := ready.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            yield got[0]
    finally:
        over.set()
        thread.join()
