"""Frames by decoded index, exactly, on a video with uneven time stamps."""

from __future__ import annotations

import av
import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.frames import FrameReader
from emer_studio.recording.video import VideoWriter

STEPS_S = (0.033, 0.051, 0.017, 0.2, 0.04)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Ninety frames, each one grey level brighter, with uneven time stamps."""
    path = tmp_path_factory.mktemp("video") / "face_001.mkv"
    writer = VideoWriter(path, width_px=64, height_px=48, fps=30.0)
    t_s = 5.0
    for index in range(90):
        writer.write(np.full((48, 64, 3), 20 + 2 * index, np.uint8), t_s)
        t_s += STEPS_S[index % len(STEPS_S)]
    writer.close()
    return path


def _in_order(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_every_frame_is_the_decoders_own_in_any_order(video):
    truth = _in_order(video)
    reader = FrameReader(video, cache=4)
    assert len(reader) == len(truth) == 90
    order = np.random.default_rng(1).permutation(90).tolist()
    for index in [*range(90), *reversed(range(90)), *order]:
        assert np.array_equal(reader.rgb(index), truth[index]), index
    reader.close()


def test_times_come_from_the_stamps_not_from_a_rate(video):
    reader = FrameReader(video)
    expected = np.concatenate([[0], np.cumsum([STEPS_S[k % 5] for k in range(89)])])
    assert np.allclose(reader.times_s, expected, atol=0.0011)
    assert reader.at(0.0) == 0
    assert reader.at(0.15) == 3  # shown from 0.101 s to 0.301 s
    assert reader.at(0.30) == 3
    assert reader.at(1e9) == 89
    reader.close()


def test_outside_of_the_video_is_an_error(video):
    reader = FrameReader(video)
    for index in (-1, 90):
        with pytest.raises(IndexError):
            reader.rgb(index)
    reader.close()


def test_a_file_that_is_no_video_is_refused(tmp_path):
    path = tmp_path / "face_001.mkv"
    path.write_text("not a video")
    with pytest.raises(BadInputError, match="readable video"):
        FrameReader(path)
    with pytest.raises(BadInputError):
        FrameReader(tmp_path / "absent.mkv")
