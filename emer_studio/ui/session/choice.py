"""What was chosen for a session, as the command that runs it takes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["SessionChoice"]


@dataclass(frozen=True, slots=True)
class SessionChoice:
    """What was chosen; the texts are those of the command line.

    Attributes
    ----------
    display : int or None
        Screen of the participant; None shows the pages in a window.
    size, fps, codec, mains, microphone : str
        See ``emer-studio run --help``; empty leaves it to the program.
    gaze_confirmed : str
        Signature of the gaze mapping that somebody confirmed; empty when nobody did.
    resume : bool
        Go on with the participant's last session, with its own protocol and devices.
    console : bool
        Let a second PC join as a console.
    override : str
        Why the session begins although something stood in its way, and what.
    rig : str
        Name of the rig whose devices these are.
    screen_mm, distance_mm
        Of the participant's display, as a person says; None where nobody does.
    """

    participant: str = ""
    protocol: str = ""
    camera: str = ""
    gaze: str = ""
    simulate: bool = False
    display: int | None = None
    language: str = "en"
    size: str = ""
    fps: str = ""
    codec: str = ""
    mains: str = ""
    microphone: str = ""
    gaze_confirmed: str = ""
    resume: bool = False
    console: bool = False
    override: str = ""
    rig: str = ""
    screen_mm: tuple[float, float] | None = None
    distance_mm: float | None = None

    @property
    def simulated(self) -> bool:
        """Whether anything of it is simulated, as far as the choice tells."""
        devices = (self.camera, self.gaze, self.microphone)
        return self.simulate or any(d.partition(":")[0] == "sim" for d in devices)

    @property
    def asks_for_gaze(self) -> bool:
        """Whether somebody has to confirm the mapping of a real tracker."""
        return bool(self.gaze) and self.gaze != "sim" and not self.simulate

    def arguments(self, study: Path) -> list[str]:
        """Return the command that runs this session."""
        display = "--windowed" if self.display is None else f"--display={self.display}"
        console = ["--console"] if self.console else []
        if self.resume:
            who = ["--participant", self.participant]
            return ["run", str(study), *who, "--resume", *console, display, "--events"]
        given = ["run", str(study), "--participant", self.participant]
        given += ["--protocol", self.protocol, "--language", self.language]
        for name in ("camera", "gaze", "size", "fps", "codec", "mains", "microphone"):
            value = getattr(self, name)
            given += [f"--{name}", value] if value else []
        if self.gaze_confirmed:
            given += ["--gaze-confirmed", "--gaze-signature", self.gaze_confirmed]
        given += ["--simulate"] if self.simulate else []
        given += ["--override", self.override] if self.override else []
        given += self._place()
        return [*given, *console, display, "--events"]

    def _place(self) -> list[str]:
        """Return the words about the room: its rig, the display and the distance."""
        words = ["--rig", self.rig] if self.rig else []
        if self.screen_mm is not None:
            words += ["--screen-mm", f"{self.screen_mm[0]:g}x{self.screen_mm[1]:g}"]
        if self.distance_mm is not None:
            words += ["--distance-mm", f"{self.distance_mm:g}"]
        return words
