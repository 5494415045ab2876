"""What a microphone is to the rest of the program, and choosing one by its text.

``default`` or a number is a device of this machine (through PortAudio), ``file:AUDIO``
plays any file with sound as a microphone, ``sim`` or ``sim:KEY=VALUE,…`` makes a voice-like
tone with a known clock error: ``ppm=200`` (it runs fast), ``lose=3+0.5`` (at 3 s half a
second is lost in the driver), ``seed=2``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from emer_studio.core.errors import BadInputError

__all__ = ["Block", "Microphone", "MicrophoneFacts", "StreamClock", "open_microphone"]

Samples = npt.NDArray[np.int16]
# A clock that was set back makes older offsets worthless. As for the sound output.
_CLOCK_STEP_S = 0.05
_KEPT_BLOCKS = 64
_LONGEST_AGE_S = 2.0  # chosen by us: no buffer is longer
_SIM = re.compile(r"(ppm|lose|seed)=([-+]?[0-9.]+)(?:\+([0-9.]+))?")


@dataclass(frozen=True, slots=True)
class MicrophoneFacts:
    """What a microphone delivers.

    Attributes
    ----------
    rate_hz : int
        Its nominal sample rate.
    """

    source: str
    driver: str
    name: str
    rate_hz: int
    channels: int
    simulated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some samples in a row.

    Attributes
    ----------
    samples : ndarray, shape (n, channels), int16
    t_s : float
        When the first of them was taken (LSL clock).
    overflow : bool
        Whether the driver lost samples before them.
    """

    samples: Samples
    t_s: float
    overflow: bool = False


class Microphone(Protocol):
    """A source of blocks, which come on a thread of its own."""

    facts: MicrophoneFacts

    @property
    def time_source(self) -> str:
        """Where the times come from: ``adc``, or ``latency`` (a guess by the driver)."""

    def start(self, on_block: Callable[[Block], None]) -> None:
        """Begin to call `on_block`, which must not wait for anything."""

    def close(self) -> None:
        """Stop; no further call is made."""


class StreamClock:
    """PortAudio's times of a block, mapped to the LSL clock.

    A callback wakes late, never early, so ``now - currentTime`` is the offset between the
    two clocks plus something positive: the smallest of the last blocks is the offset.
    Several systems leave the ADC time at zero, and one had its sign wrong (PortAudio issues
    121, 135, 531, 850); then the stated latency has to do.

    Parameters
    ----------
    rate_hz : float
        Nominal sample rate.
    latency_s : float
        What the stream states, for systems without times.
    """

    def __init__(self, rate_hz: float, latency_s: float) -> None:
        self._rate_hz, self._latency_s = rate_hz, latency_s
        self._offsets_s: deque[float] = deque(maxlen=_KEPT_BLOCKS)
        self.source = "latency"

    def first_sample_s(self, now_s: float, current: float, adc: float, n: int) -> float:
        """Return when the first of `n` samples was taken (LSL clock).

        Parameters
        ----------
        now_s : float
            LSL clock, in the callback.
        current, adc : float
            PortAudio's ``currentTime`` and ``inputBufferAdcTime``, seconds of its clock.
        """
        if current <= 0 or adc <= 0 or not 0 <= current - adc < _LONGEST_AGE_S:
            self.source = "latency"
            return now_s - max(self._latency_s, n / self._rate_hz)
        self.source = "adc"
        offset_s = now_s - current
        if self._offsets_s and abs(offset_s - min(self._offsets_s)) > _CLOCK_STEP_S:
            # Late by so much is a stopped process or a set clock: only the latter stays.
            if offset_s < min(self._offsets_s) or self._stepped():
                self._offsets_s.clear()
        self._offsets_s.append(offset_s)
        return adc + min(self._offsets_s)

    def _stepped(self) -> bool:
        recent = list(self._offsets_s)[-8:]
        return len(recent) == 8 and min(recent) - min(self._offsets_s) > _CLOCK_STEP_S


def open_microphone(text: str, *, rate_hz: int = 48_000, channels: int = 1) -> Microphone:
    """Open the microphone that `text` names.

    Raises
    ------
    BadInputError
        When the text names none.
    MissingError
        Without PortAudio, or when the device cannot be opened.
    """
    kind, _, rest = text.partition(":")
    if kind == "sim":
        from emer_studio.devices.microphone_sim import SimulatedMicrophone

        given = {}
        for part in filter(None, rest.split(",")):
            match = _SIM.fullmatch(part)
            if match is None or (match[1] == "lose") != (match[3] is not None):
                raise BadInputError(
                    f"{part!r} says nothing to the simulated microphone.",
                    fix="Expected sim:ppm=N, lose=S+S (at, for how long), seed=N.",
                )
            given[match[1]] = (float(match[2]), float(match[3] or 0))
        return SimulatedMicrophone(
            rate_hz=rate_hz,
            channels=channels,
            ppm=given.get("ppm", (0.0, 0.0))[0],
            lose=given.get("lose"),
            seed=int(given.get("seed", (1.0, 0.0))[0]),
            source=text,
        )
    if kind == "file" and rest:
        from emer_studio.devices.microphone_sim import file_microphone

        return file_microphone(Path(rest), rate_hz=rate_hz, channels=channels)
    if text == "default" or text.isdigit():
        from emer_studio.devices.microphone_portaudio import PortAudioMicrophone

        number = None if text == "default" else int(text)
        return PortAudioMicrophone(number, rate_hz=rate_hz, channels=channels)
    raise BadInputError(
        f"{text!r} is not a microphone.",
        fix="Use default, a number, file:AUDIO, sim or sim:KEY=VALUE,…",
    )
