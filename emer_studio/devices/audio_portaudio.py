"""A sound device through PortAudio: what is heard now, by its DAC times on the LSL clock.

The stream is opened once and plays silence until `start`, so that no clip waits for a
device to wake up. PortAudio's times are mapped to the LSL clock: within a callback
``now - currentTime`` can only be too large (a callback wakes late, never early), so the
smallest of the last blocks is the offset between the two clocks.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

from emer_studio.core import clock

__all__ = ["DeviceOutput", "default_output"]

logger = logging.getLogger(__name__)
Samples = npt.NDArray[np.float32]

# Sound that waits in the device costs nothing here, as its DAC time is known. Measured with
# PulseAudio behind ALSA on 2 busy cores: at PortAudio's "low" latency (9 ms) sound broke
# off for 20 to 30 ms several times a minute and DAC times were up to 9 ms off; at 50 ms
# and above it never did, and they agreed with the sink's monitor within 0.3 ms.
_LATENCY_S = 0.1
# A device that has not asked for a block for this long is dead; video goes on without it.
# Chosen by us: ten times the usual latency of a shared output.
_STALL_S = 0.5
# A device that is this far ahead of time swallows sound instead of playing it, as virtual
# ones do. Chosen by us: no real clock gains a quarter of a second within a clip.
_RUNAWAY_S = 0.25
_CLOSE_S = 3.0  # chosen by us: a driver that hangs must not hold up the next clip
_CLOCK_STEP_S = 0.05  # the device's clock was set back; older offsets are worthless


class DeviceOutput:
    """A sound device through PortAudio.

    Parameters
    ----------
    rate_hz, channels : int
        Layout of the samples that `start` will get. Where the device refuses the rate, its
        own is taken: read `rate_hz`, also after `revive`.

    Raises
    ------
    OSError
        When PortAudio is not installed.
    sounddevice.PortAudioError
        When there is no output device, or it refuses the layout.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self.rate_hz = rate_hz
        self.channels = channels
        self.problem = ""
        self.underflows = 0
        self.lost_t_s: float | None = None
        self._asked_t_s = clock.now_s()  # when the device last wanted a block
        self._offsets_s: deque[float] = deque(maxlen=64)
        self._silence = np.zeros((0, channels), np.float32)
        self._samples: Samples = self._silence
        self._next = 0
        self._started_t_s: float | None = None
        self._onset_t_s: float | None = None
        # LSL time at which media time 0 was (or will be) heard, by the newest block.
        self._zero_t_s: float | None = None
        self._stream = self._open()

    def _open(self) -> Any:
        import sounddevice

        device = default_output()
        try:
            stream = self._stream_of(device)
        except sounddevice.PortAudioError:
            self.rate_hz = int(device["default_samplerate"])
            stream = self._stream_of(device)
        self.name = str(device["name"])
        stream.start()
        return stream

    def _stream_of(self, device: dict[str, Any]) -> Any:
        import sounddevice

        return sounddevice.OutputStream(
            device=device["index"],
            samplerate=self.rate_hz,
            channels=self.channels,
            dtype="float32",
            latency=_LATENCY_S,
            callback=self._fill,
        )

    @property
    def silent(self) -> bool:
        """Whether the device has stopped asking for sound."""
        return bool(self.problem)

    @property
    def onset_t_s(self) -> float | None:
        """LSL time at which the first sample is scheduled at the DAC."""
        return self._onset_t_s

    def revive(self) -> None:
        """Open the device again after it stopped, was lost, or kept no time."""
        if self._stream.active and not self.problem:
            return
        try:
            _let_go(self._stream)
            self._offsets_s.clear()
            self._stream = self._open()
            self.problem = ""
        except Exception as error:
            self.problem = f"The sound device has gone: {error}."
            logger.error("%s", self.problem)

    def start(self, samples: Samples) -> None:
        """Play `samples` from the next block on."""
        if samples.ndim != 2 or samples.shape[1] != self.channels:
            raise ValueError(
                f"samples have shape (n, {self.channels}), not {samples.shape}"
            )
        self._next, self.underflows, self.lost_t_s = 0, 0, None
        self._onset_t_s = self._zero_t_s = None
        self._started_t_s = self._asked_t_s = clock.now_s()
        self._samples = samples

    def position_s(self, now_s: float | None = None) -> float:
        """Return the media time being heard; a dead device leaves the plain clock."""
        now = clock.now_s() if now_s is None else now_s
        if self._started_t_s is None:
            return 0.0
        if self._zero_t_s is None:
            if now - self._started_t_s < _STALL_S and not self.problem:
                return -float(self._stream.latency)
            self.problem = self.problem or f"{self.name} asked for no sound."
            logger.error("%s", self.problem)
            self._zero_t_s = now
        position_s = now - self._zero_t_s
        wanting_s = now - self._asked_t_s
        rest_s = len(self._samples) / self.rate_hz - position_s
        if wanting_s > _STALL_S and rest_s > 0 and not self.problem:
            # Time goes on from the last block's as if nothing had happened: no jump.
            self.lost_t_s = self._asked_t_s
            self.problem = f"{self.name} stopped asking for sound."
            logger.error("%s", self.problem)
        return position_s

    def _fill(self, block: Samples, frames: int, times: Any, status: Any) -> None:
        now = clock.now_s()
        self._asked_t_s = now
        block[:] = 0.0
        if self.problem:
            return  # a device that comes back in the middle of a clip stays silent
        self.underflows += bool(status.output_underflow)
        heard_t_s = self._heard_t_s(now, times)
        samples, start = self._samples, self._next
        part = samples[start : start + frames]
        block[: len(part)] = part
        if len(part) and samples is self._samples:
            zero = heard_t_s - start / self.rate_hz
            if start == 0 or self._onset_t_s is None:
                self._onset_t_s = heard_t_s
            if zero < self._onset_t_s - _RUNAWAY_S:
                self.problem = f"{self.name} takes sound faster than it can be heard."
                zero = self._onset_t_s
            self._next = start + len(part)
            self._zero_t_s = zero

    def _heard_t_s(self, now: float, times: Any) -> float:
        """Return the LSL time at which the first sample of this block is heard."""
        ahead = times.outputBufferDacTime - times.currentTime
        # Some host interfaces leave these times at zero; the stated latency remains.
        if times.currentTime <= 0 or not 0 <= ahead < 2:
            return now + float(self._stream.latency)
        offset_s = now - times.currentTime
        if self._offsets_s and offset_s - min(self._offsets_s) > _CLOCK_STEP_S:
            self._offsets_s.clear()
        self._offsets_s.append(offset_s)
        return float(times.outputBufferDacTime + min(self._offsets_s))

    def stop(self) -> None:
        """Fall silent at the next block."""
        self._samples, self._next, self._started_t_s = self._silence, 0, None

    def close(self) -> None:
        """Give the device back."""
        with contextlib.suppress(Exception):
            self._stream.abort()
            self._stream.close()


def _let_go(stream: Any) -> None:
    """Close a stream and make PortAudio look for devices anew.

    Raises
    ------
    OSError
        When the driver does not return; nothing can be opened then.
    """
    import sounddevice

    def close() -> None:
        with contextlib.suppress(Exception):
            stream.abort()
        with contextlib.suppress(Exception):
            stream.close()
        # PortAudio lists the devices when it starts, and only then; sounddevice has no
        # public way to start it anew.
        sounddevice._terminate()  # noqa: SLF001
        sounddevice._initialize()  # noqa: SLF001

    thread = threading.Thread(target=close, name="audio-close", daemon=True)
    thread.start()
    thread.join(_CLOSE_S)
    if thread.is_alive():
        raise OSError(f"its driver did not let go within {_CLOSE_S:g} s")


def default_output() -> dict[str, Any]:
    """Return the system's default output, else the first there is.

    PortAudio knows a default per host interface only; the first interface may have none.
    """
    import sounddevice

    try:
        return dict(sounddevice.query_devices(kind="output"))
    except (sounddevice.PortAudioError, ValueError):
        for device in sounddevice.query_devices():
            if device["max_output_channels"] > 0:
                return dict(device)
        raise
