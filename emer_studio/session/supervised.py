"""A process of a session that is begun anew when it dies, so that the session goes on."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emer_studio.core.errors import WorkFailedError
from emer_studio.core.process import SPARE, Child

__all__ = ["Supervised"]

logger = logging.getLogger(__name__)
_START_S = 30.0  # chosen by us: a slow machine imports everything in this time
_PAUSE_S = 1.0  # before a process that died at once is tried again
# Chosen by us: what dies as often as this dies for a reason that no restart removes.
_MOST_RUNS, _WITHIN_S = 5, 60.0
_USELESS_TO_REPEAT = (1, 2)  # the work failed, e.g. a full disk; bad input
# These processes report twice a second (chosen by us: six reports, twenty reports).
_STUCK_S, _HOPELESS_S = 3.0, 10.0
_LOOK_S, _SLEPT_S = 0.5, 1.0
_MOST_SPARES_DEAD = 3  # chosen by us: what dies more often while it waits is broken

Event = dict[str, Any]


class Supervised:
    """One of the session's processes, over all its runs.

    Parameters
    ----------
    name : str
        What a person calls it.
    arguments : callable
        Gives the command for a run, the first one is run 1.
    ready : str
        The event by which a run says that it has begun.
    on_event : callable
        Called as ``on_event(name, event)`` with what the runs report, and with findings
        about the runs themselves; ``down`` when one has died, ``gave_up`` when there will
        be no further run.
    log : callable
        Gives the file for standard error, if there is one yet.
    on_restart : callable, optional
        Called with every later run that is ready.
    """

    def __init__(
        self,
        name: str,
        arguments: Callable[[int], list[str]],
        *,
        ready: str,
        on_event: Callable[[str, Event], None],
        log: Callable[[], Path | None] = lambda: None,
        on_restart: Callable[[Child], None] = lambda _child: None,
    ) -> None:
        self.name = name
        self._arguments, self._ready, self._log = arguments, ready, log
        self._on_event, self._on_restart = on_event, on_restart
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._begun: list[float] = []
        self._repairs: list[threading.Thread] = []
        self.gave_up = False
        self.up = False
        self.stuck = False
        self._repairing = threading.Lock()
        self._heard_s = time.monotonic()
        self._spare: Child | None = None
        self._spare_command = ""
        self._spares_dead = 0
        self.child = self._first = self._start()
        self._watchdog = threading.Thread(target=self._watch, name=f"{name}-watchdog")
        self._watchdog.start()

    @property
    def runs(self) -> int:
        """How often it was begun."""
        return len(self._begun)

    @property
    def last_code(self) -> int | None:
        """The exit code that the present run's last error announced."""
        return self.child.last_code

    def wait_until_ready(self) -> Event:
        """Wait for the first run; what it fails with is raised."""
        return self._first.wait_for(self._ready, timeout_s=_START_S)

    def wait_for(self, *names: str, timeout_s: float) -> Event:
        """Wait for an event of the present run."""
        return self.child.wait_for(*names, timeout_s=timeout_s)

    def send(self, command: str, /, **fields: Any) -> None:
        """Send a command to the present run."""
        self.child.send(command, **fields)

    def keep_spare(self, command: str) -> None:
        """Keep a process ready that has imported what a run needs; again after each run.

        What is lost when a camera's process dies is the time until the next one runs, and
        most of that is Python reading its libraries. A spare that dies while it waits is
        replaced, three times in all; a session runs without one, too.
        """
        spare: Child | None = None

        def heard(event: Event) -> None:
            if spare is self.child:  # it has become a run; its end as a spare is none
                self._heard(event)

        self._spare_command = command
        words = [SPARE, command]
        try:
            spare = Child(self.name, words, on_event=heard, stderr_path=self._log())
        except OSError as problem:
            logger.warning("there is no spare %s process: %s", self.name, problem)
            return
        self._spare = spare

    def stop(self, timeout_s: float) -> Event:
        """End it for good; return its last result, empty when it died."""
        self._stopping.set()
        with self._lock:
            repairs = list(self._repairs)
        for thread in (*repairs, self._watchdog):
            thread.join()
        self.up = False
        if self._spare is not None:
            self._drop(self._spare)
        self.child.stop(2.0 if self.stuck else timeout_s)
        with contextlib.suppress(WorkFailedError):
            return self.child.wait_for("result", timeout_s=1.0)
        return {}

    # ---------------------------------------------------------------------------------

    def _start(self) -> Child:
        self._begun.append(time.monotonic())
        spare, self._spare = self._spare, None
        if spare is not None and spare.running:
            self.child = spare
            spare.begin(self._arguments(len(self._begun)))
            return spare
        if spare is not None:
            self._drop(spare)
        return Child(
            self.name,
            self._arguments(len(self._begun)),
            on_event=self._heard,
            stderr_path=self._log(),
        )

    @staticmethod
    def _drop(spare: Child) -> None:
        """End a spare at once: it has nothing open, and may still be importing."""
        spare.kill()
        spare.stop()

    def _heard(self, event: Event) -> None:
        self._heard_s = time.monotonic()
        if event.get("event") == self._ready:
            self.up = True
        if event.get("event") != "ended":
            self._on_event(self.name, event)
        elif self.up and not self._stopping.is_set():
            self.up = False
            self._on_event(self.name, {"event": "down"})
            thread = threading.Thread(target=self._repair, name=f"{self.name}-restart")
            with self._lock:
                self._repairs.append(thread)
            thread.start()

    def _watch(self) -> None:
        """Notice a process that hangs: it is there, and does nothing."""
        looked_s = time.monotonic()
        while not self._stopping.wait(_LOOK_S):
            self._look_after_spare()
            late_s, looked_s = time.monotonic() - looked_s - _LOOK_S, time.monotonic()
            if late_s > _SLEPT_S:
                self._heard_s += late_s  # the computer slept: nobody could have answered
            quiet_s = time.monotonic() - self._heard_s
            if not self.up or quiet_s < _STUCK_S:
                if self.stuck and self.up:
                    self._tell("finding", f"the {self.name} process answers again")
                self.stuck = False
                continue
            if not self.stuck:
                self.stuck = True
                self._tell(
                    "finding", f"the {self.name} process does not answer ({quiet_s:.0f} s)"
                )
            if quiet_s > _HOPELESS_S:
                self._heard_s = time.monotonic()
                self.child.kill()  # it is started again as if it had died by itself

    def _look_after_spare(self) -> None:
        """Replace a spare that has died, unless a run is about to begin anyway."""
        if not self._repairing.acquire(blocking=False):
            return
        try:
            spare = self._spare
            if spare is None or spare.running:
                return
            self._spare = None
            self._drop(spare)
            self._spares_dead += 1
            again = self._spares_dead <= _MOST_SPARES_DEAD
            logger.warning(
                "the spare %s process ended while it waited (exit code %s); %s",
                self.name,
                spare.returncode,
                "replaced" if again else "not replaced any more",
            )
            if again:
                self.keep_spare(self._spare_command)
        finally:
            self._repairing.release()

    def _repair(self) -> None:
        """Begin the next run, and the next, until one is ready or none will be."""
        with self._repairing:
            while not self._stopping.is_set():
                code = self.child.stop()
                died = f"the {self.name} process ended unexpectedly (exit code {code})"
                if self._hopeless(code):
                    self.gave_up = True
                    self._tell("gave_up", f"{died} and is not started again")
                    return
                logger.error("%s; started again", died)
                if self._next_run(died):
                    return

    def _hopeless(self, code: int) -> bool:
        """Tell whether another run would end as this one did."""
        recent = [t for t in self._begun if time.monotonic() - t < _WITHIN_S]
        said_why = code in _USELESS_TO_REPEAT and bool(self.child.last_error)
        return said_why or len(recent) >= _MOST_RUNS

    def _next_run(self, died: str) -> bool:
        """Begin a run and wait for it; tell whether it is ready."""
        began = time.monotonic()
        try:
            self.child = child = self._start()
            child.wait_for(self._ready, timeout_s=_START_S)
        except (WorkFailedError, OSError) as problem:
            logger.warning("the %s process did not begin: %s", self.name, problem)
            self._stopping.wait(_PAUSE_S)
            return False
        self._on_restart(child)
        if self._spare_command:
            self.keep_spare(self._spare_command)
        took_s = time.monotonic() - began
        self._tell("finding", f"{died}; started again within {took_s:.1f} s")
        return True

    def _tell(self, kind: str, what: str) -> None:
        self._on_event(self.name, {"event": kind, "what": what})
