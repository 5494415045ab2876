"""How old a tracker's samples are when they arrive, measured beside the recorder."""

from __future__ import annotations

import threading
from array import array

import numpy as np

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.streams.inlets import Inlet, find_one

__all__ = ["Listener"]

_OPEN_S = 10.0
_PULL_S = 0.2
_ASK_S = 0.5


class Listener:
    """Receives a stream, from `start` to `stop`, and notes the age of its samples."""

    def __init__(self, query: str) -> None:
        self._inlet = Inlet(find_one(query, timeout_s=_OPEN_S))
        self._end = threading.Event()
        self._ages_s = array("d")
        self._thread = threading.Thread(target=self._run, name="rig-listener")
        self.header = self._inlet.fetch_header(_OPEN_S)

    def start(self) -> None:
        """Begin to receive."""
        self._inlet.open(_OPEN_S)
        self._inlet.clock_offset(0.0)  # begins to measure
        self._thread.start()

    def stop(self) -> tuple[float, float] | None:
        """End; return median and 99th percentile of the ages in ms, None without any."""
        self._end.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._inlet.close()
        if not len(self._ages_s):
            return None
        p50, p99 = np.percentile(1e3 * np.array(self._ages_s), (50, 99))
        return round(float(p50), 2), round(float(p99), 2)

    def _run(self) -> None:
        offset, asked_s = None, 0.0
        while not self._end.is_set():
            try:
                _, stamps_s = self._inlet.pull(_PULL_S)
            except MissingError:
                return  # the recorder tells of it
            now_s = clock.now_s()
            if len(stamps_s) and offset is not None:
                self._ages_s.append(now_s - float(stamps_s[-1]) - offset[1])
            if now_s - asked_s > _ASK_S:  # liblsl's newest: clocks drift in ten minutes
                offset, asked_s = self._inlet.clock_offset(0.0) or offset, now_s
