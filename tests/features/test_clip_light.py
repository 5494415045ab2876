"""The light of a clip around the gaze."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.clip_light import clip_light, light_around
from emer_studio.features.fixation_map import WHOLE, Frame
from features.eye_signals import GEOMETRY


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of a white left half, then half a second of a white right one."""
    path = tmp_path_factory.mktemp("light") / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for k in range(20):
            picture = np.zeros((180, 320, 3), np.uint8)
            picture[:, slice(0, 160) if k < 10 else slice(160, 320)] = 255
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def around(clip: Path, since_s: list[float], xy: list[list[float]], **kwargs) -> np.ndarray:
    frame = kwargs.pop("frame", WHOLE)
    light = clip_light(clip, **kwargs)
    return light_around(light, np.array(since_s), np.array(xy), frame, GEOMETRY)


def test_it_is_bright_where_one_looks_at_the_bright_half(clip: Path) -> None:
    left, right = [0.2, 0.5], [0.8, 0.5]
    found = around(clip, [0.1, 0.1, 0.7, 0.7], [left, right, left, right])
    np.testing.assert_allclose(found, [1, 0, 0, 1], atol=0.03)


def test_whoever_looks_nowhere_gets_the_whole_picture(clip: Path) -> None:
    found = around(clip, [0.1, 0.1], [[np.nan, np.nan], [1.4, 0.5]])
    np.testing.assert_allclose(found, 0.5, atol=0.03)


def test_a_clip_that_begins_later_and_has_bars_is_taken_where_it_is(clip: Path) -> None:
    bars = Frame(0.25, 0.25, 0.5, 0.5)
    places = [[0.3, 0.5], [0.7, 0.5]]
    found = around(clip, [0.1, 0.1], places, trim_in_s=0.5, frame=bars)
    assert found[0] < 0.2
    assert found[1] > 0.8


def test_what_is_no_clip_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("no clip")
    with pytest.raises(BadInputError, match="does not decode"):
        clip_light(tmp_path / "x.mp4")
