"""Videos of the items that come next, opened and decoded beside the window."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path

from emer_studio.core.errors import EmerError
from emer_studio.features.frames import FrameReader

__all__ = ["Shelf"]

Wish = tuple[Path, int]
_MOST = 4  # chosen by us: the next ones and the one before
_KEPT_FRAMES, _WIDEST_PX = 24, 1280  # 66 MB an item at most


class Shelf:
    """Holds readers whose first frame is decoded; each has one owner at a time."""

    def __init__(self) -> None:
        self._wishes: list[Wish] = []
        self._ready: dict[Wish, FrameReader] = {}
        self._gone: list[FrameReader] = []
        self._busy: Wish | None = None
        self._over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="label-shelf", daemon=True)
        self._thread.start()

    def prepare(self, wishes: Sequence[Wish]) -> None:
        """Say what comes next, the soonest first; what is not named may go."""
        with self._changed:
            self._wishes = list(wishes[:_MOST])
            gone = [key for key in self._ready if key not in self._wishes]
            self._gone += [self._ready.pop(key) for key in gone]
            self._changed.notify_all()

    def take(self, video: Path, first: int) -> FrameReader:
        """Return a reader of a video; at once when its item was prepared.

        Raises
        ------
        BadInputError
            When the video cannot be read.
        """
        wish = (video, first)
        with self._changed:
            while self._busy == wish:
                self._changed.wait()
            if wish in self._wishes:
                self._wishes.remove(wish)
            ready = self._ready.pop(wish, None)
        return ready if ready is not None else _open(video)

    def give_back(self, reader: FrameReader) -> None:
        """Take a reader that is not looked at any more; closing it takes a while."""
        with self._changed:
            self._gone.append(reader)
            self._changed.notify_all()

    def close(self) -> None:
        """Close everything."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()
        for reader in (*self._ready.values(), *self._gone):
            reader.close()
        self._ready.clear()
        self._gone.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._over and self._next() is None and not self._gone:
                    self._changed.wait()
                if self._over:
                    return
                gone, self._gone = self._gone, []
                self._busy = wish = self._next()
            found = _prepared(*wish) if wish is not None else None
            for reader in gone:
                reader.close()
            with self._changed:
                self._keep(wish, found)

    def _keep(self, wish: Wish | None, found: FrameReader | None) -> None:
        self._busy = None
        if found is not None and wish in self._wishes and wish is not None:
            self._ready[wish] = found
        elif found is not None:  # nobody wants it any more
            self._gone.append(found)
        elif wish in self._wishes:
            self._wishes.remove(wish)  # it cannot be opened: `take` says why
        self._changed.notify_all()

    def _next(self) -> Wish | None:
        return next((wish for wish in self._wishes if wish not in self._ready), None)


def _open(video: Path) -> FrameReader:
    return FrameReader(video, cache=_KEPT_FRAMES, widest_px=_WIDEST_PX)


def _prepared(video: Path, first: int) -> FrameReader | None:
    """Return a reader that has decoded the frame; None where that fails: `take` tells."""
    reader = None
    with contextlib.suppress(EmerError, IndexError, OSError):
        reader = _open(video)
        reader.rgb(min(first, len(reader) - 1))
        return reader
    if reader is not None:
        reader.close()
    return None
