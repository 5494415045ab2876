"""The camera process: real files, real LSL; frames and index one to one."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest

from cameras import (
    assert_pictures_are_rows,
    camera_process,
    pictures,
    recorded,
    recorder_process,
    table,
)
from emer_studio.cli import main
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.ring import RingReader
from emer_studio.devices.camera import CameraOptions, camera_opener
from emer_studio.recording.camera_job import CameraJob
from emer_studio.recording.codecs import CODECS, Codec
from emer_studio.recording.face_file import next_video
from emer_studio.recording.frame_index import file_number
from emer_studio.recording.video import VideoWriter
from emer_studio.synthetic.frame_code import FrameCode


def decoded(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def test_pictures_index_and_table_agree(tmp_path: Path) -> None:
    video, xdf = tmp_path / "face_001.mkv", tmp_path / "a.xdf"
    preview = tmp_path / "preview.ring"
    with camera_process("sim:code=1", video, "--preview", str(preview)) as camera:
        ready = camera.ready()
        assert ready["facts"]["simulated"] is True
        with recorder_process(xdf, ready["source_id"]) as recorder:
            camera.begin(recorded=True)
            camera.wait_frames(60)
            reader = RingReader(preview)
            assert reader.latest(1)[0].std() > 5  # a picture, not a blank
            reader.close()
            result = camera.stop()
            time.sleep(0.3)
            recorder.stop()
    stamps, values = recorded(xdf)
    rows = table(video)
    assert result["code"] == 0
    assert assert_pictures_are_rows(video, stamps) == len(rows) == result["frames"] >= 60
    np.testing.assert_array_equal(values[:, 0], np.arange(len(stamps)))
    assert set(values[:, 4]) == {1.0}
    np.testing.assert_array_equal([float(row["t_s"]) for row in rows], stamps)
    np.testing.assert_allclose(
        [float(row["pts_ms"]) / 1e3 for row in rows], decoded(video), atol=1e-6
    )
    assert result["files"][0]["video"] == result["video"] == str(video)


def test_a_restarted_camera_continues_as_the_same_source(tmp_path: Path) -> None:
    xdf, source = tmp_path / "a.xdf", "emer-studio:test:restarted"
    first, second = tmp_path / "face_001.mkv", tmp_path / "face_002.mkv"
    with camera_process("sim:code=1", first, "--source-id", source) as camera:
        assert camera.ready()["source_id"] == source
        with recorder_process(xdf, source) as recorder:
            camera.begin(recorded=True)
            camera.wait_frames(15)
            camera.kill()
            with camera_process("sim:code=1", second, "--source-id", source) as again:
                again.ready()
                again.begin(recorded=True)
                again.wait_frames(15)
                again.stop()
            time.sleep(0.3)
            recorder.stop()
    stamps, values = recorded(xdf)
    mine = values[:, 4] == 2  # the number of the second file
    codes = [code.ticks for _, code, _ in pictures(second) if code]
    index = values[mine, 0].astype(int)
    # Whoever else listens on this network may let it begin before our recorder is back, so
    # the first rows may be missing; those that came name their pictures, up to the last.
    np.testing.assert_array_equal(index, np.arange(index[0], len(codes)))
    assert [codes[k] for k in index] == [FrameCode.of(0, t).ticks for t in stamps[mine]]


def test_frames_before_the_recorder_came_are_in_its_index(tmp_path: Path) -> None:
    xdf, video = tmp_path / "a.xdf", tmp_path / "face_001.mkv"
    with camera_process("sim:code=1", video) as camera:
        source = camera.ready()["source_id"]
        camera.begin()
        camera.wait_frames(15)  # nobody listens yet
        with recorder_process(xdf, source):
            time.sleep(0.5)
            camera.stop()
            time.sleep(0.3)
    stamps, values = recorded(xdf)
    np.testing.assert_array_equal(values[:, 0], np.arange(len(pictures(video))))
    assert_pictures_are_rows(video, stamps)


def test_a_camera_that_never_opens_is_missing(tmp_path: Path) -> None:
    job = CameraJob(camera_opener("8"), tmp_path / "a.mkv", on_event=lambda *_, **__: None)
    with pytest.raises(MissingError, match="Camera 8 cannot be opened"):
        job.open()
    assert not list(tmp_path.iterdir())
    with camera_process("sim:unplug=0+9", tmp_path / "b.mkv") as camera:
        assert camera.child.finish(20) == 3
        assert "unplugged" in camera.child.last_error


@pytest.mark.parametrize("taken", ["a.mkv", "a.mkv.writing", "a.frames.csv"])
def test_what_an_earlier_camera_left_is_refused_at_once(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    assert main(["camera", "--camera", "sim", "--out", str(tmp_path / "a.mkv")]) == 2
    assert (tmp_path / taken).read_text() == "precious"


class SlowWriter(VideoWriter):
    """An encoder that needs three intervals for a frame until it is let go."""

    hurry = threading.Event()

    def write(self, bgr: np.ndarray, t_s: float) -> int:  # type: ignore[type-arg]
        self.hurry.wait(0.03)
        return super().write(bgr, t_s)


def test_what_a_slow_encoder_cannot_take_is_dropped_and_counted(tmp_path: Path) -> None:
    SlowWriter.hurry.clear()
    events: list[tuple[str, str]] = []
    video = tmp_path / "face_001.mkv"
    job = CameraJob(
        camera_opener("sim:pre=4,code=1", CameraOptions(640, 480, 100.0)),
        video,
        on_event=lambda name, **fields: events.append((name, str(fields.get("what")))),
        make_writer=SlowWriter,
    )
    job.open()
    job.begin()
    deadline = time.monotonic() + 20
    while job.status()["dropped"] < 20 and time.monotonic() < deadline:
        time.sleep(0.02)
    SlowWriter.hurry.set()
    result = job.end()
    rows = table(video)
    assert result["dropped"] >= 20
    assert result["frames"] + result["dropped"] == result["grabbed"]
    in_rows = sum(int(row["dropped_before"]) for row in rows)
    assert 0 <= result["dropped"] - in_rows <= 5  # those after the last row stand nowhere
    assert events.count(("finding", "camera: the encoder is too slow")) == 1
    # Every row with drops before it has a gap in the device's own numbering, as long.
    assert_pictures_are_rows(video, [float(row["t_s"]) for row in rows])
    numbers = [code.number for _, code, _ in pictures(video) if code]
    lost = np.diff(numbers, prepend=numbers[0] - 1) - 1
    assert all(n >= int(row["dropped_before"]) for n, row in zip(lost, rows, strict=True))


def test_frames_that_never_came_are_not_counted_as_dropped(tmp_path: Path) -> None:
    job = CameraJob(
        camera_opener("sim:pre=2,drop=20-24,drop=40", CameraOptions(64, 48, 50.0)),
        tmp_path / "face.mkv",
        on_event=lambda *_, **__: None,
    )
    job.open()
    job.begin()
    while job.status()["frames"] < 50:
        time.sleep(0.02)
    result = job.end()
    assert result["dropped"] == 0
    assert result["missed"] >= 6
    assert result["gaps"] == len(result["gap_list"]) >= 2
    assert any(
        length == pytest.approx(6 / 50, abs=0.015) for _, length in result["gap_list"]
    )


class FullDisk(VideoWriter):
    """A writer that can put five frames on the disk."""

    def write(self, bgr: np.ndarray, t_s: float) -> int:  # type: ignore[type-arg]
        if self.frames == 5:
            raise OSError(28, "No space left on device")
        return super().write(bgr, t_s)


def test_a_full_disk_ends_it_with_an_error_and_keeps_what_there_is(tmp_path: Path) -> None:
    events: list[str] = []
    video = tmp_path / "face_001.mkv"
    job = CameraJob(
        camera_opener("sim:pre=2,code=1", CameraOptions(320, 240, 50.0)),
        video,
        on_event=lambda name, **_: events.append(name),
        make_writer=FullDisk,
    )
    job.open()
    job.begin()
    deadline = time.monotonic() + 10
    while not job.failed and time.monotonic() < deadline:
        time.sleep(0.02)
    result = job.end()
    assert "No space left" in result["problem"]
    assert "error" in events
    stamps = [float(row["t_s"]) for row in table(video)]
    assert assert_pictures_are_rows(video.with_name("face_001.mkv.writing"), stamps) == 5


def test_a_camera_at_half_its_rate_is_a_finding(tmp_path: Path) -> None:
    seen: list[str] = []
    every_other = ",".join(f"drop={n}" for n in range(1, 400, 2))
    job = CameraJob(
        camera_opener(f"sim:pre=2,{every_other}", CameraOptions(64, 48, 100.0)),
        tmp_path / "face_001.mkv",
        on_event=lambda _, **fields: seen.append(str(fields.get("what"))),
    )
    job.open()
    job.begin()
    while job.status()["frames"] < 95:
        time.sleep(0.02)
    assert job.end()["missed"] > 50
    assert [what for what in seen if "frames a second, not 100" in what]


def test_names_of_further_files_are_never_taken_twice(tmp_path: Path) -> None:
    assert next_video(tmp_path / "face_001.mkv").name == "face_002.mkv"
    assert next_video(tmp_path / "face.mkv").name == "face_002.mkv"
    assert next_video(tmp_path / "face_9.mkv").name == "face_10.mkv"
    (tmp_path / "face_002.mkv.writing").touch()
    (tmp_path / "face_003.frames.csv").touch()
    assert next_video(tmp_path / "face_001.mkv").name == "face_004.mkv"
    assert file_number(tmp_path / "face_017.mkv") == 17
    assert file_number(tmp_path / "face_002.mkv.writing") == 2
    assert file_number(tmp_path / "face.mkv") == 1


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


@pytest.mark.parametrize("rate_hz", [30.0, 7.0])
def test_key_frames_come_every_half_second_at_any_real_rate(
    tmp_path: Path, rate_hz: float
) -> None:
    path = tmp_path / "keys.mkv"
    writer = VideoWriter(path, width_px=64, height_px=48, fps=30)
    for n in range(40):
        writer.write(np.full((48, 64, 3), n, np.uint8), n / rate_hz)
    writer.close()
    keys = [time_s for time_s, _, is_key in pictures(path) if is_key]
    assert keys[0] == 0
    assert max(np.diff(keys)) <= 0.501


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_keeps_the_picture(tmp_path: Path, codec: Codec) -> None:
    path = tmp_path / "a.mkv"
    device = camera_opener("sim:code=1", CameraOptions(320, 240, 30.0))
    sent = [frame for frame in (device().grab() for _ in range(10)) if frame]
    writer = VideoWriter(path, width_px=320, height_px=240, fps=30, codec=codec)
    for frame in sent:
        writer.write(frame.picture(), frame.t_s)
    writer.close()
    with av.open(str(path)) as container:
        got = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)]
    error = np.mean(
        [(a.picture().astype(float) - b) ** 2 for a, b in zip(sent, got, strict=True)]
    )
    assert 10 * np.log10(255**2 / error) > 33
    assert_pictures_are_rows(path, [frame.t_s for frame in sent])


def test_a_cameras_own_jpegs_go_into_the_file_untouched(tmp_path: Path) -> None:
    video = tmp_path / "face.mkv"
    opener = camera_opener("sim:jpeg=1,pre=5", CameraOptions(320, 240, 30.0, jpeg=True))
    device = opener.__self__  # type: ignore[attr-defined]
    sent = {device.take(n, 0.0, jpeg=True).jpeg for n in range(5)}
    job = CameraJob(opener, video, on_event=lambda *_, **__: None, codec="mjpeg")
    job.open()
    job.begin()
    while job.status()["frames"] < 12:
        time.sleep(0.02)
    result = job.end()
    with av.open(str(video)) as container:
        stored = [bytes(p) for p in container.demux(video=0) if p.size]
    assert len(stored) == result["frames"] == len(decoded(video))
    assert set(stored) == sent
