"""Processes of a running session that are killed: the session goes on and loses nothing."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from crashes import Session, nothing_lost
from emer_studio.core.process import command_line
from emer_studio.recording.reader import count_video_frames
from emer_studio.study.folder import create_study
from senders import Sender


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    create_study(folder, seed=1)
    return folder


@pytest.fixture
def tracker(unique: str) -> Iterator[Sender]:
    sender = Sender(f"foreign-{unique}", "250", f"src-{unique}")
    yield sender
    sender.kill()


@pytest.fixture
def session(study: Path, tmp_path: Path, tracker: Sender) -> Iterator[Session]:
    """A session whose first clip is on the screen."""
    session = Session(study, tmp_path, tracker.name)
    try:
        session.wait_for("clip_onset")
        yield session
    finally:
        session.end()


def test_recorders_killed_one_after_the_other_lose_nothing(
    session: Session, tracker: Sender
) -> None:
    """Each is killed alone, while the other records; what is kept needs both of both."""
    time.sleep(0.7)
    session.process_with("streams_001").kill()
    session.wait_for("the recorder process ended unexpectedly")
    assert session.journal_count("started again") == 1
    session.wait_until_both_have(tracker.name, "streams_002.xdf", "standby_001.xdf")
    session.process_with("standby_001").kill()
    session.wait_for("the standby recorder process ended unexpectedly")
    assert session.journal_count("started again") == 2
    result = session.result()
    assert result["state"] == "complete"
    assert result["ratings"] == 2
    for stem in ("streams", "standby"):
        assert (session.folder / f"{stem}_002.xdf").exists()
    nothing_lost(session.folder, tracker.name)
    for name in ("recorder", "standby recorder"):
        said = f"the {name} process ended unexpectedly"
        assert any(said in text and "started again" in text for text in result["findings"])
    assert result["verdict"] == "amber", result["findings"]


def test_a_recorder_that_hangs_is_noticed_and_replaced(
    study: Path, tmp_path: Path, tracker: Sender
) -> None:
    session = Session(study, tmp_path, tracker.name, clip_s=9.0)
    try:
        session.wait_for("clip_onset")
        session.process_with("streams_001").suspend()
        session.wait_for("the recorder process does not answer", timeout_s=6.0)
        session.wait_for("started again", timeout_s=20.0)
        session.result()
    finally:
        session.end()
    nothing_lost(session.folder, tracker.name)
    assert (session.folder / "streams_002.xdf").exists()


def test_a_killed_camera_goes_on_in_a_second_file(
    session: Session, tracker: Sender
) -> None:
    time.sleep(1.5)
    session.process_with("face_001").kill()
    session.wait_for("started again")
    result = session.result()
    assert result["state"] == "complete"
    recording = nothing_lost(session.folder, tracker.name)
    (video,) = [s for s in recording.streams if s.header.type == "VideoFrames"]
    assert set(np.asarray(video.values)[:, 4]) == {1.0, 2.0}
    assert result["verdict"] == "amber", result["findings"]
    assert any("face_001.mkv was cut off" in text for text in result["findings"])
    assert [path.name for path in recording.videos] == ["face_001.mkv", "face_002.mkv"]
    assert recording.manifest.videos == ("face_001.mkv", "face_002.mkv")
    assert (session.folder / "face_001.mkv.cut").exists()  # the bytes as they were left
    for path in recording.videos:
        frames = count_video_frames(path)
        assert frames > 30
        assert frames <= len(recording.frame_times(path))
    done = subprocess.run(command_line("salvage", str(session.folder)), timeout=60)
    assert done.returncode == 0  # nothing is left to do


def test_without_any_recorder_the_session_ends_as_failed(
    session: Session,
) -> None:
    deadline = time.monotonic() + 60
    while session.process.poll() is None and time.monotonic() < deadline:
        for child in psutil.Process(session.process.pid).children():
            if any("streams_" in part or "standby_" in part for part in child.cmdline()):
                child.kill()
        time.sleep(0.3)
    text, errors = session.process.communicate(timeout=60)
    assert session.process.returncode == 1, errors
    assert json.loads(text.strip().splitlines()[-1])["state"] == "failed"
    journal = (session.folder / "journal.jsonl").read_text().strip().splitlines()
    assert json.loads(journal[-1])["state"] == "failed"
