"""The camera process: real files, real LSL; frames and index one to one."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import av
import numpy as np
import pytest

from clips import write_clip
from emer_studio.core.errors import BadInputError
from emer_studio.core.process import Child
from emer_studio.core.ring import RingReader
from emer_studio.devices.camera import open_camera
from emer_studio.recording.reader import read_xdf
from emer_studio.recording.video import VideoWriter


def decoded(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_video_plays_as_a_camera_in_real_time_and_loops(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, seconds=0.5, fps=20)
    camera = open_camera(f"file:{clip}", width=0, height=0, fps=0)
    assert camera.facts.fps == pytest.approx(20)
    assert camera.facts.simulated
    frames = [camera.grab() for _ in range(25)]
    camera.close()
    stamps = np.array([frame.t_s for frame in frames if frame is not None])
    assert len(stamps) == 25
    assert np.median(np.diff(stamps)) == pytest.approx(0.05, abs=0.01)


def test_frames_index_and_table_agree(tmp_path: Path) -> None:
    video, xdf = tmp_path / "face.mkv", tmp_path / "a.xdf"
    preview = tmp_path / "preview.ring"
    camera = Child(
        "camera",
        [
            "camera",
            "--camera",
            "sim",
            "--out",
            str(video),
            "--preview",
            str(preview),
            "--events",
        ],
    )
    ready = camera.wait_for("camera_ready", timeout_s=30)
    assert ready["facts"]["simulated"] is True
    source = f"id:{ready['source_id']}"
    recorder = Child(
        "recorder", ["record", "--out", str(xdf), "--stream", source, "--events"]
    )
    recorder.wait_for("recording", timeout_s=30)
    camera.send("begin", wait_for_recorder=True)
    camera.wait_for("begun", timeout_s=20)
    time.sleep(3.0)
    reader = RingReader(preview)
    assert reader.latest(1)[0].std() > 5  # a picture, not a blank
    reader.close()
    assert camera.stop() == 0
    result = camera.wait_for("result", timeout_s=1)
    time.sleep(0.3)
    assert recorder.stop() == 0
    ((stamps, values),) = read_xdf(xdf).values()
    table = rows(video.with_suffix(".frames.csv"))
    times = decoded(video)
    assert len(times) == len(stamps) == len(table) == result["frames"] > 60
    np.testing.assert_array_equal(np.asarray(values)[:, 0], np.arange(len(times)))
    np.testing.assert_allclose(
        [float(row["pts_ms"]) / 1e3 for row in table], times, atol=1e-6
    )
    np.testing.assert_allclose(np.diff(times), np.diff(stamps), atol=0.0015)


def test_a_killed_camera_loses_at_most_two_seconds(tmp_path: Path) -> None:
    video = tmp_path / "face.mkv"
    camera = Child("camera", ["camera", "--camera", "sim", "--out", str(video), "--events"])
    camera.wait_for("camera_ready", timeout_s=30)
    camera.send("begin")
    camera.wait_for("begun", timeout_s=10)
    time.sleep(5.0)
    camera.kill()
    camera.stop()
    assert not video.exists()  # never looks finished
    table = rows(video.with_suffix(".frames.csv"))
    whole = [row for row in table if row.get("dropped_before")]
    times = decoded(video.with_name("face.mkv.writing"))
    assert len(times) >= 3.0 * 25
    assert len(whole) - len(times) <= 2.0 * 30


def test_a_finished_video_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "face.mkv"
    path.write_bytes(b"precious")
    with pytest.raises(BadInputError, match="already exists"):
        VideoWriter(path, width_px=64, height_px=48, fps=30)
    assert path.read_bytes() == b"precious"


def test_odd_sizes_and_equal_stamps_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "odd.mkv"
    writer = VideoWriter(path, width_px=65, height_px=49, fps=30)
    for stamp in (10.0, 10.0, 10.2):
        writer.write(np.full((49, 65, 3), 99, np.uint8), stamp)
    writer.close()
    assert decoded(path) == [0.0, 0.001, 0.2]
