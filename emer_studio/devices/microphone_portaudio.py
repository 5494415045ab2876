"""A microphone of this machine, through PortAudio."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.microphone import Block, MicrophoneFacts, StreamClock

__all__ = ["PortAudioMicrophone", "list_microphones"]

_NO_LIBRARY = "sudo apt-get install libportaudio2   (Windows and macOS bring their own)"
_NO_DEVICE = "Connect a microphone and allow its use in the system's sound settings."
_BLOCK_S = 0.01  # chosen by us: a hundred times a second is enough for the clock


def _library() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingError(f"There is no PortAudio: {error}.", fix=_NO_LIBRARY) from None
    return sounddevice


def list_microphones() -> list[tuple[int, str]]:
    """Return number and name of every sound input.

    Raises
    ------
    MissingError
        Without PortAudio.
    """
    library = _library()
    found = enumerate(library.query_devices())
    return [(n, str(d["name"])) for n, d in found if d["max_input_channels"] > 0]


class PortAudioMicrophone:
    """A sound input.

    Parameters
    ----------
    number : int or None
        As `list_microphones` numbers them; None is the system's default.
    rate_hz, channels : int
        Wanted layout; a device that refuses the rate keeps its own.
    """

    def __init__(self, number: int | None, *, rate_hz: int, channels: int) -> None:
        library = _library()
        named = "The default microphone" if number is None else f"Microphone {number}"
        try:
            device = library.query_devices(number, "input")
            try:
                self._stream = self._open(library, device, rate_hz, channels)
            except library.PortAudioError:
                own = int(device["default_samplerate"])
                self._stream = self._open(library, device, own, channels)
        except (library.PortAudioError, ValueError) as error:
            raise MissingError(
                f"{named} cannot be opened: {error}.", fix=_NO_DEVICE
            ) from None
        rate = int(self._stream.samplerate)
        interface = library.query_hostapis(device["hostapi"])["name"]
        self.facts = MicrophoneFacts(
            source="default" if number is None else str(number),
            driver=f"portaudio/{interface}",
            name=str(device["name"]),
            rate_hz=rate,
            channels=channels,
            simulated=False,
        )
        self._clock = StreamClock(rate, float(self._stream.latency))
        self._on_block: Callable[[Block], None] | None = None

    def _open(self, library: Any, device: Any, rate_hz: int, channels: int) -> Any:
        return library.InputStream(
            device=device["index"],
            samplerate=rate_hz,
            channels=channels,
            dtype="int16",
            blocksize=round(rate_hz * _BLOCK_S),
            callback=self._heard,
        )

    @property
    def time_source(self) -> str:
        """See `Microphone`."""
        return self._clock.source

    def start(self, on_block: Callable[[Block], None]) -> None:
        """Begin to call `on_block`."""
        self._on_block = on_block
        self._stream.start()

    def _heard(self, block: Any, n: int, times: Any, status: Any) -> None:
        now_s = clock.now_s()
        t_s = self._clock.first_sample_s(
            now_s, times.currentTime, times.inputBufferAdcTime, n
        )
        if self._on_block is not None:
            # The driver's memory is used again after this call.
            self._on_block(Block(block.copy(), t_s, bool(status.input_overflow)))

    def close(self) -> None:
        """Stop and give the device back."""
        self._on_block = None
        with contextlib.suppress(Exception):
            self._stream.abort()
            self._stream.close()
