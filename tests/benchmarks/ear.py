"""A sound server of our own whose loudspeaker is listened to.

PulseAudio's null sink is a sound device with a clock of its own (here 0.05 % fast) that
nobody hears; its monitor hands out what it plays, in blocks, each when its first sample is
due. So the time of a sample is the arrival of the block that it begins; of each second the
earliest arrival counts, the rest is scheduling. `constant_s` compares that with tones of
which PulseAudio itself says when they are heard.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.marked_clip import BEEP_HZ, BEEP_S, RATE_HZ

__all__ = ["Ear", "sound_server", "why_no_sound"]

_SINK = "ear"
_ASOUND = """</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
"""
_BLOCK_MS = 5


def why_no_sound() -> str:
    """Return what is missing to listen, empty when nothing is."""
    missing = [name for name in ("pulseaudio", "parec") if shutil.which(name) is None]
    if not missing and not list(
        Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")
    ):
        missing = ["ALSA's pulse plugin"]
    if not missing:
        return ""
    packages = "pulseaudio pulseaudio-utils libasound2-plugins"
    return f"{' and '.join(missing)} not installed (Debian: apt-get install {packages})"


@contextlib.contextmanager
def sound_server(folder: Path) -> Iterator[int]:
    """Run a PulseAudio in `folder` that all children play to; yield its process id."""
    socket = folder / "pulse"
    config = folder / "asound.conf"
    config.write_text(_ASOUND)
    ours = {
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_RUNTIME_PATH": str(folder / "runtime"),
        "PULSE_STATE_PATH": str(folder / "state"),
        "PULSE_COOKIE": str(folder / "cookie"),
        "ALSA_CONFIG_PATH": str(config),
        "SDL_AUDIODRIVER": "pulseaudio",
    }
    before = {name: os.environ.get(name) for name in ours}
    command = [
        "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
        "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1",
        "-L", f"module-null-sink sink_name={_SINK} rate={RATE_HZ} channels=2",
    ]  # fmt: skip
    os.environ.update({k: v for k, v in ours.items() if k != "PULSE_SERVER"})
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    os.environ["PULSE_SERVER"] = ours["PULSE_SERVER"]
    try:
        _await(socket.exists, "PulseAudio did not start")
        yield server.pid
    finally:
        server.terminate()
        server.wait()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _await(there, problem: str, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            raise RuntimeError(problem)
        time.sleep(0.05)


class Ear:
    """Listens from its making until `close`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._arrivals: list[tuple[float, int]] = []
        command = [
            "parec", "--raw", f"--device={_SINK}.monitor", "--format=float32le",
            f"--rate={RATE_HZ}", "--channels=1", f"--latency-msec={_BLOCK_MS}",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        self._thread = threading.Thread(target=self._listen, name="ear")
        self._thread.start()
        _await(lambda: self._arrivals, "nothing came from the monitor")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        heard = 0
        while part := self._process.stdout.read(65536):
            self._arrivals.append((time.perf_counter(), heard // 4))
            self._parts.append(part)
            heard += len(part)

    def close(self) -> None:
        """Stop listening."""
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def beeps(self) -> npt.NDArray[np.float64]:
        """Return when each tone began, seconds on the LSL clock, after `close`."""
        raw = b"".join(self._parts)
        sound = np.frombuffer(raw[: len(raw) // 4 * 4], np.float32)
        starts = _starts(sound)
        return starts / RATE_HZ + np.interp(
            starts, *_least_delays(np.array(self._arrivals))
        )


def _least_delays(arrivals: npt.NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Return samples, one a second, and the time of the sound's start by their arrival."""
    samples, zeros = arrivals[:, 1], arrivals[:, 0] - arrivals[:, 1] / RATE_HZ
    seconds = samples // RATE_HZ
    whole = np.unique(seconds)[:-1]  # the last one ends anywhere
    best = [np.flatnonzero(seconds == s) for s in whole]
    best = [rows[np.argmin(zeros[rows])] for rows in best]
    return list(samples[best]), list(zeros[best])


def _starts(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the samples at which tones begin: where a window as long is fullest."""
    length = round(BEEP_S * RATE_HZ)
    turning = np.exp(-2j * np.pi * BEEP_HZ * np.arange(len(sound)) / RATE_HZ)
    total = np.concatenate([[0], np.cumsum(sound * turning)])
    level = np.abs(total[length:] - total[:-length]) / length
    found, floor = [], 0.3 * float(level.max(initial=0.0))
    if floor < 1e-3:
        return np.zeros(0)
    loud = np.flatnonzero(np.diff(np.concatenate([[0], level > floor, [0]]).astype(int)))
    for first, last in loud.reshape(-1, 2):
        found.append(first + int(np.argmax(level[first:last])))
    return np.array(found, float)


class _Spec(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_int),
        ("rate", ctypes.c_uint32),
        ("channels", ctypes.c_uint8),
    )


def constant_s(tones: int = 5) -> float:
    """Return the median of heard minus said, of tones whose time PulseAudio tells."""
    library = ctypes.CDLL("libpulse-simple.so.0")
    library.pa_simple_new.restype = ctypes.c_void_p
    library.pa_simple_get_latency.restype = ctypes.c_uint64
    spec = _Spec(5, RATE_HZ, 1)  # 5: float32, little endian
    ear = Ear()
    stream = ctypes.c_void_p(
        library.pa_simple_new(
            None, b"calibration", 1, None, b"tones", ctypes.byref(spec), None, None, None
        )
    )
    t_s = np.arange(round(BEEP_S * RATE_HZ)) / RATE_HZ
    beep = (0.5 * np.sin(2 * np.pi * BEEP_HZ * t_s)).astype(np.float32).tobytes()
    rest = bytes(4 * RATE_HZ // 100)
    error, said = ctypes.c_int(), []

    def play(data: bytes) -> None:
        library.pa_simple_write(
            stream, data, ctypes.c_size_t(len(data)), ctypes.byref(error)
        )

    try:
        for step in range(60 * tones):  # silence of 10 ms, and a tone now and then
            if step % 60 == 50:
                waits_us = library.pa_simple_get_latency(stream, ctypes.byref(error))
                said.append(time.perf_counter() + waits_us * 1e-6)
                play(beep)
            play(rest)
        library.pa_simple_drain(stream, ctypes.byref(error))
    finally:
        library.pa_simple_free(stream)
        time.sleep(0.1)
        ear.close()
    heard = ear.beeps()
    if len(heard) != len(said):
        raise RuntimeError(f"{len(said)} tones were played and {len(heard)} heard")
    return float(np.median(heard - np.array(said)))
