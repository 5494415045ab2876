"""Senders that come late, go, come back, move or have twins: all of it told, none lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emer_studio.core.process import Child
from emer_studio.recording.reader import load_streams
from emer_studio.recording.xdf_load import RecordedStream
from senders import MARKER_SENDER, Sender, other_hosts_possible

Senders = Callable[..., Sender]


@pytest.fixture
def senders() -> Iterator[Senders]:
    """Start senders that end with the test."""
    running: list[Sender] = []

    def start(*words: str, **how: str) -> Sender:
        running.append(Sender(*words, **how))
        return running[-1]

    yield start
    for sender in running:
        sender.kill()


class Recording:
    """A recorder under our eyes."""

    def __init__(self, out: Path, *words: str) -> None:
        self.out = out
        self.child = Child("recorder", ["record", "--out", str(out), *words, "--events"])
        self.child.wait_for("recording", timeout_s=30)

    def told(self, text: str, within_s: float) -> float:
        """Wait for a finding with this text; return how long it took."""
        began = time.monotonic()
        while True:
            left_s = within_s - (time.monotonic() - began)
            finding = self.child.next_event("finding", timeout_s=left_s)
            assert finding is not None, f"nothing was said of {text!r} within {within_s} s"
            if text in finding["what"]:
                return time.monotonic() - began

    def stop(self) -> list[RecordedStream]:
        self.child.send("stop")
        assert self.child.stop() == 0
        return load_streams(self.out)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Callable[..., Recording]]:
    made: list[Recording] = []

    def start(*words: str) -> Recording:
        made.append(Recording(tmp_path / "a.xdf", *words))
        return made[-1]

    yield start
    for recording in made:
        recording.child.stop()


def counter(stream: RecordedStream) -> Any:
    return np.asarray(stream.values)[:, 0].astype(int)


def test_a_sender_restarted_with_its_id_goes_on_in_the_same_stream(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    sender = senders(f"gaze-{unique}", "200", f"id-{unique}")
    other = senders(f"other-{unique}", "100", f"other-{unique}")
    recording = record("--stream", sender.name, "--stream", other.name)
    time.sleep(1.5)
    sender.kill()
    assert recording.told("sender is gone", 2.0) < 2.0
    sender.start()
    assert recording.told("is back", 4.0) < 4.0
    time.sleep(1.5)
    streams = {s.header.name: s for s in recording.stop()}
    assert len(streams) == 2
    steps = np.diff(counter(streams[sender.name]))
    assert np.sum(steps != 1) == 1  # one new beginning and no other hole
    assert len(steps) > 2.5 * 200 * 0.9
    np.testing.assert_array_equal(np.diff(counter(streams[other.name])), 1)


def test_a_sender_without_id_that_is_restarted_goes_on_too(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    sender = senders(f"plain-{unique}", "100", "")
    recording = record("--stream", sender.name)
    time.sleep(1.0)
    sender.kill()
    recording.told("sender is gone", 2.0)
    sender.start()
    recording.told("no source id", 4.0)
    recording.told("is back", 4.0)
    time.sleep(1.0)
    (stream,) = recording.stop()
    assert np.sum(np.diff(counter(stream)) != 1) == 1


def test_a_marker_sender_that_dies_is_reported_although_markers_may_be_silent(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    sender = senders(f"marks-{unique}", "0.2", f"m-{unique}", code=MARKER_SENDER)
    recording = record("--stream", sender.name)
    time.sleep(1.0)
    sender.kill()
    assert recording.told("sender is gone", 2.0) < 2.0
    sender.start()
    recording.told("is back", 4.0)
    time.sleep(0.5)
    marks, arrivals = recording.stop()
    numbers = np.array([int(row[0]) for row in marks.values])
    assert np.sum(np.diff(numbers) != 1) == 1  # the second run begins anew
    assert arrivals.header.name == "EMER_Arrivals"
    assert len(arrivals.stamps_s) == len(numbers)
    waited_s = arrivals.stamps_s - np.asarray(arrivals.values)[:, 1]
    assert np.all((waited_s > -0.001) & (waited_s < 0.5))


def test_a_late_stream_joins_and_one_from_elsewhere_is_kept_apart(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    if not other_hosts_possible():
        pytest.skip("needs the right to give a process a host name of its own")
    early = senders(f"early-{unique}", "100", f"early-{unique}")
    words = ("--stream", early.name, "--stream", f"late-{unique}")
    recording = record(*words, "--wait", "1", "--late")
    late = senders(f"late-{unique}", "100", f"late-{unique}")
    recording.told("appeared late", 4.0)
    time.sleep(1.0)
    late.kill()
    recording.told("sender is gone", 2.0)
    moved = senders(late.name, "100", f"late-{unique}", host="other-room")
    recording.told("other-room", 4.0)
    time.sleep(1.0)
    streams = recording.stop()
    assert [s.header.name for s in streams] == [early.name, late.name, moved.name]
    assert streams[1].header.hostname != streams[2].header.hostname == "other-room"
    for stream in streams:
        np.testing.assert_array_equal(np.diff(counter(stream)), 1)


def test_a_twin_is_reported_and_our_stream_is_untouched(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    sender = senders(f"gaze-{unique}", "100", f"id-{unique}")
    recording = record("--stream", sender.name)
    senders(f"gaze-{unique}", "100", f"id-{unique}")
    recording.told("not recorded", 8.0)
    (stream,) = recording.stop()
    np.testing.assert_array_equal(np.diff(counter(stream)), 1)


def test_twins_at_the_start_have_to_be_told_apart(
    senders: Senders, tmp_path: Path, unique: str
) -> None:
    for _ in range(2):
        senders(f"twin-{unique}", "50", f"same-{unique}")
    out = tmp_path / "t.xdf"
    words = ("record", "--out", str(out), "--stream", f"twin-{unique}", "--events")
    child = Child("recorder", words)
    try:
        error = child.wait_for("error", timeout_s=30)
        assert "uid:" in error["text"]
        uid = error["text"].split("uid:")[1].split(" ")[0]
    finally:
        assert child.stop() == 2
    assert not out.exists()
    again = Recording(out, "--stream", f"uid:{uid}")
    time.sleep(0.5)
    (stream,) = again.stop()
    assert len(stream.stamps_s) > 10


def test_everything_on_the_network_is_recorded_without_a_selection(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    senders(f"one-{unique}", "50", f"one-{unique}")
    recording = record()
    senders(f"two-{unique}", "50", f"two-{unique}")
    recording.told(f"two-{unique} appeared late", 5.0)
    time.sleep(0.5)
    names = {s.header.name for s in recording.stop()}
    assert {f"one-{unique}", f"two-{unique}"} <= names


def test_a_frozen_sender_is_silent_then_back_and_nothing_else_suffers(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    frozen = senders(f"frozen-{unique}", "100", f"f-{unique}")
    other = senders(f"fine-{unique}", "100", f"o-{unique}")
    recording = record("--stream", frozen.name, "--stream", other.name)
    time.sleep(1.0)
    frozen.signal(signal.SIGSTOP)
    assert recording.told("silent", 2.0) < 2.0
    time.sleep(5.0)  # long enough to look gone from the network
    frozen.signal(signal.SIGCONT)
    recording.told("is back", 3.0)
    streams = {s.header.name: s for s in recording.stop()}
    assert len(streams) == 2
    for stream in streams.values():  # this sender makes up for what it did not send
        np.testing.assert_array_equal(np.diff(counter(stream)), 1)


def test_what_need_not_be_there_is_recorded_when_it_is(
    senders: Senders, record: Callable[..., Recording], unique: str
) -> None:
    first = senders(f"gaze-{unique}", "100", f"id-{unique}")
    there = senders(f"eda-{unique}", "100", f"eda-{unique}")
    later = f"ecg-{unique}"
    recording = record("--stream", first.name, "--also", there.name, "--also", later)
    recording.told(f"there is no stream '{later}'", 2.0)
    senders(later, "100", later)
    recording.told("recorded from now on", 8.0)
    time.sleep(1.0)
    streams = {s.header.name: s for s in recording.stop()}
    assert {first.name, there.name, later} == set(streams)
    assert len(streams[later].stamps_s) > 50
