"""The check of an eye tracker by itself: window, tracker and recorder, as in a session."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_studio.core.console import Console
from emer_studio.core.errors import StoppedError, WorkFailedError
from emer_studio.core.process import Child
from emer_studio.recording.xdf_load import load_streams
from emer_studio.schema.protocol import Validation
from emer_studio.schema.streams import StreamHeader
from emer_studio.session.beside import child_of, started, window_words
from emer_studio.session.gaze_check import EACH_S, check_s, judge, layout_of, places_of
from emer_studio.session.live import SIM_GAZE
from emer_studio.streams.inlets import Inlet, find_one

__all__ = ["GazeTest", "measure_gaze"]

_OVERTIME_S = 30.0  # chosen by us: a window that is this late has failed
_LAST_SAMPLES_S = 0.5
_POLL_S = 0.2
_BROKEN_OFF = "The check was broken off; nothing was kept."


@dataclass(frozen=True, slots=True)
class GazeTest:
    """What to check, and where.

    Attributes
    ----------
    gaze : str
        ``sim``, or a stream as `streams.inlets.matches` takes it.
    wanted : Validation
        Points, limits, and the geometry where it is known.
    seed : int
        Of the order of the points.
    simulator : tuple of str
        More words for ``emer-studio simulate gaze``.
    """

    gaze: str
    wanted: Validation
    seed: int = 0
    display: int | None = None
    windowed: bool = False
    language: str = "en"
    gaze_wait_s: float = 10.0
    simulator: tuple[str, ...] = ()


def measure_gaze(
    test: GazeTest, folder: Path, console: Console, stop: threading.Event
) -> dict[str, Any]:
    """Show the points, record the gaze and judge it.

    Parameters
    ----------
    test : GazeTest
    folder : Path
        For the recording; it is empty.
    console : Console
        Where progress goes.
    stop : Event
        Breaks it off.

    Returns
    -------
    facts : dict
        As from `session.gaze_check.judge`, with ``stream``, ``layout``, ``simulated`` and
        ``display``.

    Raises
    ------
    MissingError, BadInputError, WorkFailedError, StoppedError
        When the tracker is not there or gives no gaze on the screen, a process dies, or
        somebody ends it.
    """
    simulator: list[Child] = []

    def heard(event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "target":
            console.progress("points", event["number"] - 1, test.wanted.points)
        for child in simulator if kind in ("target", "targets_done") else ():
            place = [event["x"], event["y"]] if kind == "target" else None
            child.send("situation", target=place)

    with ExitStack() as children:
        query = test.gaze
        if query == "sim":
            words = ["simulate", "gaze", "--name", SIM_GAZE, "--events", *test.simulator]
            child = children.enter_context(child_of(words))
            query = f"id:{started(child, 'sending')['source_id']}"
            simulator.append(child)
        header = _header(query, test, console, stop)
        layout = layout_of(header)
        path = folder / "gaze.xdf"
        recorder = children.enter_context(
            child_of(["record", "--stream", query, "--out", str(path), "--events"])
        )
        started(recorder, "recording")
        words = window_words(folder, test.display, windowed=test.windowed)
        words += ["--language", test.language]
        window = children.enter_context(child_of(words, heard))
        display = started(window, "ready").get("display", {})
        targets = _shown(window, test, stop)
        console.progress("points", test.wanted.points, test.wanted.points)
        time.sleep(_LAST_SAMPLES_S)
    streams = load_streams(path)
    if not streams or not len(streams[0].stamps_s):
        raise WorkFailedError(f"The stream {header.name} brought no samples.")
    recorded = streams[0]
    facts = judge(layout, recorded.values, recorded.stamps_s, targets, display, test.wanted)
    about = {"stream": header.name, "layout": layout.name, "simulated": header.simulated}
    return {**about, **facts, "display": display}


def _header(
    query: str, test: GazeTest, console: Console, stop: threading.Event
) -> StreamHeader:
    inlet = Inlet(
        find_one(
            query,
            timeout_s=test.gaze_wait_s,
            on_wait=lambda left_s: console.say(
                f"waiting for the gaze stream {test.gaze!r}: {left_s:.0f} s left"
            ),
            stop=stop.is_set,
        )
    )
    try:
        return inlet.fetch_header(timeout_s=10.0)
    finally:
        inlet.close()


def _shown(window: Child, test: GazeTest, stop: threading.Event) -> list[dict[str, Any]]:
    """Show the points; a pause of the participant, or `stop`, breaks it off."""
    places = places_of(test.wanted.points, str(test.seed))
    window.send("targets", places=places, each_s=EACH_S)
    until = time.monotonic() + check_s(len(places)) + _OVERTIME_S
    while time.monotonic() < until:
        if stop.is_set():
            raise StoppedError(_BROKEN_OFF)
        event = window.next_event("targets_done", "pause_requested", timeout_s=_POLL_S)
        if event is not None and event["event"] == "pause_requested":
            raise StoppedError(_BROKEN_OFF)
        if event is not None:
            return list(event["targets"])
    raise WorkFailedError("The window did not come to the last point in time.")
