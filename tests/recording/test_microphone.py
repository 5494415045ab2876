"""The microphone: every sample, the time of the first, and the clock's true rate."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from cameras import recorder_process
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Child
from emer_studio.devices.microphone_sim import SimulatedMicrophone
from emer_studio.recording.audio_clock import AudioClock
from emer_studio.recording.audio_file import AudioWriter, facts_path
from emer_studio.recording.audio_job import AudioJob
from emer_studio.recording.xdf_load import load_xdf

RATE = 48_000


def decoded(path: Path) -> npt.NDArray[np.int16]:
    with av.open(str(path)) as container:
        channels = container.streams.audio[0].codec_context.layout.nb_channels
        parts = [f.to_ndarray().reshape(-1, channels) for f in container.decode(audio=0)]
    return np.concatenate(parts)


def first_heard(microphone: SimulatedMicrophone, facts: dict[str, Any]) -> int:
    """Return which of the device's samples is the file's first: a whole block of 480."""
    since_s = facts["first_sample_s"] - microphone.first_sample_s
    first = since_s * microphone.true_rate_hz
    block = round(first / 480) * 480
    assert abs(first - block) / RATE < 0.001  # the time of the first sample, within 1 ms
    return block


def _record(job: AudioJob, samples: int) -> dict[str, Any]:
    job.begin()
    deadline = time.monotonic() + 30
    while job.status()["samples"] < samples:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job.end()


@pytest.mark.parametrize(
    ("channels", "seconds", "ppm"), [(1, 4.0, 8.0), (2, 0.5, 1e3)], ids=["mono", "stereo"]
)
def test_a_fast_clock_is_measured_and_every_sample_is_kept(
    tmp_path: Path, channels: int, seconds: float, ppm: float
) -> None:
    path = tmp_path / "voice_001.mka"
    microphone = SimulatedMicrophone(ppm=200.0, channels=channels)
    job = AudioJob(microphone, path, on_event=lambda *_, **__: None)
    facts = _record(job, round(seconds * RATE))
    assert facts["true_rate_hz"] == pytest.approx(RATE * (1 + 200e-6), rel=ppm * 1e-6)
    assert (facts["overflows"], facts["missing_samples"]) == (0, 0)
    heard = decoded(path)
    assert len(heard) == facts["samples"]
    first = first_heard(microphone, facts)
    np.testing.assert_array_equal(heard, microphone.heard(first, len(heard)))
    beside = json.loads(facts_path(path).read_text())
    assert beside["complete"]
    assert beside["samples"] == facts["samples"]
    assert beside["time_source"] == "adc"
    assert beside["device"]["simulated"]


def test_samples_lost_in_the_driver_are_counted_and_not_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "voice_001.mka"
    microphone = SimulatedMicrophone(ppm=-100.0, lose=(1.0, 0.5))
    job = AudioJob(microphone, path, on_event=lambda *_, **__: None)
    facts = _record(job, 2 * RATE)
    assert facts["overflows"] == facts["gap_count"] == 1
    assert facts["missing_samples"] == pytest.approx(RATE / 2, abs=48)
    heard, first = decoded(path), first_heard(microphone, facts)
    at = facts["gaps"][0]["sample_index"]
    np.testing.assert_array_equal(heard[:at], microphone.heard(first, at))
    rest = len(heard) - at
    lost = round(facts["missing_samples"] / 480) * 480
    np.testing.assert_array_equal(heard[at:], microphone.heard(first + at + lost, rest))


def test_what_a_slow_disk_cannot_take_is_dropped_and_counted(tmp_path: Path) -> None:
    go, events = threading.Event(), list[str]()

    class Slow(AudioWriter):
        def write(self, samples: npt.NDArray[np.int16]) -> None:
            go.wait(10)
            super().write(samples)

    microphone = SimulatedMicrophone(rate_hz=8000)
    job = AudioJob(
        microphone,
        tmp_path / "voice.mka",
        on_event=lambda _, **fields: events.append(str(fields.get("what"))),
        make_writer=Slow,
    )
    job._queue.maxsize = 20
    job.begin()
    deadline = time.monotonic() + 10
    while job.status()["dropped_samples"] < 4000 and time.monotonic() < deadline:
        time.sleep(0.02)
    go.set()
    while job.status()["missing_samples"] < 4000 and time.monotonic() < deadline:
        time.sleep(0.02)
    facts = job.end()
    assert facts["dropped_samples"] == facts["missing_samples"] >= 4000
    assert facts["true_rate_hz"] == pytest.approx(8000, rel=2e-4)
    assert events == ["microphone: the disk is too slow"]


def test_a_killed_microphone_leaves_sound_facts_and_stream(tmp_path: Path) -> None:
    path, xdf = tmp_path / "voice_001.mka", tmp_path / "a.xdf"
    child = Child(
        "microphone",
        ["microphone", "--source", "sim:ppm=50", "--out", str(path), "--events"],
    )
    try:
        source = child.wait_for("microphone_ready", timeout_s=30)["source_id"]
        with recorder_process(xdf, source) as recorder:
            child.send("begin", wait_for_recorder=True)
            child.wait_for("begun", timeout_s=20)
            while child.wait_for("status", timeout_s=20)["samples"] < 2 * RATE:
                pass
            time.sleep(random.uniform(0.0, 0.5))
            child.kill()
            time.sleep(0.3)
            recorder.stop()
    finally:
        child.kill()
        child.stop()
    assert not path.exists()
    heard = decoded(path.with_name("voice_001.mka.writing"))
    facts = json.loads(facts_path(path).read_text())
    (stream,) = load_xdf(xdf).streams
    rows = np.asarray(stream.values)
    sent = int(rows[-1, 0] + rows[-1, 1])
    assert 0 <= sent - len(heard) <= 2 * RATE
    assert sent - facts["samples"] <= 2 * RATE
    assert not facts["complete"]
    np.testing.assert_array_equal(rows[:, 0], np.cumsum(rows[:, 1]) - rows[:, 1])
    line = facts["first_sample_s"] + rows[:, 0] / facts["true_rate_hz"]
    assert np.median(np.abs(stream.raw_stamps_s - line)) < 0.001


def test_the_end_of_the_input_ends_it_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "voice_001.mka"
    child = Child(
        "microphone", ["microphone", "--source", "sim", "--out", str(path), "--events"]
    )
    child.wait_for("microphone_ready", timeout_s=30)
    child.send("begin")
    child.wait_for("status", timeout_s=10)
    began = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - began < 1.0
    result = child.wait_for("result", timeout_s=1)
    assert result["samples"] == len(decoded(path)) > 0


def test_a_microphone_that_never_began_leaves_no_file(tmp_path: Path) -> None:
    job = AudioJob(
        SimulatedMicrophone(), tmp_path / "a.mka", on_event=lambda *_, **__: None
    )
    assert job.end()["samples"] == 0
    assert not list(tmp_path.iterdir())


def test_silence_of_the_device_is_a_finding(tmp_path: Path) -> None:
    events: list[str] = []
    microphone = SimulatedMicrophone()
    job = AudioJob(
        microphone,
        tmp_path / "a.mka",
        on_event=lambda _, **fields: events.append(str(fields["what"])),
    )
    job.watch()
    assert not events
    microphone.close()  # the plug is pulled
    job._heard_s -= 1.5
    job.watch()
    job.watch()
    assert len(events) == 1
    assert events[0].startswith("microphone: nothing heard for 1.")
    assert job.status()["problem"].startswith("nothing heard")
    job.end()


def test_a_finished_recording_is_never_overwritten(tmp_path: Path) -> None:
    facts_path(tmp_path / "a.mka").write_text("precious")
    with pytest.raises(BadInputError, match="already exists"):
        AudioWriter(tmp_path / "a.mka", rate_hz=RATE, channels=1)


def test_an_hour_with_bad_blocks_is_fitted_in_bounded_memory() -> None:
    rng = np.random.default_rng(4)
    fitted = AudioClock(RATE)
    true_hz, first_s = RATE * (1 - 73e-6), 123_456.789
    index = np.arange(0, 3600 * RATE, 480)
    t_s = first_s + index / true_hz + rng.normal(0, 2e-4, len(index))
    late = rng.random(len(index)) < 0.05
    t_s[late] += rng.exponential(0.05, late.sum())
    for k, at_s in zip(index.tolist(), t_s.tolist(), strict=True):
        fitted.add(k, at_s)
    fit = fitted.fit()
    assert fit is not None
    assert fit.rate_hz == pytest.approx(true_hz, rel=1e-7)
    assert fit.first_sample_s == pytest.approx(first_s, abs=5e-5)
    assert len(fitted._pairs) <= 20_000


def test_a_moment_of_sound_has_the_nominal_rate() -> None:
    fitted = AudioClock(RATE)
    assert fitted.fit() is None
    fitted.add(0, 5.0)
    fitted.add(480, 5.0101)
    fit = fitted.fit()
    assert fit is not None
    assert fit.rate_hz == RATE
    assert fit.first_sample_s == pytest.approx(5.00005)
