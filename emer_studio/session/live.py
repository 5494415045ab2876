"""One session with everything that runs beside it, started and stopped in order.

Start: tracker → camera → participant's window → folder → recorder → camera writes.
Stop: camera (its last frame reaches the recorder) → recorder → window → tracker.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import BadInputError, MissingError, WorkFailedError
from emer_studio.core.files import next_segment
from emer_studio.core.process import SPARE, Child
from emer_studio.schema.streams import GazeLayout, StreamHeader, layout_facts, recognise
from emer_studio.session.devices import Devices
from emer_studio.session.gaze_question import ask_about_gaze, somebody_there
from emer_studio.session.live_folder import add_to_log, new_live_folder
from emer_studio.session.markers import MarkerOutlet
from emer_studio.session.supervised import Supervised
from emer_studio.streams.inlets import Found, Inlet, find_one
from emer_studio.streams.mapping_text import mapping_facts, mapping_text
from emer_studio.streams.outlets import new_source_id

__all__ = ["Devices", "LiveSession"]

logger = logging.getLogger(__name__)
_START_S = 30.0  # chosen by us: a slow machine imports Qt and opens a camera in this time
_LAST_SAMPLES_S = 0.3  # three pulls of the recorder
SIM_GAZE = "EMER_SimGaze"


class LiveSession:
    """The processes of a session.

    Parameters
    ----------
    devices : Devices
        What to use.
    console : Console
        Where a waiting person or window hears about it.
    source_ids : mapping, optional
        Of the streams of a session that is gone on with: it stays one recording.
    """

    def __init__(
        self,
        devices: Devices,
        console: Console,
        source_ids: Mapping[str, str] | None = None,
    ) -> None:
        self.devices, self._console = devices, console
        self.on_event: Callable[[str, dict[str, Any]], None] = lambda _who, _event: None
        self._live = new_live_folder()
        known = source_ids or {}
        kinds = ("camera", "microphone", "markers", "gaze-sim")
        self.source_ids = {kind: known.get(kind) or new_source_id(kind) for kind in kinds}
        """One for every run of a process."""
        self.gaze: Child | None = None
        self.camera: Supervised | None = None
        self.window: Child | None = None
        self._window_to_be: Child | None = None
        self.recorders: dict[str, Supervised] = {}
        self.markers: MarkerOutlet | None = None
        self.gaze_name = ""
        self.gaze_layout: dict[str, Any] = {}
        self.gaze_confirmed = devices.gaze_confirmed
        self._gaze_simulated = devices.gaze == "sim"
        self._results: dict[str, Any] | None = None
        self.doubts: list[str] = []
        self.gaze_query = devices.gaze
        self.camera_facts: dict[str, Any] = {}
        self.microphone: Supervised | None = None
        self.microphone_facts: dict[str, Any] = {}
        self._preview = Path()
        self._mirror = self._live / "mirror.ring"
        self.window_facts: dict[str, Any] = {}
        self._stopping = False
        self._log: Path | None = None  # of the session, once it has a folder

    # Before there is a folder -------------------------------------------------------

    def open_devices(self, folder: Path, stop: Callable[[], bool]) -> None:
        """Find the gaze stream and open the camera; nothing is written yet.

        Raises
        ------
        MissingError
            When either is not there.
        """
        self._window_to_be = self._hidden_window()
        if self.devices.gaze == "sim":
            words = ["simulate", "gaze", "--name", SIM_GAZE, "--events"]
            words += ["--source-id", self.source_ids["gaze-sim"]]
            self.gaze = self._start("gaze", words)
            ready = self._ready(self.gaze, "sending")
            self.gaze_query = f"id:{ready['source_id']}"
        found = find_one(
            self.gaze_query,
            timeout_s=self.devices.gaze_wait_s,
            on_wait=self._waiting,
            stop=stop,
        )
        self.gaze_name = found.name
        self._look_at_gaze(found)
        self.gaze_query = f"id:{found.source_id}" if found.source_id else found.name
        self.camera = Supervised(
            "camera",
            lambda run: self._camera_words(folder, run),
            ready="camera_ready",
            on_event=self._heard,
            log=lambda: self._log,
            on_restart=self._camera_is_back,
        )
        self.camera_facts = self._first_run(self.camera)["facts"]
        self._show_camera()
        if self.devices.microphone:
            self._open_microphone(folder)

    def _open_microphone(self, folder: Path) -> None:
        self.microphone = Supervised(
            "microphone",
            lambda _run: [
                "microphone",
                *("--source", self.devices.microphone),
                *("--out", str(next_segment(folder, "voice", ".mka"))),
                *("--source-id", self.source_ids["microphone"], "--events"),
            ],
            ready="microphone_ready",
            on_event=self._heard,
            log=lambda: self._log,
            on_restart=lambda child: child.send("begin", wait_for_recorder=True),
        )
        self.microphone_facts = self._first_run(self.microphone)["facts"]

    def _camera_is_back(self, child: Child) -> None:
        child.send("begin")  # its rows wait for the recorder, its video does not
        self._show_camera()

    def _show_camera(self) -> None:
        """Tell a window where the newest picture is."""
        self._console.event("live", camera=str(self._preview), gaze=self.gaze_name)

    def _camera_words(self, folder: Path, run: int) -> list[str]:
        self._preview = self._live / f"camera_{run}.ring"
        return [
            "camera",
            *("--camera", self.devices.camera),
            *("--out", str(next_segment(folder, "face", ".mkv"))),
            *("--source-id", self.source_ids["camera"], *self.devices.camera_options),
            *("--preview", str(self._preview)),
            *("--look", "--events"),
        ]

    def _look_at_gaze(self, found: Found) -> None:
        """Read in the stream's own header whether it is simulated and what it holds."""
        inlet = Inlet(found)
        try:
            header = inlet.fetch_header(timeout_s=10.0)
        finally:
            inlet.close()
        self._gaze_simulated = self._gaze_simulated or header.simulated
        layout = recognise(header)
        if layout is not None and not layout.usable:
            raise BadInputError(f"{found.name}: {layout.refusal}", fix=layout.fix)
        self.gaze_layout = layout_facts(layout) if layout is not None else {}
        if layout is None:
            self.doubts.append(
                f"the channels of {found.name} do not say which is the gaze: they will be"
                " recorded, but a dataset cannot use them"
            )
        else:
            self.doubts += [f"{found.name}: {doubt}" for doubt in layout.doubts]
        for doubt in self.doubts:
            self._console.say(doubt)
        self._confirm_gaze(header, layout)

    def _confirm_gaze(self, header: StreamHeader, layout: GazeLayout | None) -> None:
        """See to it that a real tracker's mapping is the one that somebody confirmed."""
        signature = self.devices.gaze_signature
        if signature and signature != mapping_facts(header, layout)["signature"]:
            raise BadInputError(
                f"{header.name} describes its channels otherwise than when its mapping was"
                " confirmed.",
                fix="Look at its channels again and confirm them anew.",
            )
        if self.gaze_confirmed or self._gaze_simulated or self.devices.simulate:
            return
        if not self._console.events and somebody_there():
            ask_about_gaze(header.name, mapping_text(header, layout, self.doubts))
            self.gaze_confirmed = True
        elif self.doubts:
            self.doubts.append("nobody confirmed the gaze mapping")

    @property
    def simulated(self) -> tuple[str, ...]:
        """The devices that were not real, by name."""
        found = []
        if self._gaze_simulated:
            found.append("gaze")
        if self.camera_facts.get("simulated"):
            found.append("camera")
        if self.microphone_facts.get("simulated"):
            found.append("microphone")
        if self.devices.simulate:
            found.append("participant")
        return tuple(found)

    def open_window(self, folder: Path) -> Child:
        """Open the participant's window; it writes nothing before the first clip."""
        arguments = [
            "participant",
            *("--presented", str(folder / "presented.csv")),
            *("--language", self.devices.language),
            *("--mirror", str(self._mirror)),
        ]
        if self.devices.windowed:
            arguments.append("--windowed")
        if self.devices.display is not None:
            arguments += ["--display", str(self.devices.display)]
        if self.devices.simulate:
            arguments.append("--simulate")
        hidden, self._window_to_be = self._window_to_be, None
        self.window = hidden if hidden and hidden.running else self._hidden_window()
        self.window.begin(arguments)
        self.window_facts = self._ready(self.window, "ready")
        self._console.event("live", mirror=str(self._mirror))
        return self.window

    def _hidden_window(self) -> Child:
        """Start the window's process; it reads Qt while the devices are looked for."""
        words = [SPARE, "participant"]
        return self._start("participant", words, self._live / "participant.txt")

    # With a folder ------------------------------------------------------------------

    def record(self, folder: Path) -> None:
        """Open the marker stream, start both recorders, then let the camera write."""
        self._log = folder / "log.txt"
        simulated = bool(self.simulated)
        ids = self.source_ids
        self.markers = MarkerOutlet(folder.name, ids["markers"], simulated=simulated)
        for name, stem in (("recorder", "streams"), ("standby recorder", "standby")):
            self.recorders[name] = Supervised(
                name,
                partial(self._recorder_words, folder, stem),
                ready="recording",
                on_event=self._heard,
                log=lambda: self._log,
            )
        for recorder in self.recorders.values():
            self._first_run(recorder)
        for source in (self.camera, self.microphone):
            if source is not None:
                source.send("begin", wait_for_recorder=True)
                self._ready(source, "begun")
        if self.camera is not None:
            self.camera.keep_spare("camera")

    def _recorder_words(self, folder: Path, stem: str, run: int) -> list[str]:
        assert self.markers is not None
        ids = [self.source_ids["camera"], self.markers.source_id]
        if self.microphone is not None:
            ids.append(self.source_ids["microphone"])
        queries = [self.gaze_query, *(f"id:{source_id}" for source_id in ids)]
        rings = ["--rings", str(self._live / f"rings_{run}")] if stem == "streams" else []
        late = ["--late", "--wait", "1"] if run > 1 else []
        return [
            "record",
            *("--out", str(next_segment(folder, stem, ".xdf"))),
            *(part for query in queries for part in ("--stream", query)),
            *(part for query in self.devices.also for part in ("--also", query)),
            *(*rings, *late, "--events"),
        ]

    @property
    def recording(self) -> bool:
        """Whether a recorder runs, or is about to."""
        return any(not recorder.gave_up for recorder in self.recorders.values())

    def situation(self, **fields: Any) -> None:
        """Tell simulated devices, and only them, what is going on."""
        if self.devices.gaze == "sim" and self.gaze is not None:
            self.gaze.send("situation", **fields)
        if self.devices.camera.partition(":")[0] == "sim" and self.camera is not None:
            self.camera.send("situation", **fields)
        if self.devices.simulate and self.window is not None:
            self.window.send("situation", **fields)

    def light(self, level: int) -> None:
        """Tell a simulated camera, which has no eyes, of a flash."""
        if self.devices.camera.partition(":")[0] == "sim" and self.camera is not None:
            self.camera.send("situation", light=level)

    def stop(self) -> dict[str, Any]:
        """Stop everything in order, once; return the recorder's and camera's results."""
        if self._results is not None:
            return self._results
        self._stopping = True
        results: dict[str, Any] = {}
        self._results = results
        for recorder in self.recorders.values():
            recorder.send("stop")  # what ends from now on ends because it is to
        for name, source in (("camera", self.camera), ("microphone", self.microphone)):
            if source is not None:
                results[name] = source.stop(20.0)
        if self.recorders:
            time.sleep(_LAST_SAMPLES_S)
        for name, recorder in self.recorders.items():
            results[name] = recorder.stop(20.0)
        if self.markers is not None:
            self.markers.close()
        for child in (self.window, self._window_to_be, self.gaze):
            if child is not None:
                child.stop(10.0)
        add_to_log(self._live / "participant.txt", self._log)
        shutil.rmtree(self._live, ignore_errors=True)
        return results

    # ---------------------------------------------------------------------------------

    def _start(self, name: str, arguments: list[str], log: Path | None = None) -> Child:
        return Child(
            name,
            arguments,
            on_event=lambda event: self._heard(name, event),
            stderr_path=log,
        )

    def _heard(self, name: str, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "ended" and self._stopping:
            return
        if kind == "ended":
            logger.error("the %s process ended by itself", name)
        primary = self.recorders.get("recorder")
        own = kind in ("gave_up", "error") or " process " in event.get("what", "")
        healthy = primary is not None and primary.up and not primary.stuck
        if name == "standby recorder" and healthy and not own:
            return  # it sees what the first recorder sees
        self.on_event(name, event)

    def _first_run(self, process: Supervised) -> dict[str, Any]:
        return self._ready(process, "")

    def _ready(self, child: Child | Supervised, name: str) -> dict[str, Any]:
        try:
            if isinstance(child, Supervised) and not name:
                return child.wait_until_ready()
            return child.wait_for(name, timeout_s=_START_S)
        except WorkFailedError as problem:
            kinds = {kind.exit_code: kind for kind in (MissingError, BadInputError)}
            raise kinds.get(child.last_code or 0, WorkFailedError)(str(problem)) from None

    def _waiting(self, left_s: float) -> None:
        self._console.say(
            f"waiting for the gaze stream {self.devices.gaze!r}: {left_s:.0f} s left"
        )
