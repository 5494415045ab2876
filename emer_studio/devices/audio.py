"""Sound output with a known time: when the first sample is heard, and what is heard now.

`DeviceOutput` plays through PortAudio. Without PortAudio or a device, `SilentOutput` keeps
the same time and says why it is mute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock
from emer_studio.devices.audio_portaudio import DeviceOutput, default_output

__all__ = [
    "AudioOutput",
    "DeviceOutput",
    "OutputReport",
    "SilentOutput",
    "describe_outputs",
    "open_output",
]

Samples = npt.NDArray[np.float32]

_NO_LIBRARY = "sudo apt-get install libportaudio2   (Windows and macOS bring their own)"
_NO_DEVICE = (
    "Connect headphones or loudspeakers and choose them in the system's sound settings."
)


class AudioOutput(Protocol):
    """Somewhere that sound goes, or would go."""

    name: str
    rate_hz: int
    channels: int
    problem: str
    underflows: int
    """Times the sound broke off since `start` because samples came too late."""
    lost_t_s: float | None
    """LSL time at which the device fell silent while it played; None when it did not."""

    @property
    def silent(self) -> bool:
        """Whether nothing can be heard; `problem` says why."""

    @property
    def onset_t_s(self) -> float | None:
        """LSL time at which the first sample reached the DAC, None before that is known."""

    def revive(self) -> None:
        """Open a device that was lost again; may take a while, called before a clip."""

    def start(self, samples: Samples) -> None:
        """Play `samples`, shape (n, channels), from the next block on."""

    def position_s(self, now_s: float | None = None) -> float:
        """Return the media time being heard, seconds; negative before the first sample."""

    def stop(self) -> None:
        """Fall silent; the output stays open for the next clip."""

    def close(self) -> None:
        """Give the device back."""


class SilentOutput:
    """The same clock without sound.

    Parameters
    ----------
    rate_hz, channels : int
        Layout a caller may prepare samples for.
    problem : str
        Why there is no sound; empty where none is wanted.
    """

    name = "silent"
    underflows = 0
    lost_t_s: float | None = None

    def __init__(self, rate_hz: int = 48_000, channels: int = 2, problem: str = "") -> None:
        self.rate_hz = rate_hz
        self.channels = channels
        self.problem = problem
        self._onset_t_s: float | None = None

    @property
    def silent(self) -> bool:
        """Always true."""
        return True

    @property
    def onset_t_s(self) -> float | None:
        """LSL time of `start`: when the sound would have begun."""
        return self._onset_t_s

    def revive(self) -> None:
        """Nothing was lost."""

    def start(self, samples: Samples) -> None:
        """Start the clock; `samples` are not heard."""
        self._onset_t_s = clock.now_s()

    def position_s(self, now_s: float | None = None) -> float:
        """Return the seconds since `start`, 0 before it."""
        if self._onset_t_s is None:
            return 0.0
        return (clock.now_s() if now_s is None else now_s) - self._onset_t_s

    def stop(self) -> None:
        """Stop the clock."""
        self._onset_t_s = None

    def close(self) -> None:
        """Nothing to give back."""
        self._onset_t_s = None


def open_output(rate_hz: int = 48_000, channels: int = 2) -> AudioOutput:
    """Open the default sound output, or a silent one that says why.

    The device's own rate is taken when it refuses `rate_hz`: read `rate_hz` of the result.
    """
    try:
        import sounddevice
    except OSError as error:
        return SilentOutput(rate_hz, channels, f"{error}. {_NO_LIBRARY}")
    try:
        return DeviceOutput(rate_hz, channels)
    except (sounddevice.PortAudioError, ValueError, OSError) as error:
        return SilentOutput(rate_hz, channels, f"No sound output: {error}. {_NO_DEVICE}")


@dataclass(frozen=True, slots=True)
class OutputReport:
    """What a person needs to know about sound here."""

    outputs: tuple[str, ...]
    default: str = ""
    problem: str = ""
    fix: str = ""


def describe_outputs() -> OutputReport:
    """List the sound outputs, or say what is missing and the exact fix."""
    try:
        import sounddevice
    except OSError as error:
        return OutputReport((), problem=f"{error}.", fix=_NO_LIBRARY)
    try:
        devices = [d for d in sounddevice.query_devices() if d["max_output_channels"] > 0]
        names = tuple(str(device["name"]) for device in devices)
        default = str(default_output()["name"]) if names else ""
    except (sounddevice.PortAudioError, ValueError) as error:
        return OutputReport((), problem=f"No sound output: {error}.", fix=_NO_DEVICE)
    if not names:
        return OutputReport((), problem="There is no sound output.", fix=_NO_DEVICE)
    return OutputReport(names, default)
