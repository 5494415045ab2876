"""The face video against its index: cut off, too short, too long, or lying about itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emer_studio.recording.check import check_session
from emer_studio.recording.reader import Recording, count_video_frames, video_frames
from emer_studio.recording.video_salvage import cut_off_videos, finish_video
from emer_studio.study.folder import create_study
from sessions import write_session


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write_session(create_study(tmp_path / "study", seed=1))


def texts(folder: Path) -> str:
    return "\n".join(check_session(folder)["findings"])


def test_a_video_that_declares_more_frames_than_it_has(session: Path, shared: Path) -> None:
    lying = shared / "media" / "no_face.mp4"
    assert video_frames(lying) == (95, 98)
    shutil.copy(lying, session / "face_001.mkv")
    found = texts(session)
    assert "red: face_001.mkv declares 98 frames and has 95" in found


def test_a_video_that_is_none(session: Path) -> None:
    (session / "face_001.mkv").write_bytes(b"not a video")
    assert "not a readable video" in texts(session)


def test_a_video_that_is_gone(session: Path) -> None:
    (session / "face_001.mkv").unlink()
    found = texts(session)
    assert "red: there is no face video" in found
    assert "belong to no video file" in found


def test_a_cut_off_video_is_finished_and_its_bytes_kept(session: Path) -> None:
    video = session / "face_001.mkv"
    frames = count_video_frames(video)
    whole = video.read_bytes()
    writing = session / "face_001.mkv.writing"
    writing.write_bytes(whole[: len(whole) * 2 // 3])
    video.unlink()
    left = writing.read_bytes()
    assert "emer-studio salvage" in texts(session)
    assert cut_off_videos(session) == [writing]
    finished, kept = finish_video(writing)
    assert finished == video
    assert 0 < kept < frames
    assert count_video_frames(video) == kept
    assert (session / "face_001.mkv.cut").read_bytes() == left
    assert cut_off_videos(session) == []
    found = texts(session)
    assert f"face_001.mkv was cut off: {kept} frames are in it" in found
    assert Recording(session).videos == [video]
