"""The camera before a session: its picture, and what is wrong with face and light."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.parts import Card, button, label, restyle
from emer_studio.ui.session.camera_view import CameraView
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["CameraCard", "look_words"]

_POLL_MS = 33


def look_words(event: dict[str, Any]) -> tuple[str, bool]:
    """Return what a look at the camera told, and whether all is well.

    Parameters
    ----------
    event : dict
        As `recording.camera_look` tells it.
    """
    wrong, height_px = str(event.get("wrong") or ""), float(event.get("height_px") or 0)
    if wrong == "no face":
        return f"No face is seen. {event.get('fix', '')}", False
    seen = f"Face {height_px:.0f} px high, brightness {event.get('brightness') or 0:.0f}"
    if wrong:
        return f"{seen}: {wrong}. {event.get('fix', '')}", False
    return f"{seen}, sharp", True


class CameraCard(Card):
    """A button that shows the picture; nothing is written.

    `ringChanged` carries where the newest pictures are, empty when they end.

    One program at a time has a camera: whoever needs it says so with `when_free`.
    """

    asked = Signal()
    ringChanged = Signal(str)

    def __init__(self) -> None:
        super().__init__("Camera")
        self.ring = ""
        self._folder: Path | None = None
        self._then: Callable[[], None] | None = None
        self._facts: dict[str, Any] = {}
        self.job = JobRunner(self)
        self.job.heard.connect(self._heard)
        self.job.ended.connect(self._ended)
        self.view = CameraView(least=(240, 150))
        self.view.setMaximumHeight(240)
        self.view.hide()
        self.said = label("", "small", wrap=True)
        self.said.hide()
        self.show_it = button("Show the picture", "play")
        self.show_it.clicked.connect(self._press)
        for part in (self.view, self.said, self.show_it):
            self.box.addWidget(part)
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self.view.poll)

    def start(self, choice: SessionChoice) -> None:
        """Open the camera of a choice."""
        if self.job.running:
            return
        self._folder = Path(tempfile.mkdtemp(prefix="emer-camera-"))
        out, ring = self._folder / "face_001.mkv", self._folder / "camera.ring"
        words = ["camera", "--camera", choice.camera or "0", "--out", str(out)]
        words += ["--preview", str(ring), "--look", "--events"]
        width, cross, height = choice.size.partition("x")
        words += ["--width", width, "--height", height] if cross else []
        for name in ("fps", "codec", "mains"):
            value = getattr(choice, name)
            words += [f"--{name}", value] if value else []
        self._say("Opening the camera …")
        self.view.show()
        self.show_it.setText(" Hide the picture")
        self.job.start("camera", words)

    def when_free(self, then: Callable[[], None]) -> None:
        """Call `then` as soon as the camera is free: at once, or when it is closed."""
        if not self.job.running:
            then()
            return
        self._then = then
        self.job.stop()

    def finish(self) -> None:
        """Close the camera and wait for it."""
        self._then = None
        self.job.close()
        self._let_go()

    def _press(self) -> None:
        if self.job.running:
            self.job.stop()
        else:
            self.asked.emit()

    def _heard(self, event: dict[str, Any]) -> None:
        kind = event.get("event")
        if kind == "camera_ready":
            self._facts = event["facts"]
            self.view.open(Path(str(event["preview"])))
            self._timer.start()
            self._tell_ring(str(event["preview"]))
        elif kind == "look":
            self._show_look(event)
        elif kind in ("finding", "error"):
            self._say(str(event.get("what") or event.get("text")), good=False)

    def _show_look(self, event: dict[str, Any]) -> None:
        facts = self._facts
        size = f"{facts.get('width_px')} × {facts.get('height_px')}"
        how = f"{size} {facts.get('pixel_format')}, {event.get('rate_hz') or 0:.1f} Hz"
        words, good = look_words(event)
        self.view.setFace(event.get("box"), good=good)
        self._say(f"{how}\n{words}", good=good)

    def _ended(self, outcome: Outcome) -> None:
        self._let_go()
        self.view.hide()
        self.show_it.setText(" Show the picture")
        self._say("" if outcome.stopped else outcome.error, good=False)
        then, self._then = self._then, None
        if then is not None:
            then()

    def _tell_ring(self, ring: str) -> None:
        if ring != self.ring:
            self.ring = ring
            self.ringChanged.emit(ring)

    def _let_go(self) -> None:
        self._timer.stop()
        self._tell_ring("")
        self.view.close_ring()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _say(self, text: str, *, good: bool = True) -> None:
        self.said.setText(text)
        self.said.setVisible(bool(text))
        restyle(self.said, "kind", "small" if good else "small-amber")
