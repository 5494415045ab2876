"""Follows the rings of a camera and a tracker, on a thread of its own, read-only."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import numpy as np

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.core.ring import RingReader
from emer_studio.schema.streams import StreamHeader, parse_header
from emer_studio.training.live.window import LiveWindow

__all__ = ["Followed", "LiveRings", "header_beside"]

_POLL_S = 0.02  # chosen by us: previews have 15 pictures a second, three of them are kept
_MARGIN = 64  # rows that come while it is asked for the new ones; chosen by us
Identity = tuple[int, int]


class Followed:
    """One ring: what is new in it, and whether it is still the one that was opened.

    Parameters
    ----------
    path : Path
        Of the ring.
    columns : int
        Length of the rows of samples; 0 for pictures.

    Raises
    ------
    BadInputError
        When there is none, or it holds something else.
    """

    def __init__(self, path: Path, columns: int = 0) -> None:
        self.path = path
        try:
            self._identity = _identity(path)
            self._ring = RingReader(path)
            self._seen = self._ring.written  # what came before is of nobody's present
            shape = self._ring.latest(0).shape[1:]
        except (OSError, ValueError, KeyError, TypeError, struct.error) as problem:
            raise BadInputError(
                f"{path} is not a ring that is being written: {problem}.",
                fix="Start the camera's preview (or the tracker's) first.",
            ) from None
        if shape != (columns,) if columns else len(shape) != 3:
            self._ring.close()
            what = f"rows of {columns} numbers" if columns else "pictures"
            raise BadInputError(f"Expected {what} in {path}, found the shape {shape}.")

    @property
    def gone(self) -> bool:
        """Whether its writer has taken it away, or begun another one in its place."""
        try:
            return _identity(self.path) != self._identity
        except OSError:
            return True

    def new(self) -> np.ndarray:
        """Return the rows that came since it was last asked, and some of those before."""
        written = self._ring.written
        count, self._seen = written - self._seen, written
        return self._ring.latest(count + _MARGIN if count > 0 else 0)

    def close(self) -> None:
        """Let go of the memory."""
        self._ring.close()


class LiveRings:
    """Brings what is new in the rings into a window, until `close`.

    Parameters
    ----------
    window : LiveWindow
    camera, gaze : Followed, optional
        What to follow.
    """

    def __init__(
        self, window: LiveWindow, camera: Followed | None, gaze: Followed | None
    ) -> None:
        self._window, self._camera, self._gaze = window, camera, gaze
        self._newest_s = -np.inf
        self._stop = threading.Event()
        self.problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="live-rings")
        self._thread.start()

    @property
    def gone(self) -> str:
        """Which of them is not there any more: "camera", "gaze" or nothing."""
        for name, ring in (("camera", self._camera), ("gaze", self._gaze)):
            if ring is not None and ring.gone:
                return name
        return ""

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join()
        for ring in (self._camera, self._gaze):
            if ring is not None:
                ring.close()

    def _run(self) -> None:
        try:
            while not self._stop.wait(_POLL_S):
                self._look()
        except Exception as problem:  # told by whoever asks for the next estimate
            self.problem = problem

    def _look(self) -> None:
        if self._gaze is not None:
            rows = self._gaze.new()
            if len(rows) and rows[-1, 0] >= self._newest_s:  # else the sender began anew
                rows = rows[rows[:, 0] > self._newest_s]
            if len(rows):
                self._newest_s = float(rows[-1, 0])
                self._window.add_gaze(rows, clock.now_s())
        if self._camera is not None:
            for picture in self._camera.new()[-1:]:
                self._window.add_picture(clock.now_s(), picture)


def header_beside(ring: Path) -> StreamHeader:
    """Return what the stream of a ring of samples says of itself (``NAME.xml``).

    Raises
    ------
    BadInputError
        When nothing lies beside the ring.
    """
    path = ring.with_suffix(".xml")
    try:
        return parse_header(path.read_text(encoding="utf-8"))
    except OSError:
        raise BadInputError(
            f"{path} is missing: it says which column of the ring is the gaze.",
            fix=f"Let it be written: emer-studio streams --stream NAME --ring {ring}",
        ) from None


def _identity(path: Path) -> Identity:
    found = path.stat()
    return found.st_dev, found.st_ino
