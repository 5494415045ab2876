"""A simulated microphone with a clock that is known to be wrong."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.devices.microphone import Block, MicrophoneFacts, Samples, StreamClock

__all__ = ["SimulatedMicrophone", "file_microphone"]

_BLOCK_S = 0.01
_BUFFER_S = 0.02  # from the last sample of a block to its callback
# Of the times a good driver states, and of the moment a callback wakes. Chosen by us.
_JITTER_S, _WAKE_S = 5e-5, 2e-3
_ITS_CLOCK_S = -1000.0  # the driver's clock has its own zero


class SimulatedMicrophone:
    """A tone like a hummed vowel, through the same times as a PortAudio device.

    Parameters
    ----------
    rate_hz, channels : int
        Nominal layout.
    ppm : float
        How much faster its clock runs, parts per million.
    lose : tuple of (float, float), optional
        When samples are lost in the driver, and for how long; seconds since the start.
    samples : ndarray, shape (n, channels), int16, optional
        What it hears, over and over, instead of the tone.
    """

    def __init__(
        self,
        *,
        rate_hz: int = 48_000,
        channels: int = 1,
        ppm: float = 0.0,
        lose: tuple[float, float] | None = None,
        seed: int = 1,
        source: str = "sim",
        samples: Samples | None = None,
    ) -> None:
        self.facts = MicrophoneFacts(
            source, "simulated", "simulated", rate_hz, channels, True
        )
        self.true_rate_hz = rate_hz * (1.0 + ppm * 1e-6)
        self.first_sample_s = 0.0  # the truth, once it has started (LSL clock)
        self._lose = lose
        self._rng = np.random.default_rng(seed)
        self._sound = _hum(rate_hz, channels, self._rng) if samples is None else samples
        self._clock = StreamClock(rate_hz, _BUFFER_S)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def time_source(self) -> str:
        """See `Microphone`."""
        return self._clock.source

    def start(self, on_block: Callable[[Block], None]) -> None:
        """Begin to call `on_block`, in real time."""
        self.first_sample_s = clock.now_s()
        self._thread = threading.Thread(
            target=self._run, args=(on_block,), name="microphone-sim"
        )
        self._thread.start()

    def heard(self, first: int, n: int) -> Samples:
        """Return samples `first` to ``first + n`` of the device, shape (n, channels)."""
        return self._sound[np.arange(first, first + n) % len(self._sound)]

    def _run(self, on_block: Callable[[Block], None]) -> None:
        n = round(self.facts.rate_hz * _BLOCK_S)
        at = 0
        while not self._stop.is_set():
            lost = self._lost(at, n)
            at += lost
            true_s = self.first_sample_s + at / self.true_rate_hz
            due_s = true_s + n / self.true_rate_hz + _BUFFER_S
            woken_s = due_s + float(self._rng.exponential(_WAKE_S / 4))
            if self._stop.wait(max(woken_s - clock.now_s(), 0.0)):
                return
            t_s = self._clock.first_sample_s(
                clock.now_s(),
                clock.now_s() + _ITS_CLOCK_S,
                true_s + _ITS_CLOCK_S + float(self._rng.normal(0, _JITTER_S)),
                n,
            )
            on_block(Block(self.heard(at, n), t_s, bool(lost)))
            at += n

    def _lost(self, at: int, n: int) -> int:
        if self._lose is None or at / self.true_rate_hz < self._lose[0]:
            return 0
        length_s, self._lose = self._lose[1], None
        return round(length_s * self.true_rate_hz / n) * n

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()


def _hum(rate_hz: int, channels: int, rng: np.random.Generator) -> Samples:
    """Return ten seconds of a tone with overtones, vibrato and noise."""
    t_s = np.arange(10 * rate_hz) / rate_hz
    phase = 2 * np.pi * 130 * t_s + 3 * np.sin(2 * np.pi * 5 * t_s)
    voice = sum(np.sin(k * phase) / k**1.5 for k in range(1, 8))
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * 0.3 * t_s)
    both = (swell * voice)[:, None] + 0.01 * rng.normal(size=(len(t_s), channels))
    return np.asarray(np.clip(both * 6000, -32768, 32767), np.int16)


def file_microphone(path: Path, *, rate_hz: int, channels: int) -> SimulatedMicrophone:
    """Open a file with sound as a microphone, over and over; it counts as simulated.

    Raises
    ------
    BadInputError
        When it has no sound that can be decoded.
    """
    layout = "mono" if channels == 1 else "stereo"
    parts: list[Samples] = []
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="s16", layout=layout, rate=rate_hz)
            frames = [*container.decode(audio=0), None]
            for frame in frames:
                with contextlib.suppress(av.error.EOFError):
                    parts += [
                        np.asarray(f.to_ndarray(), np.int16).reshape(-1, channels)
                        for f in resampler.resample(frame)
                    ]
    except (av.FFmpegError, OSError, IndexError) as problem:
        raise BadInputError(
            f"{path} cannot be used as a microphone: {problem or 'it has no sound'}."
        ) from None
    if not sum(map(len, parts)):
        raise BadInputError(f"{path} cannot be used as a microphone: it has no sound.")
    return SimulatedMicrophone(
        rate_hz=rate_hz,
        channels=channels,
        source=f"file:{path.name}",
        samples=np.concatenate(parts),
    )
