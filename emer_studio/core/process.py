"""Child processes that speak JSON lines and never outlive their parent.

A child reads commands on standard input, one JSON object a line, and writes events on
standard output. When its standard input ends it closes its files and exits: a parent
that was killed leaves nothing running.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emer_studio.core.errors import WorkFailedError

__all__ = ["SPARE", "Child", "Control", "command_line"]

SPARE = "--spare"
"""Before a command's name: everything is imported, its words come on standard input."""

logger = logging.getLogger(__name__)
Event = dict[str, Any]
_KEPT = 1000  # events nobody has waited for; chosen by us: minutes of them


def command_line(*arguments: str) -> list[str]:
    """Return the command that runs a sub-command of this very program."""
    return [sys.executable, "-m", "emer_studio", *arguments]


class Child:
    """A sub-command of this program, running beside us.

    Parameters
    ----------
    name : str
        What a person calls it; used for its threads, log lines and errors.
    arguments : sequence of str
        The sub-command and its arguments.
    on_event : callable, optional
        Called with every event, on the reader thread. The latest thousand are also
        kept for `wait_for`.
    stderr_path : Path, optional
        File its standard error is appended to; inherited when absent.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        on_event: Callable[[Event], None] | None = None,
        stderr_path: Path | None = None,
    ) -> None:
        self.name = name
        self._on_event = on_event
        self._events: queue.Queue[Event | None] = queue.Queue()
        self._write_lock = threading.Lock()
        self.last_error = ""
        self.last_code: int | None = None
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(stderr_path.open("ab")) if stderr_path else None
            self._process = subprocess.Popen(
                command_line(*arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                bufsize=1,
                # Ctrl-C in a terminal reaches the whole group: only we may decide.
                start_new_session=sys.platform != "win32",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        self._reader = threading.Thread(target=self._read, name=f"{name}-events")
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit code, None while it runs."""
        return self._process.poll()

    def send(self, command: str, /, **fields: Any) -> None:
        """Send one command; a child that is gone is logged, not raised."""
        line = json.dumps({"cmd": command, **fields}) + "\n"
        with self._write_lock:
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError, OSError):
                logger.warning("%s is gone; %r was not delivered", self.name, command)

    def begin(self, arguments: Sequence[str]) -> None:
        """Give a spare process (`SPARE`) its words."""
        with self._write_lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(list(arguments)) + "\n")
            self._process.stdin.flush()

    def next_event(self, *names: str, timeout_s: float) -> Event | None:
        """Return the next event with one of `names`, dropping others; None at time-out.

        Raises
        ------
        WorkFailedError
            When the child ends or reports an error first.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                event = self._events.get(timeout=max(deadline - time.monotonic(), 0.0))
            except queue.Empty:
                return None
            if event is None:
                self._events.put(None)
                raise WorkFailedError(self.last_error or self._ended_text())
            if event.get("event") == "error" and "error" not in names:
                raise WorkFailedError(self.last_error)
            if event.get("event") in names:
                return event

    def wait_for(self, *names: str, timeout_s: float) -> Event:
        """Return the next event with one of `names`; silence for too long is an error."""
        event = self.next_event(*names, timeout_s=timeout_s)
        if event is None:
            raise WorkFailedError(
                f"The {self.name} process did not report {' or '.join(names)}"
                f" within {timeout_s:.0f} s."
            )
        return event

    def put(self, name: str, /, **facts: Any) -> None:
        """Let whoever waits for this child see an event of ours."""
        self._keep({"event": name, **facts})

    def _keep(self, event: Event) -> None:
        """Queue an event; the oldest goes where nobody waits, as in a window all day."""
        self._events.put(event)
        if self._events.qsize() > _KEPT:
            with contextlib.suppress(queue.Empty):
                self._events.get_nowait()

    def interrupt(self, **facts: Any) -> None:
        """Let whoever waits for this child see the event ``interrupted``."""
        self.put("interrupted", **facts)

    def stop(self, timeout_s: float = 10.0) -> int:
        """End it by closing its standard input; kill it only when it will not go."""
        with self._write_lock, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            logger.error("%s did not end within %.0f s; killed", self.name, timeout_s)
            self.kill()
        if threading.current_thread() is not self._reader:
            self._reader.join()
            if self._process.stdout is not None:
                self._process.stdout.close()
        return self._process.wait()

    def finish(self, timeout_s: float) -> int:
        """Wait for it to end by itself, then clean up after it; return its exit code."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self.stop(timeout_s)

    def kill(self) -> None:
        """Kill it at once."""
        self._process.kill()
        self._process.wait()

    def _ended_text(self) -> str:
        return f"The {self.name} process ended (exit code {self.returncode})."

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                logger.warning("%s: %s", self.name, line.rstrip())
                continue
            if not isinstance(event, dict):
                continue
            if event.get("event") == "error":
                self.last_error = str(event.get("text", ""))
                self.last_code = event.get("code")
            self._keep(event)
            if self._on_event is not None:
                try:
                    self._on_event(event)
                except Exception:
                    logger.exception("a listener of %s failed", self.name)
        self._process.wait()
        self._events.put(None)
        if self._on_event is not None:
            self._on_event({"event": "ended", "returncode": self._process.returncode})


class Control:
    """The child's side: commands from standard input, end of input as the stop sign.

    Parameters
    ----------
    on_command : callable, optional
        Called with every command on the reader thread.
    on_end : callable, optional
        Called at the end of the input, after `stopped` is set.
    """

    def __init__(
        self,
        on_command: Callable[[Event], None] | None = None,
        *,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self.stopped = threading.Event()
        self._on_command = on_command
        self._on_end = on_end
        # A daemon: a blocking read of standard input cannot be interrupted.
        threading.Thread(target=self._read, name="control", daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            try:
                command = json.loads(line)
            except json.JSONDecodeError:
                logger.warning("not a command: %r", line)
                continue
            if self._on_command is not None and isinstance(command, dict):
                try:
                    self._on_command(command)
                except Exception:
                    logger.exception("command %r failed", command.get("cmd"))
        self.stopped.set()
        if self._on_end is not None:
            self._on_end()
