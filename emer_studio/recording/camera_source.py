"""One camera kept delivering: grabbed on a thread, watched by another, opened again.

A driver may raise, return nothing, or never return. So the device has a thread of its own,
a daemon, which nothing ever waits for without a limit; a second thread looks at the age
of the newest frame, because a blocked call cannot report itself.

* A stall that ends by itself (the driver was late, the plug stayed in) continues the same
  *take*.
* A source that ends or raises is closed and opened again, once a second, with the same
  settings: a new take.
* A call that does not return within `ABANDON_S` is left behind with its thread, and the
  device is opened again from a new one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emer_studio.core import clock
from emer_studio.core.errors import WorkFailedError
from emer_studio.devices.camera import Camera, CameraFacts, Frame, Opener

__all__ = ["CameraSource", "Shot"]

logger = logging.getLogger(__name__)
STALL_S = 1.0  # alarm as the project does for every stream: max(1 s, 5 samples)
_STALL_FRAMES = 5
_RETRY_S = 1.0
# OpenCV's own limit for a Linux driver is 10 s; a call that is still out then is lost.
ABANDON_S = 12.0
_MOST_ABANDONED = 5  # chosen by us: each holds a thread and perhaps a device
_WATCH_S = 0.1
_LEAVE_S = 0.3  # at the end: how long a grab may take to come back


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame and where it belongs.

    Attributes
    ----------
    take : int
        Which opening of the device it comes from, from 1.
    outage_s : float
        How long there had been no picture, where that was reported; else 0.
    """

    frame: Frame
    take: int
    facts: CameraFacts
    outage_s: float = 0.0


class CameraSource:
    """A camera from `open` to `close`.

    Parameters
    ----------
    opener : callable
        Opens the device; called again after it was lost.
    on_shot : callable
        Called with every frame on the device's thread; must not block.
    on_silence : callable
        Called once per outage with the seconds without a picture and the reason.
    abandon_s : float
        See the module; shorter in tests.
    """

    def __init__(
        self,
        opener: Opener,
        on_shot: Callable[[Shot], None],
        on_silence: Callable[[float, str], None],
        *,
        abandon_s: float = ABANDON_S,
    ) -> None:
        self._opener, self._on_shot, self._on_silence = opener, on_shot, on_silence
        self._abandon_s = abandon_s
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._opened = threading.Event()
        self._failure: Exception | None = None
        self._facts: CameraFacts | None = None
        self._camera: Camera | None = None
        self._situation: dict[str, Any] | None = None
        self._owner = 0  # which device thread may deliver; older ones are left behind
        self._threads: list[threading.Thread] = []
        self._takes = 0
        self._frame_s: float | None = None
        self._call_s: float | None = None  # when the driver's present call began
        self._reported = False
        self._reason = ""
        self._watcher = threading.Thread(target=self._watch, name="camera-watch")

    def open(self, give_up: Callable[[], bool] = lambda: False) -> CameraFacts:
        """Start, and wait until the device is open.

        Parameters
        ----------
        give_up : callable
            Asked while waiting; true ends it with `WorkFailedError`.

        Raises
        ------
        MissingError, BadInputError
            As the opener raises them; nothing is left running.
        """
        self._start_thread()
        while not self._opened.wait(0.05):
            if give_up():
                self.close()
                raise WorkFailedError("The camera did not open before it was told to stop.")
        if self._failure is not None:
            self.close()
            raise self._failure
        self._watcher.start()
        return self.facts

    @property
    def facts(self) -> CameraFacts:
        """What the present take delivers."""
        assert self._facts is not None
        return self._facts

    @property
    def silent_s(self) -> float:
        """Seconds since the last picture while an outage is reported, else 0."""
        with self._lock:
            if not self._reported or self._frame_s is None:
                return 0.0
            return clock.now_s() - self._frame_s

    @property
    def reason(self) -> str:
        """Why there is no picture, as far as known."""
        return self._reason

    @property
    def blocked(self) -> bool:
        """Whether a driver's call is still out; the process cannot end normally then."""
        return any(thread.is_alive() for thread in self._threads)

    def situation(self, command: dict[str, Any]) -> None:
        """Tell a simulated camera what goes on, now and whenever it is opened again."""
        camera = self._camera
        if "emotion" in command:
            self._situation = command
        if camera is not None:
            camera.situation(command)

    def close(self) -> None:
        """Stop; what is blocked in the driver is left behind."""
        self._stop.set()
        if self._watcher.ident is not None:
            self._watcher.join()
        if self._threads:
            self._threads[-1].join(_LEAVE_S)
        with self._lock:
            self._owner += 1  # a call that returns now delivers nothing

    # The device's thread ------------------------------------------------------------

    def _start_thread(self) -> None:
        with self._lock:
            self._owner += 1
            self._call_s = clock.now_s()
            me = self._owner
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        # A daemon: a driver's call that never returns must not keep the process.
        thread = threading.Thread(
            target=self._work, args=(me,), name="camera-device", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _mine(self, me: int) -> bool:
        return me == self._owner and not self._stop.is_set()

    def _work(self, me: int) -> None:
        camera: Camera | None = None
        while self._mine(me):
            self._call_s = clock.now_s()
            if camera is None:
                camera = self._try_open(me)
                if camera is None and not self._opened.is_set():
                    break  # it never opened at all
                if camera is None:
                    self._stop.wait(_RETRY_S)
                continue
            frame = self._grab(camera)
            if not self._mine(me):
                break
            if frame is not None:
                self._deliver(frame)
                continue
            self._lost()
            self._close(camera)
            camera = None
            self._stop.wait(_RETRY_S)
        if camera is not None:
            self._close(camera)
        if me == self._owner:
            self._camera = None
            self._opened.set()

    def _try_open(self, me: int) -> Camera | None:
        try:
            camera = self._opener()
        except Exception as problem:
            if not self._opened.is_set():
                self._failure = problem
            else:
                logger.info("the camera does not open again: %s", problem)
            return None
        if not self._mine(me):
            self._close(camera)
            return None
        self._camera, self._facts = camera, camera.facts
        self._takes += 1
        if self._frame_s is None:
            self._frame_s = clock.now_s()  # silence counts from the opening
        if self._situation is not None:
            camera.situation(self._situation)
        self._opened.set()
        return camera

    def _grab(self, camera: Camera) -> Frame | None:
        try:
            frame = camera.grab()
        except Exception as problem:
            logger.exception("the camera failed")
            self._reason = f"it failed ({problem})"
            return None
        if frame is None:
            self._reason = "the source ended"
        return frame

    def _deliver(self, frame: Frame) -> None:
        with self._lock:
            before, self._frame_s = self._frame_s, frame.t_s
            outage = frame.t_s - before if self._reported and before is not None else 0.0
            self._reported, self._reason = False, ""
        self._on_shot(Shot(frame, self._takes, self.facts, outage))

    @staticmethod
    def _close(camera: Camera) -> None:
        try:
            camera.close()
        except Exception:
            logger.exception("the camera did not close")

    # Silence ------------------------------------------------------------------------

    def _lost(self) -> None:
        """The source ended: no need to wait for the watch."""
        self._report(0.0)

    def _watch(self) -> None:
        while not self._stop.wait(_WATCH_S):
            self._report(max(STALL_S, _STALL_FRAMES / max(self.facts.fps, 1e-3)))
            call_s = clock.now_s() - (self._call_s or clock.now_s())
            if call_s > self._abandon_s and len(self._threads) <= _MOST_ABANDONED:
                logger.error("the camera's driver did not return in %.0f s", call_s)
                self._start_thread()

    def _report(self, at_least_s: float) -> None:
        with self._lock:
            now_s = clock.now_s()
            age_s = now_s - (now_s if self._frame_s is None else self._frame_s)
            if age_s < at_least_s or self._reported or self._stop.is_set():
                return
            self._reported = True
            self._reason = self._reason or "the driver is silent"
        self._on_silence(age_s, self._reason)
