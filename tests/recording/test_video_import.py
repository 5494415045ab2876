"""A video from elsewhere keeps its pictures and gets a stamp for each frame."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.features.frames import FrameReader
from emer_studio.recording.reader import count_video_frames, frame_table
from emer_studio.recording.video_import import take_video

TIMES_MS = [0, 40, 80, 200, 240, 280, 320, 360, 400, 440]  # with a hole


def write(path: Path, codec: str, bframes: int) -> Path:
    """Write ten grey levels, one a frame, at those times (those without: at 25 Hz)."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.max_b_frames = bframes
        even = path.suffix in (".avi", ".h264")
        stream.codec_context.time_base = Fraction(1, 25 if even else 1000)
        for index, at_ms in enumerate(TIMES_MS):
            picture = np.full((48, 64, 3), 20 + 20 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = index if even else at_ms
            frame.time_base = stream.codec_context.time_base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "bframes", "anew"),
    [
        ("a.mp4", "libx264", 2, False),
        ("a.mkv", "libx264", 0, False),
        ("a.avi", "mpeg4", 0, False),
        ("a.h264", "libx264", 0, True),
    ],
)
def test_pictures_and_times_stay(
    tmp_path: Path, name: str, codec: str, bframes: int, anew: bool
) -> None:
    source = write(tmp_path / name, codec, bframes)
    before = source.read_bytes()
    taken = take_video(source, tmp_path / "face_001.mkv", 100.5)
    assert source.read_bytes() == before
    assert taken.encoded_anew == anew
    assert (taken.width_px, taken.height_px) == (64, 48)
    even = source.suffix in (".avi", ".h264")
    times_s = np.arange(10) / 25 if even else np.array(TIMES_MS) / 1000
    table = frame_table(tmp_path / "face_001.mkv")
    np.testing.assert_allclose(table["t_s"], 100.5 + times_s, atol=1e-6)
    assert count_video_frames(tmp_path / "face_001.mkv") == 10
    frames = FrameReader(tmp_path / "face_001.mkv")
    for index in range(10):
        assert abs(int(frames.rgb(index)[5, 5, 0]) - (20 + 20 * index)) < 6
    np.testing.assert_allclose(np.diff(frames.times_s), np.diff(times_s), atol=2e-3)
    frames.close()


def test_what_is_no_video_is_one_message(tmp_path: Path) -> None:
    text = tmp_path / "a.mp4"
    text.write_text("no video")
    with pytest.raises(BadInputError, match="not a readable video"):
        take_video(text, tmp_path / "face_001.mkv", 0.0)


def turned(path: Path) -> Path:
    """Give an MP4 the matrix of a telephone held upright: (x, y) is shown at (h - y, x)."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"tkhd") + 4 + 40
    one, height = 0x10000, 48 * 0x10000
    matrix = (0, one, 0, -one, 0, 0, height, 0, 0x40000000)
    raw[at : at + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(raw)
    return path


def test_a_telephones_video_stands_upright(tmp_path: Path) -> None:
    source = tmp_path / "phone.mp4"
    with av.open(str(source), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[:24, :32] = 250  # top left, to be seen at the top right
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    taken = take_video(turned(source), tmp_path / "face_001.mkv", 0.0)
    assert taken.encoded_anew
    assert (taken.width_px, taken.height_px) == (48, 64)
    frames = FrameReader(tmp_path / "face_001.mkv")
    shown = frames.rgb(2)[:, :, 0]
    frames.close()
    assert shown[5, 43] > 200
    assert max(shown[5, 5], shown[58, 5], shown[58, 43]) < 50
