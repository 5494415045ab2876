"""What cameras are named by, the simulated camera's faults, videos as cameras."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest

from clips import write_clip
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.devices.camera import CameraOptions, Frame, camera_opener
from emer_studio.devices.camera_sim_spec import SimulationOptions, parse_simulation
from emer_studio.synthetic.frame_code import read_code

SMALL = CameraOptions(width_px=64, height_px=48, fps=100.0)


def test_faults_are_read_and_may_be_given_several_times() -> None:
    text = "seed=3,emotion=disgust,code=1,drop=30-32,drop=90,stall=5+2,unplug=10+3.5,hang=8"
    assert parse_simulation(text) == SimulationOptions(
        seed=3,
        emotion="disgust",
        code=True,
        drop=((30, 32), (90, 90)),
        stall=((5.0, 2.0),),
        unplug=((10.0, 3.5),),
        hang=(8.0,),
    )
    assert parse_simulation("") == SimulationOptions()


@pytest.mark.parametrize(
    "text", ["drop=a", "stall=5", "unplug=3+x", "code=2", "colour=1", "seed", "emotion=joy"]
)
def test_a_bad_fault_names_itself_and_the_form(text: str) -> None:
    with pytest.raises(BadInputError, match=text.partition("=")[0]) as caught:
        camera_opener(f"sim:{text}")
    assert "sim:KEY=VALUE" in str(caught.value)


@pytest.mark.parametrize("spec", ["", "webcam", "file:", "once:", "-1"])
def test_a_text_that_names_no_camera_says_what_would(spec: str) -> None:
    with pytest.raises(BadInputError, match="not a camera"):
        camera_opener(spec)


def test_dropped_frames_are_missing_from_their_numbers() -> None:
    camera = camera_opener("sim:code=1,drop=3-5", CameraOptions(320, 240, 100.0))()
    numbers = []
    for _ in range(5):
        frame = camera.grab()
        assert frame is not None
        code = read_code(frame.picture())
        assert code is not None
        numbers.append(code.number)
    camera.close()
    assert not {3, 4, 5} & set(numbers)
    assert numbers == sorted(set(numbers))


def test_an_unplugged_camera_opens_again_when_it_is_plugged_in() -> None:
    opener = camera_opener("sim:unplug=0.2+0.3", SMALL)
    camera = opener()
    began = time.monotonic()
    while camera.grab() is not None:
        assert time.monotonic() - began < 5
    with pytest.raises(MissingError, match="unplugged"):
        opener()
    while time.monotonic() - began < 0.55:
        time.sleep(0.01)
    assert opener().grab() is not None


def test_a_jpeg_camera_hands_on_its_bytes_only_when_asked() -> None:
    decoded = camera_opener("sim:jpeg=1,pre=2", SMALL)().grab()
    assert decoded is not None
    assert decoded.jpeg is None
    raw = camera_opener(
        "sim:jpeg=1,pre=2", CameraOptions(64, 48, 100.0, jpeg=True)
    )().grab()
    assert raw is not None
    assert raw.bgr is None
    assert raw.jpeg is not None
    assert raw.jpeg.startswith(b"\xff\xd8")
    assert raw.picture().shape == (48, 64, 3)
    assert raw.small(16, 12, of_width_px=64).shape == (12, 16, 3)


def test_a_damaged_jpeg_says_so() -> None:
    with pytest.raises(ValueError, match="cannot be decoded"):
        Frame(None, 0.0, b"\xff\xd8 no more").picture()


def test_a_video_plays_as_a_camera_in_real_time_and_loops(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a?b.mp4", seconds=0.5, fps=20)
    camera = camera_opener(f"file:{clip}")()
    assert camera.facts.fps == pytest.approx(20)
    assert camera.facts.simulated
    frames = [camera.grab() for _ in range(25)]
    camera.close()
    stamps = np.array([frame.t_s for frame in frames if frame is not None])
    assert len(stamps) == 25
    assert np.median(np.diff(stamps)) == pytest.approx(0.05, abs=0.01)


def test_a_video_played_once_ends_like_a_pulled_plug(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2, fps=50)
    opener = camera_opener(f"once:{clip}")
    for _ in range(2):  # and may be opened again
        camera = opener()
        count = 0
        while camera.grab() is not None:
            count += 1
        camera.close()
        assert count == 10


@pytest.mark.parametrize("damaged_bytes", [0, 40])
def test_a_video_that_declares_more_frames_than_it_has_plays_those_it_has(
    tmp_path: Path, damaged_bytes: int
) -> None:
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    write_clip(whole, seconds=0.98, fps=100, tone_hz=None)
    with av.open(str(whole)) as source, av.open(str(cut), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        stream.metadata["NUMBER_OF_FRAMES"] = "98"
        for number, packet in enumerate(source.demux(video=0)):
            if packet.size and number < 95:
                packet.stream = stream
                out.mux(packet)
    data = cut.read_bytes()
    cut.write_bytes(data[: len(data) - damaged_bytes])
    camera = camera_opener(f"once:{cut}")()
    count = 0
    while camera.grab() is not None:
        count += 1
    assert count == 95 if not damaged_bytes else 80 <= count <= 95


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("no video")
    with pytest.raises(BadInputError, match="cannot be used as a camera"):
        camera_opener(f"file:{text}")()
    with pytest.raises(BadInputError, match="does not exist"):
        camera_opener(f"file:{tmp_path / 'b.mp4'}")()
