"""SIGKILL at a random moment: the video plays to within 2 s and still matches its rows."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from cameras import (
    assert_pictures_are_rows,
    camera_process,
    recorded,
    recorder_process,
    table,
)
from emer_studio.core import clock
from emer_studio.recording.codecs import CODECS, Codec
from emer_studio.recording.frame_index import index_by_file
from emer_studio.recording.reader import count_video_frames

_MAY_BE_LOST_S = 2.0
_FPS = 30


@pytest.mark.parametrize("codec", CODECS)
def test_a_killed_camera_loses_at_most_two_seconds(tmp_path: Path, codec: Codec) -> None:
    video, xdf = tmp_path / "face_001.mkv", tmp_path / "a.xdf"
    jpeg = ",pre=20,jpeg=1" if codec == "mjpeg" else ""
    with camera_process(f"sim:code=1{jpeg}", video, "--codec", codec) as camera:
        source = camera.ready()["source_id"]
        with recorder_process(xdf, source) as recorder:
            camera.begin(recorded=True)
            camera.wait_frames(40)
            time.sleep(random.uniform(0.0, 1.0))
            killed_s = clock.now_s()
            camera.kill()
            time.sleep(0.3)
            recorder.stop()
    assert not video.exists()  # it never looks finished
    cut = video.with_name("face_001.mkv.writing")
    stamps, values = recorded(xdf)
    rows = np.array([float(row["t_s"]) for row in table(video)])
    may_end = round(_MAY_BE_LOST_S * _FPS)
    n = assert_pictures_are_rows(cut, stamps, may_end=may_end)
    assert killed_s - stamps[n - 1] <= _MAY_BE_LOST_S
    (found,) = index_by_file(values, stamps, {1: count_video_frames(cut)})
    assert (found.holes, found.without_row) == (0, 0)
    assert found.without_picture == len(stamps) - n
    assert found.without_picture_s <= _MAY_BE_LOST_S
    # Stream and table were written after one another: they differ by a frame at most.
    shared = min(len(rows), len(stamps))
    assert abs(len(rows) - len(stamps)) <= 1
    np.testing.assert_array_equal(rows[:shared], stamps[:shared])
