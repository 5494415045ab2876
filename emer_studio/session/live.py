"""One session with everything that runs beside it, started and stopped in order.

Start: tracker → camera → folder → participant's window → recorder → camera writes.
Stop: camera (its last frame reaches the recorder) → recorder → window → tracker.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.process import Child
from emer_studio.schema.streams import gaze_layout
from emer_studio.session.markers import MarkerOutlet
from emer_studio.streams.inlets import Found, Inlet, find_one

__all__ = ["Devices", "LiveSession"]

logger = logging.getLogger(__name__)
_START_S = 30.0  # chosen by us: a slow machine imports Qt and opens a camera in this time
_LAST_SAMPLES_S = 0.3  # three pulls of the recorder
SIM_GAZE = "EMER_SimGaze"
_LIVE = "emer-live-"


@dataclass(frozen=True, slots=True)
class Devices:
    """What the session is to use.

    Attributes
    ----------
    camera : str
        See `devices.camera.open_camera`.
    gaze : str
        ``sim``, or a stream as `streams.inlets.matches` takes it.
    simulate : bool
        Let a simulated participant answer.
    windowed : bool
        Show the participant's window as an ordinary window.
    gaze_wait_s : float
        How long to wait for the gaze stream.
    """

    camera: str
    gaze: str
    simulate: bool
    windowed: bool
    display: int | None
    language: str
    gaze_wait_s: float


class LiveSession:
    """The processes of a session.

    Parameters
    ----------
    devices : Devices
        What to use.
    console : Console
        Where a waiting person or window hears about it.
    """

    def __init__(self, devices: Devices, console: Console) -> None:
        self.devices, self._console = devices, console
        self.on_event: Callable[[str, dict[str, Any]], None] = lambda _who, _event: None
        _sweep()
        self._live = Path(tempfile.mkdtemp(prefix=f"{_LIVE}{os.getpid()}-"))
        self.gaze: Child | None = None
        self.camera: Child | None = None
        self.window: Child | None = None
        self.recorder: Child | None = None
        self.markers: MarkerOutlet | None = None
        self.gaze_name = ""
        self._gaze_simulated = devices.gaze == "sim"
        self._results: dict[str, Any] | None = None
        self.doubts: list[str] = []
        self._gaze_query = devices.gaze
        self.camera_facts: dict[str, Any] = {}
        self._camera_id = ""
        self.window_facts: dict[str, Any] = {}
        self._stopping = False
        self._log: Path | None = None  # of the session, once it has a folder

    # Before there is a folder -------------------------------------------------------

    def open_devices(self, video: Path, stop: Callable[[], bool]) -> None:
        """Find the gaze stream and open the camera; nothing is written yet.

        Raises
        ------
        MissingError
            When either is not there.
        """
        if self.devices.gaze == "sim":
            self.gaze = self._start(
                "gaze", ["simulate", "gaze", "--name", SIM_GAZE, "--events"]
            )
            ready = self._ready(self.gaze, "sending")
            self._gaze_query = f"id:{ready['source_id']}"
        found = find_one(
            self._gaze_query,
            timeout_s=self.devices.gaze_wait_s,
            on_wait=self._waiting,
            stop=stop,
        )
        self.gaze_name = found.name
        self._look_at_gaze(found)
        self._gaze_query = f"id:{found.source_id}" if found.source_id else found.name
        preview = self._live / "camera.ring"
        self.camera = self._start(
            "camera",
            [
                "camera",
                *("--camera", self.devices.camera),
                *("--out", str(video)),
                *("--preview", str(preview)),
                "--events",
            ],
        )
        ready = self._ready(self.camera, "camera_ready")
        self.camera_facts, self._camera_id = ready["facts"], ready["source_id"]
        self._console.event("live", camera=str(preview), gaze=self.gaze_name)

    def _look_at_gaze(self, found: Found) -> None:
        """Read in the stream's own header whether it is simulated and what it holds."""
        inlet = Inlet(found)
        try:
            header = inlet.fetch_header(timeout_s=10.0)
        finally:
            inlet.close()
        self._gaze_simulated = self._gaze_simulated or header.simulated
        if gaze_layout(header) is None:
            self.doubts.append(
                f"the channels of {found.name} do not say which is the gaze: they will be"
                " recorded, but a dataset cannot use them"
            )
            self._console.say(self.doubts[-1])

    @property
    def simulated(self) -> tuple[str, ...]:
        """The devices that were not real, by name."""
        found = []
        if self._gaze_simulated:
            found.append("gaze")
        if self.camera_facts.get("simulated"):
            found.append("camera")
        if self.devices.simulate:
            found.append("participant")
        return tuple(found)

    # With a folder ------------------------------------------------------------------

    def open_window(self, folder: Path) -> None:
        """Open the participant's window."""
        self._log = folder / "log.txt"
        arguments = [
            "participant",
            *("--presented", str(folder / "presented.csv")),
            *("--language", self.devices.language),
        ]
        if self.devices.windowed:
            arguments.append("--windowed")
        if self.devices.display is not None:
            arguments += ["--display", str(self.devices.display)]
        if self.devices.simulate:
            arguments.append("--simulate")
        self.window = self._start("participant", arguments)
        self.window_facts = self._ready(self.window, "ready")

    def record(self, xdf: Path, session_id: str) -> None:
        """Open the marker stream, start the recorder, then let the camera write."""
        simulated = bool(self.simulated)
        self.markers = MarkerOutlet(session_id, simulated=simulated)
        streams = (
            self._gaze_query,
            f"id:{self._camera_id}",
            f"id:{self.markers.source_id}",
        )
        self.recorder = self._start(
            "recorder",
            [
                "record",
                *("--out", str(xdf)),
                *(part for query in streams for part in ("--stream", query)),
                *("--rings", str(self._live / "rings")),
                "--events",
            ],
        )
        self._ready(self.recorder, "recording")
        assert self.camera is not None
        self.camera.send("begin", wait_for_recorder=True)
        self._ready(self.camera, "begun")

    def situation(self, **fields: Any) -> None:
        """Tell simulated devices, and only them, what is going on."""
        if self.devices.gaze == "sim" and self.gaze is not None:
            self.gaze.send("situation", **fields)
        if self.devices.camera == "sim" and self.camera is not None:
            self.camera.send("situation", **fields)
        if self.devices.simulate and self.window is not None:
            self.window.send("situation", **fields)

    def stop(self) -> dict[str, Any]:
        """Stop everything in order, once; return the recorder's and camera's results."""
        if self._results is not None:
            return self._results
        self._stopping = True
        results: dict[str, Any] = {}
        self._results = results
        for name, child in (("camera", self.camera), ("recorder", self.recorder)):
            if child is None:
                continue
            if name == "recorder":
                time.sleep(_LAST_SAMPLES_S)
                child.send("stop")
            child.stop(20.0)
            results[name] = self._result(child)
        if self.markers is not None:
            self.markers.close()
        for child in (self.window, self.gaze):
            if child is not None:
                child.stop(10.0)
        shutil.rmtree(self._live, ignore_errors=True)
        return results

    # ---------------------------------------------------------------------------------

    def _start(self, name: str, arguments: list[str]) -> Child:
        return Child(
            name,
            arguments,
            on_event=lambda event: self._heard(name, event),
            stderr_path=self._log,
        )

    def _heard(self, name: str, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "ended" and not self._stopping:
            logger.error("the %s process ended by itself", name)
        if kind == "ended" and self._stopping:
            return
        self.on_event(name, event)

    def _ready(self, child: Child, name: str) -> dict[str, Any]:
        try:
            return child.wait_for(name, timeout_s=_START_S)
        except WorkFailedError as problem:
            kinds = {kind.exit_code: kind for kind in (MissingError, BadInputError)}
            raise kinds.get(child.last_code or 0, WorkFailedError)(str(problem)) from None

    @staticmethod
    def _result(child: Child) -> dict[str, Any]:
        with contextlib.suppress(WorkFailedError):
            return child.wait_for("result", timeout_s=1.0)
        return {}

    def _waiting(self, left_s: float) -> None:
        self._console.say(
            f"waiting for the gaze stream {self.devices.gaze!r}: {left_s:.0f} s left"
        )


def _sweep() -> None:
    """Take away the display rings of programs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_LIVE}*"):
        owner = folder.name.removeprefix(_LIVE).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
