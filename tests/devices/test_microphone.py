"""Choosing a microphone, PortAudio's times on the LSL clock, a driver of ours."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from clips import write_clip
from emer_studio.core import clock
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.devices.microphone import Block, StreamClock, open_microphone
from emer_studio.devices.microphone_portaudio import list_microphones

RATE = 48_000


def test_the_smallest_delay_of_a_callback_is_the_offset_between_the_clocks() -> None:
    stream = StreamClock(RATE, 0.02)
    rng = np.random.default_rng(1)
    errors = []
    for k in range(200):
        adc = 50.0 + k * 0.01
        current = adc + 0.03
        now = 1000.0 + current + float(rng.exponential(0.002))  # a callback wakes late
        found = stream.first_sample_s(now, current, adc, 480)
        errors.append(found - (1000.0 + adc))
    assert stream.source == "adc"
    assert 0 <= max(errors[64:]) < 0.0005


@pytest.mark.parametrize(
    ("current", "adc"),
    [(0.0, 0.0), (50.0, 0.0), (50.0, 50.2), (50.0, 40.0)],
    ids=["no times at all", "no ADC time", "wrong sign", "absurd age"],
)
def test_systems_without_usable_times_fall_back_to_the_latency(
    current: float, adc: float
) -> None:
    stream = StreamClock(RATE, 0.02)
    assert stream.first_sample_s(1000.0, current, adc, 480) == pytest.approx(999.98)
    assert stream.source == "latency"


def test_one_very_late_callback_moves_nothing_but_a_set_clock_is_followed() -> None:
    stream = StreamClock(RATE, 0.02)
    for k in range(20):
        stream.first_sample_s(1000.03 + k * 0.01, 0.03 + k * 0.01 + 1, k * 0.01 + 1, 480)
    late = stream.first_sample_s(1001.5, 1.23, 1.2, 480)
    assert late == pytest.approx(1000.2, abs=0.001)
    for k in range(21, 60):  # now the two clocks differ by a second more
        found = stream.first_sample_s(
            1001.03 + k * 0.01, 0.03 + k * 0.01 + 1, k * 0.01 + 1, 480
        )
    assert found == pytest.approx(1001.59, abs=0.001)


@pytest.mark.parametrize("text", ["", "mic", "file:", "sim:ppm", "sim:lose=3", "sim:x=1"])
def test_a_text_that_names_no_microphone_says_what_would(text: str) -> None:
    with pytest.raises(BadInputError, match=r"not a microphone|says nothing"):
        open_microphone(text)


def test_any_file_with_sound_is_a_microphone(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", seconds=0.5)
    microphone = open_microphone(f"file:{clip}", rate_hz=16_000)
    blocks: list[Block] = []
    microphone.start(blocks.append)
    deadline = time.monotonic() + 10
    while len(blocks) < 10 and time.monotonic() < deadline:
        time.sleep(0.01)
    microphone.close()
    assert microphone.facts.simulated
    assert blocks[0].samples.shape == (160, 1)
    assert max(np.abs(block.samples).max() for block in blocks) > 1000
    silent = write_clip(tmp_path / "b.mp4", seconds=0.2, tone_hz=None)
    with pytest.raises(BadInputError, match="cannot be used as a microphone"):
        open_microphone(f"file:{silent}")


class PortAudioError(Exception):
    """As sounddevice's."""


class InputStream:
    """A device that knows 44.1 kHz only, and calls back when the test says so."""

    last: InputStream

    def __init__(self, **given: Any) -> None:
        if given["samplerate"] != 44_100:
            raise PortAudioError("Invalid sample rate")
        self.given, self.samplerate, self.latency = given, 44_100.0, 0.02
        self.started = self.closed = False
        InputStream.last = self

    def start(self) -> None:
        self.started = True

    def abort(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def _library(**more: Any) -> SimpleNamespace:
    device = {
        "index": 4,
        "name": "USB microphone",
        "default_samplerate": 44_100.0,
        "hostapi": 0,
        "max_input_channels": 1,
    }
    return SimpleNamespace(
        PortAudioError=PortAudioError,
        InputStream=InputStream,
        query_devices=lambda *_: device if _ else [device],
        query_hostapis=lambda _: {"name": "ALSA"},
        **more,
    )


def test_a_device_keeps_its_own_rate_and_its_blocks_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", _library())
    assert list_microphones() == [(0, "USB microphone")]
    microphone = open_microphone("0", rate_hz=48_000)
    assert microphone.facts.rate_hz == 44_100
    assert microphone.facts.driver == "portaudio/ALSA"
    blocks: list[Block] = []
    microphone.start(blocks.append)
    stream = InputStream.last
    assert stream.started
    memory = np.full((441, 1), 7, np.int16)
    now = clock.now_s()
    times = SimpleNamespace(currentTime=now, inputBufferAdcTime=now - 0.03)
    stream.given["callback"](memory, 441, times, SimpleNamespace(input_overflow=True))
    memory[:] = 0  # the driver uses its memory again
    microphone.close()
    assert stream.closed
    assert (blocks[0].samples == 7).all()
    assert blocks[0].overflow
    assert blocks[0].t_s == pytest.approx(now - 0.03, abs=0.01)
    assert microphone.time_source == "adc"


def test_without_portaudio_or_device_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingError, match="no PortAudio"):
        open_microphone("default")

    def nothing(*_: Any) -> Any:
        raise PortAudioError("Error querying device -1")

    library = _library()
    library.query_devices = nothing
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(MissingError, match="default microphone cannot be opened"):
        open_microphone("default")
