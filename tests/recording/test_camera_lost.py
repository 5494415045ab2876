"""A camera that stalls, is unplugged, comes back changed, or whose driver hangs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cameras import (
    assert_pictures_are_rows,
    camera_process,
    recorded,
    recorder_process,
    table,
)
from clips import write_clip
from emer_studio.core import clock
from emer_studio.core.errors import MissingError
from emer_studio.devices.camera import CameraFacts, CameraOptions, Frame, camera_opener
from emer_studio.recording.camera_job import CameraJob


def test_an_unplugged_camera_alarms_and_goes_on_in_a_second_file(tmp_path: Path) -> None:
    first, second, xdf = (
        tmp_path / name for name in ("face_001.mkv", "face_002.mkv", "a.xdf")
    )
    # Long enough after the opening for a recorder to have connected on a busy machine.
    with camera_process("sim:code=1,unplug=4+1.2", first) as camera:
        ready = camera.ready()
        with recorder_process(xdf, ready["source_id"]) as recorder:
            camera.begin(recorded=True)
            lost = camera.finding("no picture for")
            assert float(lost.split("for ")[1].split(" s")[0]) <= 2.0
            back = camera.finding("camera is back after")
            assert back.endswith("in face_002.mkv")
            total = camera.wait_frames(1)["frames"]
            camera.wait_frames(total + 20)
            result = camera.stop()
            time.sleep(0.3)
            recorder.stop()
    stamps, values = recorded(xdf)
    assert result["code"] == 0
    assert [file["file"] for file in result["files"]] == [1, 2]
    assert result["outage_count"] == 1
    assert 1.2 <= result["outages"][0]["length_s"] <= 4.0
    for number, video in ((1, first), (2, second)):
        mine = values[:, 4] == number
        assert assert_pictures_are_rows(video, stamps[mine]) == len(table(video))
        np.testing.assert_array_equal(values[mine, 0], np.arange(mine.sum()))
    assert sum(file["frames"] for file in result["files"]) == len(stamps)
    assert not list(tmp_path.glob("*.writing"))


def test_a_stall_that_ends_by_itself_continues_the_file(tmp_path: Path) -> None:
    video = tmp_path / "face_001.mkv"
    with camera_process("sim:code=1,stall=1.5+2.2", video) as camera:
        camera.ready()
        camera.begin()
        lost = camera.finding("no picture for")
        assert 1.0 <= float(lost.split("for ")[1].split(" s")[0]) <= 2.0
        assert camera.finding("camera is back").endswith("in face_001.mkv")
        status = camera.child.wait_for("status", timeout_s=5)
        assert status["problem"] == ""
        silent = [e for e in camera.events if e["event"] == "status" and e["silent_s"]]
        assert any(e["problem"].startswith("no picture for 1.") for e in silent)
        camera.wait_frames(status["frames"] + 10)
        result = camera.stop()
    assert result["code"] == 0
    assert result["dropped"] == 0
    assert result["gaps"] >= 1
    assert [Path(file["video"]).name for file in result["files"]] == ["face_001.mkv"]
    assert_pictures_are_rows(video, [float(row["t_s"]) for row in table(video)])


def test_a_driver_that_never_returns_cannot_keep_the_process(tmp_path: Path) -> None:
    video = tmp_path / "face_001.mkv"
    with camera_process("sim:code=1,hang=1.5", video) as camera:
        camera.ready()
        camera.begin()
        camera.finding("no picture for")
        began = time.monotonic()
        result = camera.stop()
        assert time.monotonic() - began <= 1.0
    assert result["code"] == 1
    assert result["problem"].startswith("no picture for the last")
    rows = table(video)
    assert video.exists()  # closed properly, not left as .writing
    assert assert_pictures_are_rows(video, [float(r["t_s"]) for r in rows]) == len(rows)


_BLOCKED_IN_OPEN = """
import sys, threading
from emer_studio.cli import main
from emer_studio.recording import cmd_camera
cmd_camera.camera_opener = lambda spec, options: threading.Event().wait
print("ready", flush=True)
sys.exit(main(["camera", "--camera", "sim", "--out", sys.argv[1], "--events"]))
"""


def test_a_driver_that_never_opens_cannot_keep_the_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BLOCKED_IN_OPEN, str(tmp_path / "face_001.mkv")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    said, _ = process.communicate('{"cmd": "begin"}\n', timeout=20)
    assert process.returncode == 1
    assert time.monotonic() - began <= 1.0
    assert "did not open" in said


def test_a_video_that_ends_is_opened_again(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.5, fps=20, tone_hz=None)
    seen: list[str] = []
    job = CameraJob(
        camera_opener(f"once:{clip}"),
        tmp_path / "face_001.mkv",
        on_event=lambda _, **fields: seen.append(str(fields.get("what"))),
    )
    job.open()
    job.begin()
    while job.status()["frames"] < 12:
        time.sleep(0.02)
    result = job.end()
    assert seen[0].startswith("camera: no picture for 0.")
    assert any("in face_002.mkv" in what for what in seen)
    assert len(result["files"]) == 2


class FakeCamera:
    """A camera whose driver does what the test says."""

    def __init__(
        self, width: int, stuck: threading.Event | None, fps: float = 50.0
    ) -> None:
        self.facts = CameraFacts("fake", "fake", width, 48, fps, "bgr24", True)
        self.stuck, self.left, self.closed = stuck, 10, False

    def grab(self) -> Frame | None:
        if self.left == 0:
            if self.stuck is None:
                raise OSError("no such device")
            self.stuck.wait(30)
        self.left -= 1
        time.sleep(0.02)
        return Frame(np.zeros((48, self.facts.width_px, 3), np.uint8), clock.now_s())

    def situation(self, command: dict[str, Any]) -> None: ...

    def close(self) -> None:
        self.closed = True


def test_what_the_camera_may_still_change_is_a_finding(tmp_path: Path) -> None:
    camera = FakeCamera(64, None)
    details = (
        ("exposure", "locked=no wanted=1 got=2"),
        ("focus", "locked=yes wanted=1 got=1"),
    )
    camera.facts = replace(camera.facts, details=details)
    job, seen = _job([camera], tmp_path)
    job.end()
    assert seen == ["camera: not locked, may change: exposure"]


def _job(cameras: list[FakeCamera], folder: Path) -> tuple[CameraJob, list[str]]:
    left, seen = list(cameras), list[str]()

    def opener() -> FakeCamera:
        if not left:
            raise MissingError("It is gone.")
        return left.pop(0)

    job = CameraJob(
        opener,
        folder / "face_001.mkv",
        on_event=lambda _, **fields: seen.append(str(fields.get("what"))),
        abandon_s=1.5,
    )
    job.open()
    job.begin()
    return job, seen


def _until(job: CameraJob, frames: int) -> None:
    deadline = time.monotonic() + 15
    while job.status()["frames"] < frames:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_camera_that_comes_back_with_another_size_has_it_in_its_file(
    tmp_path: Path,
) -> None:
    cameras = [FakeCamera(64, None), FakeCamera(96, None)]
    job, seen = _job(cameras, tmp_path)
    _until(job, 20)
    result = job.end()
    assert [file["width_px"] for file in result["files"]] == [64, 96]
    assert "it failed (no such device)" in seen[0]
    assert all(camera.closed for camera in cameras)


def test_a_stuck_call_is_left_behind_and_the_camera_opened_again(tmp_path: Path) -> None:
    stuck = threading.Event()
    first, second = FakeCamera(64, stuck), FakeCamera(64, None)
    job, seen = _job([first, second], tmp_path)
    _until(job, 20)
    assert any("in face_002.mkv" in what for what in seen)
    stuck.set()  # the old call returns after all: it must deliver nothing, and close
    deadline = time.monotonic() + 5
    while not first.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert first.closed
    assert job.end()["frames"] == 20
    assert not job.source.blocked


def test_a_camera_lost_before_writing_began_still_makes_one_file(tmp_path: Path) -> None:
    seen: list[str] = []
    job = CameraJob(
        camera_opener("sim:pre=2,unplug=0.3+0.1", CameraOptions(64, 48, 50.0)),
        tmp_path / "face_001.mkv",
        on_event=lambda _, **fields: seen.append(str(fields.get("what"))),
    )
    job.open()
    deadline = time.monotonic() + 10
    while not any("back" in what for what in seen) and time.monotonic() < deadline:
        time.sleep(0.02)
    job.begin()
    _until(job, 5)
    result = job.end()
    assert [Path(file["video"]).name for file in result["files"]] == ["face_001.mkv"]
    assert "camera is back after" in seen[-1]
