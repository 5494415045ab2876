"""Calibrating a Tobii from the participant's window, with the tracker's own procedure.

The window shows the targets; the tracker collects while one is looked at, and computes and
keeps the calibration itself. How good it is, `emer-studio validate` measures afterwards.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from emer_studio.core.console import Console
from emer_studio.core.errors import StoppedError, WorkFailedError
from emer_studio.core.process import Child

__all__ = ["PLACES", "CanCalibrate", "calibrate"]

PLACES = ((0.5, 0.5), (0.1, 0.1), (0.1, 0.9), (0.9, 0.1), (0.9, 0.9))
"""Middle and corners, fractions of the display, origin top left: Tobii's usual five."""
_EACH_S = 3.5  # chosen by us: time to arrive, and to collect with room
_ARRIVE_S = 0.9  # chosen by us: a target has stopped shrinking after 0.7 s
_START_S, _STEP_S = 30.0, 10.0
_POLL_S = 0.02
_BROKEN_OFF = "The calibration was broken off; the tracker keeps the one that it had."
_HOW = "See that both eyes are seen (emer-studio tobii shows it), and begin again."


class CanCalibrate(Protocol):
    """The part of ``TittaPy.EyeTracker`` that calibrates, step by step beside us."""

    def enter_calibration_mode(self, do_monocular: bool) -> bool:
        """Begin."""

    def leave_calibration_mode(self, force: bool | None = None) -> bool:
        """End, also what another program left behind."""

    def calibration_collect_data(self, coordinates: Sequence[float]) -> None:
        """Measure the eyes while they look at a place on the display."""

    def calibration_compute_and_apply(self) -> None:
        """Compute from what was collected, and use it."""

    def calibration_retrieve_result(self) -> dict[str, Any] | None:
        """Return what came of the oldest step that is over."""


def calibrate(
    tracker: CanCalibrate,
    window_words: Sequence[str],
    console: Console,
    stop: threading.Event,
) -> dict[str, Any]:
    """Show five targets and calibrate with them.

    Parameters
    ----------
    tracker : CanCalibrate
        Connected.
    window_words : sequence of str
        More words for the participant's window, such as its display.
    console : Console
        Where progress goes.
    stop : Event
        Breaks it off.

    Returns
    -------
    facts : dict
        ``status`` (``success``, ``success_left_eye`` …) and ``points``: of each ``x``,
        ``y`` and how many samples of either eye were used.

    Raises
    ------
    WorkFailedError
        When a step fails or takes too long.
    StoppedError
        When somebody ends it.
    """
    with tempfile.TemporaryDirectory(prefix="emer-tobii-") as folder:
        words = ["participant", "--presented", str(Path(folder) / "presented.csv")]
        window = Child("participant", [*words, *window_words])
        try:
            window.wait_for("ready", timeout_s=_START_S)
            tracker.leave_calibration_mode(True)
            tracker.enter_calibration_mode(False)
            try:
                _step(tracker, "begin", stop)
                _collect(tracker, window, console, stop)
                tracker.calibration_compute_and_apply()
                return _facts(_step(tracker, "be computed", stop))
            finally:
                tracker.leave_calibration_mode()
        finally:
            window.stop()


def _collect(
    tracker: CanCalibrate, window: Child, console: Console, stop: threading.Event
) -> None:
    window.send("targets", places=[list(place) for place in PLACES], each_s=_EACH_S)
    names = ("target", "targets_done", "pause_requested")
    while (event := window.wait_for(*names, timeout_s=_START_S))["event"] == "target":
        console.progress("points", event["number"] - 1, len(PLACES))
        began_s = time.monotonic()
        if stop.wait(_ARRIVE_S):
            raise StoppedError(_BROKEN_OFF)
        tracker.calibration_collect_data([float(event["x"]), float(event["y"])])
        _step(tracker, f"collect at target {event['number']}", stop)
        if time.monotonic() - began_s > _EACH_S:
            raise WorkFailedError(
                f"The tracker took longer than target {event['number']} was shown.",
                fix=_HOW,
            )
    if event["event"] == "pause_requested":
        raise StoppedError(_BROKEN_OFF)
    console.progress("points", len(PLACES), len(PLACES))


def _step(tracker: CanCalibrate, what: str, stop: threading.Event) -> dict[str, Any]:
    """Wait until the tracker has done what it was asked to."""
    until = time.monotonic() + _STEP_S
    while (result := tracker.calibration_retrieve_result()) is None:
        if stop.wait(_POLL_S):
            raise StoppedError(_BROKEN_OFF)
        if time.monotonic() > until:
            raise WorkFailedError(
                f"The calibration did not {what} within {_STEP_S:.0f} s.", fix=_HOW
            )
    if result["status"]:
        raise WorkFailedError(
            f"The calibration did not {what}: {result['status_string']}.", fix=_HOW
        )
    return result


def _facts(result: dict[str, Any]) -> dict[str, Any]:
    computed = result["calibration_result"]
    points = [
        {
            "x": round(float(point["position_on_display_area_x"]), 3),
            "y": round(float(point["position_on_display_area_y"]), 3),
            "left_used": _used(point["samples_left_validity"]),
            "right_used": _used(point["samples_right_validity"]),
        }
        for point in computed["points"]
    ]
    return {"status": computed["status"].name, "points": points}


def _used(validity: Sequence[Any]) -> int:
    return sum(one.name == "valid_and_used" for one in validity)
