from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from emer_studio.devices import audio
from sound_cards import ScriptedStream


def test_the_onset_is_the_dac_time_on_our_clock(card, at):
    output = audio.open_output(1000, 2)
    stream = output._stream
    stream.ask(10)
    output.start(np.full((30, 2), 0.5, np.float32))
    assert output.position_s() == -stream.latency
    at[0] = 100.010
    block = stream.ask(20, dac_s=0.012)
    assert np.all(block == 0.5)
    assert output.onset_t_s == pytest.approx(100.022, abs=1e-9)
    assert output.position_s(100.022) == pytest.approx(0.0, abs=1e-9)
    assert output.position_s(100.052) == pytest.approx(0.030, abs=1e-9)
    block = stream.ask(20)
    assert np.all(block[:10] == 0.5)
    assert np.all(block[10:] == 0)
    output.close()


def test_a_callback_that_wakes_late_does_not_move_the_clock(card, at):
    output = audio.open_output(1000, 1)
    for _ in range(8):
        output._stream.ask(10)
        at[0] += 0.01
    output.start(np.zeros((50, 1), np.float32))
    before = at[0]
    output._stream.ask(10, late_s=0.004)
    assert output.onset_t_s == pytest.approx(before - 0.004 + 0.01, abs=1e-6)
    output.close()


def test_a_card_that_falls_asleep_leaves_the_plain_clock(card, at):
    output = audio.open_output(1000, 1)
    output.start(np.zeros((50, 1), np.float32))
    assert not output.silent
    assert output.position_s(100.6) == 0.0
    assert output.silent
    assert "asked for no sound" in output.problem
    assert output.position_s(101.6) == pytest.approx(1.0)
    output.close()


def test_a_card_that_swallows_sound_is_called_silent(card, at):
    output = audio.open_output(1000, 1)
    output.start(np.zeros((5000, 1), np.float32))
    for _ in range(10):
        output._stream.ask(500)
    assert output.silent
    assert output.position_s(100.51) == pytest.approx(0.5, abs=1e-6)
    output.close()


def test_a_card_that_refuses_the_rate_is_opened_at_its_own(card, at):
    class Picky(ScriptedStream):
        def __init__(self, *, samplerate, **rest):
            if samplerate != 44100:
                raise card.PortAudioError("Invalid sample rate")
            super().__init__(**rest)

    card.OutputStream = Picky
    output = audio.open_output(48_000, 2)
    assert output.rate_hz == 44100
    output.close()


def test_samples_of_another_layout_are_refused(card, at):
    output = audio.open_output(1000, 2)
    with pytest.raises(ValueError, match="shape"):
        output.start(np.zeros(10, np.float32))
    output.close()


def test_without_portaudio_the_output_is_silent_and_says_how_to_mend_it(
    monkeypatch, tmp_path, at
):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    output = audio.open_output()
    assert output.silent
    assert "libportaudio2" in output.problem
    assert "libportaudio2" in audio.describe_outputs().fix
    output.start(np.zeros((10, 2), np.float32))
    at[0] = 100.25
    assert output.position_s() == pytest.approx(0.25)
    assert output.onset_t_s == 100.0
    output.stop()
    assert output.onset_t_s is None


_NULL = """
import time, numpy as np
from emer_studio.devices import audio
assert audio.describe_outputs().outputs, audio.describe_outputs()
output = audio.open_output()
assert isinstance(output, audio.DeviceOutput), output.problem
output.start(np.zeros((96_000, 2), np.float32))
time.sleep(0.2)
print(output.silent, output.onset_t_s is not None, 0.1 < output.position_s() < 0.4)
output.close()
"""


def test_the_real_portaudio_plays_into_alsas_null_device(tmp_path):
    system = Path("/usr/share/alsa/alsa.conf")
    if not system.exists() or not list(Path("/usr/lib").glob("*/libportaudio.so.2")):
        pytest.skip("needs ALSA and PortAudio")
    config = tmp_path / "asound.conf"
    config.write_text(f"<{system}>\npcm.!default {{ type null }}\n")
    done = subprocess.run(
        [sys.executable, "-c", _NULL],
        env={**os.environ, "ALSA_CONFIG_PATH": str(config)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    # ALSA's null device swallows everything at once: known, flagged, and time goes on.
    assert done.stdout.split()[-3:] == ["True", "True", "True"], done.stderr
