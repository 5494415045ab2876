"""A sound device that vanishes: time goes on without a jump, the next clip tries again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ear import why_no_sound
from emer_studio.devices import audio
from sound_cards import ScriptedStream

LONG = np.full((5000, 1), 0.5, np.float32)


def _play_until(output: audio.AudioOutput, at: list[float], end_s: float) -> None:
    """Let the device ask for blocks of 10 ms until it vanishes."""
    while at[0] < end_s - 1e-9:
        output._stream.ask(10)
        at[0] += 0.01


def test_time_goes_on_without_a_jump_and_the_loss_is_dated(card, at) -> None:
    output = audio.open_output(1000, 1)
    output.start(LONG)
    _play_until(output, at, 101.0)
    before = output.position_s(101.0)
    positions = [output.position_s(101.0 + k / 100) for k in range(1, 200)]
    np.testing.assert_allclose(np.diff([before, *positions]), 0.01, atol=1e-9)
    assert output.silent
    assert output.lost_t_s == pytest.approx(100.99)
    assert "stopped asking" in output.problem
    output.close()


def test_one_that_comes_back_in_the_middle_moves_no_clock(card, at) -> None:
    output = audio.open_output(1000, 1)
    output.start(LONG)
    _play_until(output, at, 101.0)
    at[0] = 102.0
    position = output.position_s()
    assert not output._stream.ask(10).any()
    assert output.position_s() == position
    output.close()


def test_a_short_hold_up_is_no_loss(card, at) -> None:
    output = audio.open_output(1000, 1)
    output.start(LONG)
    _play_until(output, at, 101.0)
    at[0] = 101.4
    output.position_s()
    assert output._stream.ask(10).all()
    assert not output.silent
    assert output.lost_t_s is None
    output.close()


def test_a_device_may_sleep_once_all_was_played(card, at) -> None:
    output = audio.open_output(1000, 1)
    output.start(LONG[:100])
    _play_until(output, at, 100.2)
    output.position_s(103.0)
    assert output.lost_t_s is None
    assert not output.silent
    output.close()


def test_the_next_clip_opens_it_again(card, at) -> None:
    output = audio.open_output(1000, 1)
    output.start(LONG)
    _play_until(output, at, 100.5)
    lost = output._stream
    output.position_s(102.0)
    output.stop()
    at[0] = 103.0
    output.revive()
    assert output._stream is not lost
    assert not lost.active
    assert card.initialised == 2  # PortAudio lists devices only when it starts
    output.start(LONG)
    assert (output.lost_t_s, output.silent) == (None, False)
    assert output._stream.ask(10).all()
    output.close()


def test_another_device_may_have_another_rate(card, at) -> None:
    output = audio.open_output(48_000, 1)
    output._stream.active = False

    class Other(ScriptedStream):
        def __init__(self, *, samplerate: int, **rest: object) -> None:
            if samplerate != 44_100:
                raise card.PortAudioError("Invalid sample rate")
            super().__init__(**rest)

    card.OutputStream = Other
    output.revive()
    assert (output.rate_hz, output.silent) == (44_100, False)
    output.close()


def test_without_a_device_the_next_clip_is_silent_and_says_why(card, at) -> None:
    output = audio.open_output(1000, 1)
    output._stream.active = False

    def gone(**_: object) -> ScriptedStream:
        raise card.PortAudioError("no such device")

    card.OutputStream = gone
    output.revive()
    output.start(LONG)
    assert output.silent
    assert "no such device" in output.problem
    assert output.position_s(101.0) == 0.0
    assert output.position_s(101.5) == pytest.approx(0.5)
    output.close()


_KILLED = """
import os, signal, sys, tempfile, threading, time
from pathlib import Path
import numpy as np
from benchmarks.ear import Ear, sound_server
from emer_studio.devices import audio

with tempfile.TemporaryDirectory() as folder:
    with sound_server(Path(folder)) as server:
        ear = Ear()
        output = audio.open_output()
        time.sleep(0.3)
        output.start(np.zeros((480_000, 2), np.float32))
        began = time.perf_counter()
        threading.Timer(1.0, os.kill, (server, signal.SIGKILL)).start()
        offsets = []
        while time.perf_counter() < began + 2.5:
            time.sleep(0.05)
            if output.position_s() > 0:
                offsets.append(output.position_s() - time.perf_counter())
        print(np.ptp(offsets), output.lost_t_s - began, output.silent)
        output.stop()
        ear.close()
    with sound_server(Path(folder)):
        output.revive()
        print(output.problem or "revived")
        output.close()
"""


@pytest.mark.skipif(bool(why_no_sound()), reason=why_no_sound())
def test_a_real_sound_server_that_is_killed(tmp_path: Path) -> None:
    tests = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {tests!r})\n{_KILLED}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    first, second = done.stdout.splitlines()[-2:]
    jump_s, lost_s, silent = first.split()
    assert float(jump_s) < 0.1, done.stderr
    assert 0.5 < float(lost_s) < 1.5
    assert silent == "True"
    assert second == "revived", done.stderr
