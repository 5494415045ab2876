"""What it takes to try a model before a session: picture, gaze, model, one after the other.

Nothing is recorded: the gaze lies in a ring of a folder that goes with it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from emer_studio.ui.jobs import JobRunner, Outcome
from emer_studio.ui.session.camera_card import CameraCard
from emer_studio.ui.session.choice import SessionChoice

__all__ = ["TryFeed", "live_words"]

_GRACE_S = 8.0  # chosen by us: unloading torch took 3 s on two busy cores


def live_words(
    run: Path, study: Path, camera: str, gaze: str, choice: SessionChoice
) -> list[str]:
    """Return the command for a run; `camera` and `gaze` are rings, `gaze` may be empty."""
    words = ["live", str(run), "--study", str(study), "--camera-ring", camera, "--events"]
    words += ["--gaze-ring", gaze] if gaze else []
    screens, number = QGuiApplication.screens(), choice.display
    if number is not None and number < len(screens):
        screen = screens[number]
        ratio, size, told = screen.devicePixelRatio(), screen.size(), screen.physicalSize()
        mm = choice.screen_mm or (told.width(), told.height())
        pixels = (size.width() * ratio, size.height() * ratio)
        words += ["--display-px", *(f"{side:g}" for side in pixels)]
        words += ["--display-mm", *(f"{side:g}" for side in mm)] if min(mm) > 0 else []
    if choice.distance_mm:
        words += ["--distance-mm", f"{choice.distance_mm:g}"]
    return words


class TryFeed(QObject):
    """Runs what is needed for one run of a study at a time.

    `heard` carries the events of ``emer-studio live``, `told` what happens and whether it
    is well, `stopped` that it is over and everything has ended.

    Parameters
    ----------
    study : Path
    camera : CameraCard
        Shows the picture that is looked at, and is asked to where it does not.
    choice : callable
        Returns the devices that are chosen in the form.
    """

    heard = Signal(object)
    told = Signal(str, bool)
    stopped = Signal()

    def __init__(
        self,
        study: Path,
        camera: CameraCard,
        choice: Callable[[], SessionChoice],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._study, self._camera, self._choice = study, camera, choice
        self._run, self._folder = Path(), Path()
        self._gaze_ring = self.gaze_problem = ""
        self.wanted = False
        """Whether it is to go on; what runs all the same is about to end."""
        self.simulated, self.gaze, self.job = (JobRunner(self) for _ in range(3))
        self._jobs = (self.job, self.gaze, self.simulated)
        self.simulated.heard.connect(self._simulated_heard)
        self.gaze.heard.connect(self._gaze_heard)
        self.job.heard.connect(self._heard)
        self.simulated.ended.connect(self._gaze_ended)
        self.gaze.ended.connect(self._gaze_ended)
        self.job.ended.connect(self._ended)
        camera.ringChanged.connect(self._camera_changed)
        camera.job.ended.connect(self._camera_ended)

    @property
    def running(self) -> bool:
        """Whether anything of it runs."""
        return any(job.running for job in self._jobs)

    def start(self, run: Path) -> None:
        """Try a run; shows the camera's picture where it is not shown yet."""
        if self.wanted or self.running:
            return
        self.wanted, self._run = True, run
        self._gaze_ring = self.gaze_problem = ""
        self._folder = Path(tempfile.mkdtemp(prefix="emer-try-"))
        self.told.emit("Opening the camera …", True)
        self._go_on()

    def stop(self) -> None:
        """Stop trying; the camera's picture stays."""
        if self.wanted:
            self.wanted = False
            for job in self._jobs:
                job.stop()
            self._settle()

    def finish(self) -> None:
        """End everything and wait for it."""
        for job in self._jobs:
            job.close()
        self.wanted = False
        self._settle()

    def _end(self, why: str, *, good: bool) -> None:
        """Stop, and say why, where it was not asked for."""
        if self.wanted:
            self.stop()
            self.told.emit(why, good)

    def _settle(self) -> None:
        """Remove the gaze's ring as soon as nobody uses it, and say so."""
        if self._folder != Path() and not (self.wanted or self.running):
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = Path()
            self.stopped.emit()

    def _go_on(self) -> None:
        """Begin what is next: the picture, the gaze, the model."""
        if not self.wanted or self.job.running:
            return
        choice = self._choice()
        if not self._camera.ring:
            self._camera.start(choice)
        elif choice.gaze and not (self._gaze_ring or self.gaze_problem):
            self._ask_for_gaze(choice.gaze)
        else:
            self.told.emit("Loading the model …", True)
            rings = (self._camera.ring, self._gaze_ring)
            words = live_words(self._run, self._study, *rings, choice)
            self.job.start("live", words, grace_s=_GRACE_S)

    def _ask_for_gaze(self, spec: str) -> None:
        if self.gaze.running or self.simulated.running:
            return
        self.told.emit("Looking for the eye tracker …", True)
        if spec == "sim":
            words = ["simulate", "gaze", "--name", f"EMER_Try_{os.getpid()}", "--events"]
            self.simulated.start("simulated gaze", words, grace_s=_GRACE_S)
        else:
            self._offer(spec)

    def _offer(self, query: str) -> None:
        words = ["streams", "--stream", query, "--ring", str(self._folder / "gaze.ring")]
        self.gaze.start("gaze preview", [*words, "--events"], grace_s=_GRACE_S)

    def _simulated_heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "sending" and self.wanted:
            self._offer(f"id:{event['source_id']}")

    def _gaze_heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "offered":
            self._gaze_ring = str(event["ring"])
            self._go_on()

    def _gaze_ended(self, outcome: Outcome) -> None:
        """Go on without gaze where there is none; say so."""
        if self.wanted and not self.gaze_problem:
            self.gaze_problem = outcome.error or "The eye tracker is not there any more."
            self._gaze_ring = ""
            self._go_on()
        self._settle()

    def _camera_changed(self, ring: str) -> None:
        if ring:
            self._go_on()
        else:
            self._end("The camera's picture is not shown any more.", good=True)

    def _camera_ended(self, _outcome: Outcome) -> None:
        self._end("The camera could not be opened.", good=False)

    def _heard(self, event: dict[str, Any]) -> None:
        if event.get("event") == "ended":
            self._end(f"It ended: {event.get('why')}.", good=True)
        elif self.wanted:
            self.heard.emit(event)

    def _ended(self, outcome: Outcome) -> None:
        self._end(outcome.error or "It has ended.", good=not outcome.error)
        self._settle()
