"""What a session is to use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Devices"]


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
    camera_options : tuple of str
        More words for ``emer-studio camera``, e.g. ``--codec mjpeg``.
    microphone : str
        See ``emer-studio microphone``; empty for none.
    gaze_confirmed : bool
        Somebody looked at the gaze mapping and said that it is right.
    gaze_signature : str
        Of the mapping that was confirmed, see `schema.streams.mapping_signature`; another
        one is refused. Empty for any.
    override : str
        Why the session begins although something stood in its way.
    rig : str
        Name of the rig that the devices were chosen by; see `schema.rig`.
    screen_mm : tuple of float, optional
        Width and height of the participant's display, as a person says.
    distance_mm : float, optional
        From the eyes to it, as a person says.
    also : tuple of str
        Other streams to record when they are there (EDA, ECG …), each as
        `streams.inlets.matches` takes it.
    """

    camera: str
    gaze: str
    simulate: bool
    windowed: bool
    display: int | None
    language: str
    gaze_wait_s: float
    camera_options: tuple[str, ...] = ()
    microphone: str = ""
    gaze_confirmed: bool = False
    gaze_signature: str = ""
    override: str = ""
    rig: str = ""
    screen_mm: tuple[float, float] | None = None
    distance_mm: float | None = None
    also: tuple[str, ...] = ()

    def said_of(self, display: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the system says of the display, and what a person says beside it."""
        said: dict[str, Any] = {"given_mm": self.screen_mm, "distance_mm": self.distance_mm}
        return {**display, **{name: value for name, value in said.items() if value}}
