"""The self-test: how late the display lights up, a camera sees it, a sound is heard.

The participant's window shows the coded flash and click; whatever watches (a photodiode as
an LSL stream, a camera that faces the screen, a microphone) is recorded by the same
processes as in a session, and its lag is fitted. Measured lags are told and may be kept as
settings, which go into every session's manifest; nothing is ever subtracted.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emer_studio.core.clock import utc_now
from emer_studio.core.console import Console
from emer_studio.core.errors import StoppedError, WorkFailedError
from emer_studio.core.process import Child
from emer_studio.core.settings import KnownLag
from emer_studio.recording.lag import Lag, light_lag
from emer_studio.recording.sync_marks import camera_lag, microphone_lag
from emer_studio.recording.xdf_load import load_streams
from emer_studio.session.beside import child_of, started, window_words
from emer_studio.synthetic.sync_code import MARKS, length_s

__all__ = ["SelfTest", "measure", "write_times"]

_SETTLE_S = 1.5  # chosen by us: a camera's exposure follows a dark screen in this time
_NOTICE_S = 10.0
_BROKEN_OFF = "The self-test was broken off; nothing was kept."


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What watches the window, and where it is.

    Attributes
    ----------
    camera, microphone, photodiode : str
        A camera and a microphone as ``run`` takes them; an LSL stream as ``record`` does,
        with the brightness in its first channel. Empty for none.
    repeats : int
        Marks to show.
    corner : bool
        Flash a patch in the upper left corner only.
    """

    camera: str = ""
    microphone: str = ""
    photodiode: str = ""
    repeats: int = 4
    corner: bool = False
    display: int | None = None
    windowed: bool = False


def measure(
    test: SelfTest, folder: Path, console: Console, stop: threading.Event
) -> dict[str, Any]:
    """Show the marks and measure who saw and heard them.

    Parameters
    ----------
    test : SelfTest
    folder : Path
        For the recordings; it is empty.
    console : Console
        Where progress goes.
    stop : Event
        Breaks it off.

    Returns
    -------
    result : dict
        ``{"lags": [KnownLag, …], "missed": [str, …], "display", "audio", "marks"}``.

    Raises
    ------
    MissingError, BadInputError, WorkFailedError
        When a device is not there, or dies.
    """
    with ExitStack() as children:
        seeing: list[Child] = []  # simulated cameras, which have to be told of the light

        def heard(event: dict[str, Any]) -> None:
            for child in seeing if event.get("event") == "light" else ():
                child.send("situation", light=event["level"])

        words = window_words(folder, test.display, windowed=test.windowed)
        window = children.enter_context(child_of(words, heard))
        facts = started(window, "ready")
        for words, ready, begin in _watchers(test, folder):
            child = children.enter_context(child_of(words))
            started(child, ready)
            if words[0] == "camera" and test.camera.partition(":")[0] == "sim":
                seeing.append(child)
            if begin:
                child.send("begin")
                started(child, "begun")
        stop.wait(_SETTLE_S)
        marks = [_mark(window, test, k, console, stop) for k in range(test.repeats)]
        stop.wait(_SETTLE_S)
    lags, missed = [], []
    for what, device, how, look in _looks(test, folder, facts):
        found = [lag for mark in marks if (lag := look(mark)) is not None]
        known = _together(what, device, how, found)
        if known is not None:
            lags.append(known)
        else:
            missed.append(how)
    about = {"display": facts.get("display", {}), "audio": facts.get("audio", {})}
    return {"lags": lags, "missed": missed, "marks": marks, **about}


def _watchers(test: SelfTest, folder: Path) -> Iterator[tuple[list[str], str, bool]]:
    """Yield the commands that record, what they say when ready, and if they wait."""
    if test.camera:
        out = ["--out", str(folder / "face_001.mkv"), "--events"]
        yield ["camera", "--camera", test.camera, *out], "camera_ready", True
    if test.microphone:
        out = ["--out", str(folder / "voice_001.mka"), "--events"]
        yield ["microphone", "--source", test.microphone, *out], "microphone_ready", True
    if test.photodiode:
        out = ["--out", str(folder / "photodiode.xdf"), "--events"]
        yield ["record", "--stream", test.photodiode, *out], "recording", False


def _mark(
    window: Child, test: SelfTest, number: int, console: Console, stop: threading.Event
) -> dict[str, Any]:
    if stop.is_set():
        raise StoppedError(_BROKEN_OFF)
    which = MARKS[number % len(MARKS)]
    console.progress("flash and click", number, test.repeats)
    window.send("mark", which=which, corner=test.corner)
    names = ("mark_done", "pause_requested")
    mark = window.wait_for(*names, timeout_s=length_s(which) + _NOTICE_S)
    if mark["event"] == "pause_requested":
        raise StoppedError(_BROKEN_OFF)
    return mark


Look = Callable[[dict[str, Any]], Lag | None]


def _looks(
    test: SelfTest, folder: Path, facts: dict[str, Any]
) -> Iterator[tuple[str, str, str, Look]]:
    """Yield what is measured, of which device, by what, and how a mark is looked at."""
    display = str(facts.get("display", {}).get("name", ""))
    if test.photodiode:
        look = _photodiode(folder / "photodiode.xdf")
        yield "display", display, f"photodiode {test.photodiode}", look
    if test.camera:
        videos = sorted(folder.glob("face_*.mkv"))
        how = f"camera {test.camera}"
        yield "display and camera", display, how, lambda mark: camera_lag(videos, mark)
    if test.microphone:
        output = str(facts.get("audio", {}).get("output", ""))
        how = f"microphone {test.microphone}"
        yield "sound", output, how, lambda mark: microphone_lag(folder, mark)


def _photodiode(path: Path) -> Look:
    streams = load_streams(path)
    if not streams or not len(streams[0].stamps_s):
        raise WorkFailedError("The photodiode's stream brought no samples.")
    stamps_s = streams[0].stamps_s
    level = np.asarray(streams[0].values, float)[:, :1]
    return lambda mark: light_lag(stamps_s, level, [(t, v) for t, v in mark["edges"]])


def _together(what: str, device: str, how: str, lags: list[Lag]) -> KnownLag | None:
    """Return the mean of several marks; their spread is the uncertainty."""
    if not lags:
        return None
    values = np.array([lag.lag_s for lag in lags])
    pooled = float(np.sqrt(np.mean([lag.se_s**2 for lag in lags]) / len(lags)))
    spread = float(np.std(values, ddof=1) / np.sqrt(len(lags))) if len(lags) > 2 else 0.0
    return KnownLag(
        what=what,
        device=device,
        lag_ms=round(1e3 * float(values.mean()), 2),
        se_ms=round(1e3 * max(pooled, spread), 2),
        measured=utc_now(),
        how=how,
    )


def write_times(path: Path, marks: list[dict[str, Any]]) -> None:
    """Write when the window changed and clicked, for instruments of another kind."""
    with path.open("x", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["t_s", "event"])
        for mark in marks:
            changes = [(t_s, "white" if level else "dark") for t_s, level in mark["edges"]]
            clicks = [(t_s, "click") for t_s in mark["clicks"]]
            rows.writerows((f"{t_s:.6f}", event) for t_s, event in sorted(changes + clicks))
