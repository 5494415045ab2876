"""LabRecorder's remote control: the lab's own programs start and stop recordings.

The protocol is LabRecorder's (App-LabRecorder, *tcpinterface.cpp* and *mainwindow.cpp*):
one command a line on TCP port 22345, every line answered ``OK`` without a line end. Ours
listens on this machine only, answers when the command has been carried out, never
overwrites, and adds ``status``, answered by one line of JSON.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import socketserver
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, EmerError, MissingError
from emer_studio.core.files import next_free
from emer_studio.core.process import Control
from emer_studio.recording.take import TICK_S, Take
from emer_studio.streams.inlets import Found, Network, matches

__all__ = ["DEFAULT_PORT", "FileName", "serve"]

logger = logging.getLogger(__name__)

DEFAULT_PORT = 22345  # LabRecorder's
_HOST = "127.0.0.1"  # LabRecorder listens everywhere and asks nobody who they are
_ANSWER_S = 15.0
_LONGEST = (
    200  # characters of one part of a file name (chosen by us: file systems take 255)
)
_TEMPLATE = "sub-%p/ses-%s/%m/sub-%p_ses-%s_task-%b[_acq-%a]_run-%r_%m.xdf"
_FIELDS = {
    "participant": "%p",
    "session": "%s",
    "task": "%b",
    "acquisition": "%a",
    "run": "%r",
    "modality": "%m",
}


@dataclass
class FileName:
    """Where the next recording goes, as LabRecorder's ``filename`` command sets it.

    Attributes
    ----------
    root : Path
        Folder of all recordings.
    template : str
        Path below it, with ``%p %s %b %a %r %m`` for the values and ``[…]`` around what
        is left out without an acquisition; ``%n`` counts up to the first free name.
    """

    root: Path
    template: str = _TEMPLATE
    values: dict[str, str] = field(
        default_factory=lambda: {
            "participant": "P001",
            "session": "S001",
            "task": "Default",
            "acquisition": "",
            "run": "1",
            "modality": "beh",
        }
    )

    def obey(self, text: str) -> None:
        """Take ``{key:value} {key:value} …``."""
        for key, value in re.findall(r"\{\s*(\w+)\s*:([^{}]*)\}", text):
            value = value.strip()
            if len(value) > _LONGEST or not value.isprintable():
                raise BadInputError(f"The {key} is no part of a file name: {value[:40]!r}.")
            if key == "root":
                self.root = Path(value)
            elif key == "template":
                self.template = value.replace("\\", "/") or _TEMPLATE
            elif key in _FIELDS:
                self.values[key] = re.sub(r"[^\w.+-]", "", value)  # never a path

    def path(self) -> Path:
        """Return a file that does not exist yet; its folder is made."""
        text = self.template
        acquisition = self.values["acquisition"]
        text = re.sub(r"\[([^]]*)\]", r"\1" if acquisition else "", text)
        for key, code in _FIELDS.items():
            value = self.values[key]
            number = value.zfill(3) if value.isdecimal() else value
            text = text.replace(code, number if key == "run" else value)
        parts = [part for part in text.split("/") if part not in ("", ".", "..")]
        wanted = self.root.joinpath(*parts)
        if "%n" in text:
            numbered = (
                self.root.joinpath(*(part.replace("%n", str(n)) for part in parts))
                for n in range(1, 1_000_000)
            )
            wanted = next(path for path in numbered if not path.exists())
        wanted.parent.mkdir(parents=True, exist_ok=True)
        return next_free(wanted)


class _Remote:
    """The commands, carried out on one thread."""

    def __init__(self, name: FileName, queries: Sequence[str], console: Console) -> None:
        self._name, self._queries, self._console = name, list(queries), console
        self._network = Network()
        self._selected: list[Found] | None = None  # None: everything there is at the start
        self._problem = ""
        self.take: Take | None = None
        self.finished: list[dict[str, Any]] = []

    def obey(self, line: str) -> str:
        """Carry out one command and return the answer."""
        word, _, rest = line.strip().partition(" ")
        if word == "status":
            return json.dumps(self._status()) + "\n"
        try:
            self._carry_out(word.lower(), rest.strip())
        except Exception as problem:  # no line from outside may end a recording
            if not isinstance(problem, EmerError | OSError):
                logger.exception("remote command %r failed", line[:200])
            self._problem = str(problem)
            self._console.say(f"{line.strip()[:200]}: {problem}")
        return "OK"

    def _carry_out(self, word: str, rest: str) -> None:
        if word == "start" and self.take is None:
            self._start()
        elif word == "stop":
            self.stop()
        elif word == "select":
            self._selected = [] if rest.lower() == "none" else None
        elif word == "filename":
            self._name.obey(rest)
        # "update" asks for a new look at the network, which is always up to date here.

    def _start(self) -> None:
        self._problem = ""
        seen = self._network.seen() if self._selected is None else self._selected
        chosen = [(query, f) for f in seen if (query := self._query_of(f)) is not None]
        if not chosen:
            raise MissingError("No stream is selected that is on the network.")
        self.take = Take(
            self._name.path(),
            chosen,
            queries=self._queries or [query for query, _ in chosen],
            network=self._network,
            console=self._console,
        )
        self._console.say(f"recording into {self.take.path}")

    def _query_of(self, found: Found) -> str | None:
        """Return what a stream was asked for by; its uid where everything is recorded."""
        if not self._queries:
            return f"uid:{found.uid}"
        return next((query for query in self._queries if matches(found, query)), None)

    def stop(self) -> None:
        """End the present recording, if there is one."""
        take, self.take = self.take, None
        if take is not None:
            self.finished.append(take.finish())
            self._problem = self.finished[-1]["problem"]
            self._console.say(f"closed {take.path}")

    def tick(self) -> None:
        """Watch the present recording; end it when the disk is full."""
        if self.take is not None:
            self.take.tick()
            if self.take.problem:
                self.stop()

    def _status(self) -> dict[str, Any]:
        take = self.take
        return {
            "recording": take is not None,
            "file": str(take.path) if take else "",
            "seconds": round(take.seconds, 2) if take else 0.0,
            "streams": take.recorder.table() if take else [],
            "network": sorted(found.name for found in self._network.seen()),
            "problem": self._problem,
        }


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        self.commands: queue.Queue[tuple[str, queue.Queue[str]]] = queue.Queue()
        super().__init__((_HOST, port), _Handler)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        for raw in self.rfile:
            line = raw.decode("utf-8", errors="replace")
            answer: queue.Queue[str] = queue.Queue()
            self.server.commands.put((line, answer))
            try:
                self.wfile.write(answer.get(timeout=_ANSWER_S).encode())
            except (queue.Empty, OSError):
                return


def serve(
    port: int,
    out: Path,
    queries: Sequence[str],
    console: Console,
    seconds: float | None,
) -> int:
    """Obey remote commands until Ctrl-C, the end of the parent, or the time is over.

    Raises
    ------
    MissingError
        When the port is taken.
    """
    name = FileName(out)
    if out.suffix.lower() == ".xdf":
        name = FileName(out.parent, out.name)
    try:
        server = _Server(port)
    except OSError as problem:
        raise MissingError(
            f"Port {port} cannot be opened: {problem.strerror}.",
            fix="Close LabRecorder or another recorder, or choose a port: --rcs PORT.",
        ) from None
    listener = threading.Thread(target=server.serve_forever, args=(0.1,), name="rcs")
    listener.start()
    control = Control() if console.events else None
    remote = _Remote(name, queries, console)
    console.event("listening", port=server.server_address[1])
    console.say(f"listening on {_HOST}:{server.server_address[1]} (Ctrl-C ends)")
    began, code = time.monotonic(), 0
    due = began
    try:
        while seconds is None or time.monotonic() - began < seconds:
            if control is not None and control.stopped.is_set():
                break
            _answer_one(server, remote)
            if time.monotonic() >= due:  # whatever clients ask, the streams are watched
                due = time.monotonic() + TICK_S
                remote.tick()
    except KeyboardInterrupt:
        code = 130
    finally:
        server.shutdown()
        listener.join()
        server.server_close()
        remote.stop()
    files = [row["xdf"] for row in remote.finished]
    console.result({"recordings": remote.finished}, "\n".join(files))
    return code


def _answer_one(server: _Server, remote: _Remote) -> None:
    """Carry out the next command, if one comes in time."""
    try:
        line, answer = server.commands.get(timeout=TICK_S)
    except queue.Empty:
        return
    answer.put(remote.obey(line))
