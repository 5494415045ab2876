"""Measuring a rig: everything that a session runs, run for ten minutes without anybody.

The processes are those of `session.live`: camera and encoder, both recorders, the
participant's window with a clip and its sound, the tracker's own stream.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emer_studio.core import clock
from emer_studio.core.console import Console
from emer_studio.core.errors import StoppedError, WorkFailedError
from emer_studio.recording.check_stream import Findings, check_stream, tell
from emer_studio.recording.xdf_load import load_xdf
from emer_studio.schema.protocol import ClipBaseline
from emer_studio.schema.stimulus import Clip
from emer_studio.schema.streams import StreamHeader
from emer_studio.session.accept.listen import Listener
from emer_studio.session.accept.watch import Disturbances, Watch
from emer_studio.session.devices import Devices
from emer_studio.session.live import LiveSession
from emer_studio.session.plan import Trial
from emer_studio.session.presenter import WindowPresenter
from emer_studio.session.requests import ClipFailed, PauseRequest, StopRequest
from emer_studio.stimulus.demo_clips import write_demo_clip

__all__ = ["Measured", "RigTest", "measure_rig"]

_CLIP_S = 20.0  # chosen by us: long enough for a clip to settle, drawn in seconds
_LOOK_S = 0.25
_BROKEN_OFF = "The acceptance was broken off; nothing was kept."


@dataclass(frozen=True, slots=True)
class RigTest:
    """What is to be measured, and for how long.

    Attributes
    ----------
    devices : Devices
        As a session takes them.
    seconds : float
        How long.
    clip : Path or None
        What the participant's window plays; a drawn one when None.
    """

    devices: Devices
    seconds: float
    clip: Path | None = None


@dataclass
class Measured:
    """What came of it, as the processes told it."""

    span_s: tuple[float, float]
    """When it was measured, LSL clock."""
    tracker: StreamHeader
    camera: dict[str, Any]
    """Facts of the camera as it was opened."""
    display: dict[str, Any]
    audio: dict[str, Any]
    simulated: tuple[str, ...]
    results: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, Any] = field(default_factory=dict)
    """Of the first recorder's file: ``streams``, a row of `recording.check_stream` each,
    and ``findings``."""
    folder: Path = Path()
    clips: list[dict[str, Any]] = field(default_factory=list)
    """`stimulus.framelog.ClipRecord.summary` of every clip."""
    ages_ms: tuple[float, float] | None = None
    disturbances: Disturbances | None = None
    troubles: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it was measured."""
        return round(self.span_s[1] - self.span_s[0], 1)


def measure_rig(
    rig: RigTest, folder: Path, console: Console, stop: threading.Event
) -> Measured:
    """Run everything and return what came of it.

    Parameters
    ----------
    rig : RigTest
    folder : Path
        For the recordings, on the disk that sessions use; it is empty.
    console : Console
        Where progress goes.
    stop : Event
        Breaks it off.

    Raises
    ------
    MissingError, BadInputError, WorkFailedError
        When a device is not there, or the participant's window dies.
    StoppedError
        When it was broken off.
    """
    clip = rig.clip or folder / "rig.mp4"
    if rig.clip is None:
        console.say("drawing a clip …")
        write_demo_clip(clip, "joy", min(_CLIP_S, rig.seconds))
    live = LiveSession(rig.devices, console)
    try:
        live.open_devices(folder, stop.is_set)
        live.open_window(folder)
        with _listening(live) as listener:
            facts = live.window_facts
            found = Measured(
                span_s=(0.0, 0.0),
                tracker=listener.header,
                camera=live.camera_facts,
                display=facts.get("display", {}),
                audio=facts.get("audio", {}),
                simulated=live.simulated,
                folder=folder,
            )
            live.on_event = lambda who, event: _hear(who, event, found.troubles)
            live.record(folder)
            listener.start()
            _play(rig, clip, live, found, console, stop)
            found.ages_ms = listener.stop()
    finally:
        results = live.stop()
    found.results = results
    found.recorded = _look_at_file(folder / "streams_001.xdf", found.span_s)
    return found


def _look_at_file(path: Path, span_s: tuple[float, float]) -> dict[str, Any]:
    """Check every stream for the time in which the clips were shown.

    Opening and closing the devices, one after the other, is not judged.
    """
    findings, loaded = Findings(), load_xdf(path)
    tell(loaded.findings, "the file", findings)
    rows = [check_stream(stream, findings, span_s) for stream in loaded.streams]
    return {"streams": rows, "findings": findings.items}


@contextmanager
def _listening(live: LiveSession) -> Iterator[Listener]:
    listener = Listener(live.gaze_query)
    try:
        yield listener
    finally:
        listener.stop()


def _hear(who: str, event: dict[str, Any], troubles: list[str]) -> None:
    """Keep what a process says of trouble; the tables are looked at afterwards."""
    kind = event.get("event")
    if kind in ("finding", "error", "gave_up"):
        troubles.append(str(event.get("what") or event.get("text") or f"{who}: {kind}"))


def _play(
    rig: RigTest,
    clip: Path,
    live: LiveSession,
    found: Measured,
    console: Console,
    stop: threading.Event,
) -> None:
    """Play the clip again and again until the time is over."""
    assert live.window is not None
    window, over = live.window, threading.Event()
    presenter = WindowPresenter(window, {"rig": clip.resolve()})
    watch, began_s = Watch(), clock.now_s()

    def interrupt() -> None:
        while not over.wait(_LOOK_S):
            seconds = min(clock.now_s() - began_s, rig.seconds)
            console.progress("accept-rig", round(seconds), round(rig.seconds))
            if stop.is_set():
                window.interrupt()
                return

    watcher = threading.Thread(target=interrupt, name="rig-stop")
    watch.start()
    watcher.start()
    try:
        while clock.now_s() - began_s < rig.seconds:
            found.clips.append(_play_once(presenter, len(found.clips) + 1))
    except (PauseRequest, StopRequest):
        raise StoppedError(_BROKEN_OFF) from None
    except ClipFailed as problem:
        raise WorkFailedError(f"The clip cannot be played: {problem}") from None
    finally:
        over.set()
        watcher.join()
        found.disturbances = watch.stop()
        found.span_s = (began_s, clock.now_s())


def _play_once(presenter: WindowPresenter, number: int) -> dict[str, Any]:
    trial = Trial(
        number=number,
        block="rig",
        practice=False,
        clip=Clip(id="rig", file="", emotion="neutral"),
        baseline=ClipBaseline(),
        fixation_s=0.0,
        washout_s=0.0,
        ratings=(),
    )
    presenter.prepare(trial)
    end = presenter.play(trial, lambda _event: None)
    return dict(end.get("summary") or {})


def recorded_bytes(folder: Path, names: Sequence[str] = ("*.xdf", "*.mkv", "*.mka")) -> int:
    """Return what the recordings weigh."""
    return sum(path.stat().st_size for name in names for path in folder.glob(name))
