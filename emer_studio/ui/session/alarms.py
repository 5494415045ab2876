"""What is wrong with a running session right now, in plain sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from emer_studio.ui.session.stream_table import state_of

__all__ = ["Alarms"]

# Every process reports twice a second. Chosen by us: two reports missing, and still
# within the two seconds in which an operator has to know.
_MUTE_S = 1.4
_LITTLE_GB = 2.0  # chosen by us: a recording is closed at 1 GB
_RECORDERS = ("recorder", "standby recorder")
_WATCHED = {"recorder": "Recorder", "camera": "Camera", "microphone": "Microphone"}
_CHECKS = {
    "Gaze": ("Gaze", "Check the tracker."),
    "VideoFrames": ("Camera", "Check the camera."),
    "AudioBlocks": ("Microphone", "Check the microphone."),
}


class Alarms:
    """Keep what the processes last reported; `now` says what is wrong with it.

    A process that has died or hangs reports nothing, so its silence counts as well.

    Parameters
    ----------
    clock : callable
        Gives the time, s; another one in tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Forget everything: a session begins, or has ended."""
        self._last: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._streams: dict[str, str] = {}  # type by name, of all that were there once
        self._down: set[str] = set()  # died, and has not reported since
        self._gave_up: set[str] = set()
        self._over = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event of the session."""
        kind = str(event.get("event"))
        who = kind.removesuffix("_status")
        if who != kind:
            self._last[who] = (self._clock(), event)
            self._down.discard(who)
            for row in event.get("streams") or ():
                self._streams[str(row.get("name"))] = str(row.get("type"))
        elif kind == "state" and event.get("state") == "done":
            self.end()
        elif kind == "down":
            self._down.add(str(event.get("who")))
        elif kind == "journal":
            self._read(event.get("entry") or {})

    def end(self) -> None:
        """What stops from now on stops because it is to."""
        self._over = True

    def now(self) -> list[str]:
        """Return a sentence for everything that is wrong at this moment."""
        if self._over:
            return []
        found = self._mute() + self._devices() + self._rows() + self._disk()
        return list(dict.fromkeys(found))

    # ---------------------------------------------------------------------------------

    def _read(self, entry: Mapping[str, Any]) -> None:
        what = str(entry.get("what", ""))
        if entry.get("event") == "session_done":
            self.end()
        elif entry.get("event") == "finding" and "not started again" in what:
            self._gave_up |= {who for who in _WATCHED if what.startswith(f"the {who} ")}

    def _age_s(self, who: str) -> float:
        return self._clock() - self._last[who][0] if who in self._last else 0.0

    def _is_mute(self, who: str) -> bool:
        return who in self._down or self._age_s(who) > _MUTE_S

    def _mute(self) -> list[str]:
        found = []
        for who, name in _WATCHED.items():
            if not self._is_mute(who):
                continue
            text = f"{name}: its program has stopped and is being started again."
            if who in self._gave_up:
                text = f"{name}: its program has stopped for good."
            if who == "recorder" and self._standby_reports:
                text += " The second recorder goes on recording."
            found.append(text)
        return found

    @property
    def _standby_reports(self) -> bool:
        who = _RECORDERS[1]
        return who in self._last and not self._is_mute(who)

    def _devices(self) -> list[str]:
        """What the camera and the microphone say of themselves."""
        found = []
        for who in ("camera", "microphone"):
            if who not in self._last or self._is_mute(who):
                continue
            event = self._last[who][1]
            if not event.get("problem"):
                continue
            silent_s = float(event.get("silent_s") or 0) + self._age_s(who)
            text = str(event["problem"]).rstrip(".")
            if event.get("silent_s"):
                text = f"no picture for {silent_s:.0f} s"
            found.append(f"{_WATCHED[who]}: {text}. Check the {who}.")
        return found

    def _rows(self) -> list[str]:
        """What the recorder that reports says of the streams."""
        who = max(_RECORDERS, key=lambda one: self._last.get(one, (float("-inf"),))[0])
        if who not in self._last or self._age_s(who) > _MUTE_S:
            return []
        rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in self._streams}
        for row in self._last[who][1].get("streams") or ():
            rows[str(row.get("name"))].append(row)
        told = {text.partition(":")[0] for text in self._mute() + self._devices()}
        found = (self._row(name, rows[name], self._age_s(who)) for name in rows)
        return [text for text in found if text and text.partition(":")[0] not in told]

    def _row(self, name: str, rows: list[Mapping[str, Any]], age_s: float) -> str:
        """Return what is wrong with a stream; nothing when one of that name is well."""
        states = [state_of(row) for row in rows]
        begun = any(int(row.get("samples") or 0) for row in rows) or not rows
        if "ok" in states or not begun:
            return ""
        shown, check = _CHECKS.get(self._streams[name], (name, "Check its sender."))
        seconds = min((float(row.get("age_s") or 0) for row in rows), default=0.0) + age_s
        if not rows:
            return f"{shown}: is not there. {check}"
        if "connecting" in states:
            return f"{shown}: being connected again."
        word = "silent" if "silent" in states else "disconnected"
        since = f" for {seconds:.0f} s" if seconds >= 1 else ""
        return f"{shown}: {word}{since}. {check}"

    def _disk(self) -> list[str]:
        free = [
            last[1].get("free_gb") for who, last in self._last.items() if who in _RECORDERS
        ]
        least = min((float(gb) for gb in free if gb is not None), default=_LITTLE_GB)
        return [f"Disk: only {least:.1f} GB are free."] if least < _LITTLE_GB else []
