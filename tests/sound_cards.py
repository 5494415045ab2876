"""A sound card without hardware: sounddevice's stream, scripted; the LSL clock by hand."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import numpy as np
import pytest

from emer_studio.core import clock

__all__ = ["ScriptedStream", "at", "card"]


@pytest.fixture
def at() -> Iterator[list[float]]:
    """The LSL clock, set by hand."""
    now = [100.0]
    clock.set_source(lambda: now[0])
    yield now
    clock.set_source(None)


class ScriptedStream:
    """A scripted sound card whose own clock started 40 s after ours."""

    latency = 0.02
    device = 0

    def __init__(self, *, callback, channels, **_):
        self.callback, self.channels, self.active = callback, channels, False

    def start(self):
        self.active = True

    def abort(self):
        self.active = False

    def close(self):
        self.active = False

    def ask(self, frames, *, late_s=0.0, dac_s=0.01):
        """Ask for a block, as a callback that woke `late_s` too late."""
        block = np.full((frames, self.channels), 9, np.float32)
        current = clock.now_s() - 40.0 - late_s
        times = types.SimpleNamespace(
            currentTime=current, outputBufferDacTime=current + dac_s
        )
        status = types.SimpleNamespace(output_underflow=False)
        self.callback(block, frames, times, status)
        return block


@pytest.fixture
def card(monkeypatch):
    module = types.ModuleType("sounddevice")
    module.OutputStream = ScriptedStream
    module.PortAudioError = type("PortAudioError", (Exception,), {})
    found = {"name": "card", "index": 0, "default_samplerate": 44100.0}
    module.query_devices = lambda kind=None: found if kind else [found]
    module.initialised = 1

    def initialise():
        module.initialised += 1

    module._initialize, module._terminate = initialise, lambda: None
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module
