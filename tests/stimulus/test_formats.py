"""Clips of every kind that labs have: frames in order, right colours, sound in place."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emer_studio.core import clock
from emer_studio.core.errors import BadInputError
from emer_studio.devices.audio import SilentOutput
from emer_studio.stimulus.engine import ClipPlayer, Frame
from emer_studio.stimulus.inspect import inspect_clip
from emer_studio.stimulus.library import look_at
from kinds import (
    BEEP_HZ,
    BEEP_LONG_S,
    BEEP_S,
    COLOURS,
    Kind,
    cut_off_frames,
    frame_times,
    write_corner,
    write_kind,
)

B_FRAMES = {"bf": "3", "b_strategy": "0", "g": "12"}
NTSC = Fraction(30000, 1001)
KINDS = {
    "mp4, H.264 and AAC": Kind(),
    "matroska, B-frames, AC-3 5.1": Kind(
        ".mkv", options=B_FRAMES, audio="ac3", speakers="5.1"
    ),
    "mp4, B-frames": Kind(options=B_FRAMES),
    "mov, 24 fps, PCM": Kind(".mov", fps=Fraction(24), audio="pcm_s16le"),
    "avi, MPEG-4, PCM of 44.1 kHz": Kind(
        ".avi", "mpeg4", {"b": "2M"}, Fraction(25), audio="pcm_s16le", rate_hz=44_100
    ),
    "avi, MPEG-4 with B-frames": Kind(".avi", "mpeg4", {"b": "2M", "bf": "2"}, audio=""),
    "matroska, MP3": Kind(".mkv", audio="libmp3lame"),
    "webm, VP9 and Opus": Kind(".webm", "libvpx-vp9", {"cpu-used": "8"}, audio="libopus"),
    "webm, VP8 and Vorbis": Kind(".webm", "libvpx", {"b": "4M"}, audio="vorbis"),
    "mono": Kind(speakers="mono"),
    "29.97 fps": Kind(fps=NTSC),
    "50 fps": Kind(fps=Fraction(50)),
    "60 fps, B-frames": Kind(".mkv", fps=Fraction(60), options=B_FRAMES),
    "variable rate": Kind(".mkv", fps=Fraction(60), steps=(1, 3, 2, 6)),
    "variable rate, mp4": Kind(fps=Fraction(60), steps=(1, 3, 2, 6), options=B_FRAMES),
    "no sound": Kind(audio=""),
    "odd size": Kind(".mkv", "libx264", pix_fmt="yuv444p", size=(853, 479)),
    "anamorphic": Kind(size=(360, 288), pixel=Fraction(16, 11)),
    "BT.709": Kind(matrix=1),
    "BT.601": Kind(matrix=6),
    "BT.709, full range": Kind(matrix=1, full=True),
    "BT.601, full range": Kind(".mkv", matrix=5, full=True),
    "HD that does not say its matrix": Kind(size=(1280, 720), matrix=1),
    "10 bits, SDR": Kind(".mkv", pix_fmt="yuv420p10le", matrix=1, transfer=1),
    "video starts late": Kind(".mkv", video_from_s=0.4),
    "video starts late, mp4": Kind(video_from_s=0.4, options=B_FRAMES),
    "sound starts late": Kind(".mkv", audio_from_s=0.3),
    "sound starts late, mp4": Kind(audio_from_s=0.3),
    "mpeg-ts": Kind(".ts", options=B_FRAMES),
}


@pytest.fixture
def at() -> Iterator[list[float]]:
    now = [50.0]
    clock.set_source(lambda: now[0])
    yield now
    clock.set_source(None)


def played(player: ClipPlayer, at: list[float]) -> list[Frame]:
    """Play a clip on a clock set by hand; return every frame that was due."""
    player.start()
    seen: list[Frame] = []
    deadline = time.monotonic() + 30
    while not player.ended(at[0]):
        assert time.monotonic() < deadline
        while not player._queue and not player._decoded_all:
            time.sleep(0.001)
        frame = player.due_frame(at[0])
        if frame is not None:
            seen.append(frame)
        at[0] = max(player.next_due_s(at[0]), at[0] + 1e-6)
    return seen


def middle(frame: Frame) -> tuple[int, int, int]:
    height, width = frame.picture.shape[:2]
    blue, green, red = frame.picture[height // 2, width // 2, :3].tolist()
    return red, green, blue


def beep_at_s(sound: np.ndarray, rate_hz: int) -> float:
    """Return when the tone begins: where a window of its length is fullest."""
    turning = np.exp(-2j * np.pi * BEEP_HZ * np.arange(len(sound)) / rate_hz)
    total = np.concatenate([[0], np.cumsum(sound.mean(axis=1) * turning)])
    length = round(BEEP_LONG_S * rate_hz)
    return float(np.argmax(np.abs(total[length:] - total[:-length]))) / rate_hz


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_every_frame_in_order_in_its_colour_with_its_sound(
    tmp_path: Path, at: list[float], kind: Kind
) -> None:
    player = ClipPlayer(write_kind(tmp_path / "clip", kind), output=SilentOutput())
    facts = player.prepare()
    times = frame_times(kind)
    try:
        seen = played(player, at)
    finally:
        player.close()
    assert facts.expected == len(times)
    assert [frame.index for frame in seen] == list(range(len(times)))
    assert sum(frame.dropped_before for frame in seen) == player.decode_errors == 0
    np.testing.assert_allclose(
        [frame.media_s for frame in seen], [float(t) for t in times], atol=0.0011
    )
    for frame in seen:
        expected = COLOURS[frame.index % len(COLOURS)]
        off = np.abs(np.subtract(middle(frame), expected)).max()
        assert off <= 8, (frame.index, middle(frame), expected)
    assert facts.has_audio == bool(kind.audio)
    if kind.audio:
        begins = beep_at_s(player._sound, 48_000)
        assert begins == pytest.approx(BEEP_S - kind.video_from_s, abs=0.005)


def shown(path: Path) -> tuple[tuple[int, int], np.ndarray]:
    """Return the size that the engine tells, and the first picture."""
    player = ClipPlayer(path)
    facts = player.prepare()
    player.close()
    return (facts.width, facts.height), player.first_frame.picture


def test_pixels_that_are_no_squares_are_shown_as_wide_as_meant(tmp_path: Path) -> None:
    path = write_kind(tmp_path / "a", Kind(size=(360, 288), pixel=Fraction(16, 11)))
    size, picture = shown(path)
    assert size == (524, 288)
    assert picture.shape == (288, 524, 4)
    assert (inspect_clip(path).width_px, look_at(path).width_px) == (524, 524)


@pytest.mark.parametrize(
    ("matrix", "corner"),
    [
        pytest.param(None, (0, 0), id="upright"),
        pytest.param((0, 1, -1, 0), (0, 1), id="a quarter turn clockwise"),
        pytest.param((-1, 0, 0, -1), (1, 1), id="upside down"),
        pytest.param((0, -1, 1, 0), (1, 0), id="a quarter turn back"),
    ],
)
def test_a_phone_clip_is_turned_as_its_flag_says(
    tmp_path: Path, matrix: tuple[int, ...] | None, corner: tuple[int, int]
) -> None:
    path = write_corner(tmp_path / "a.mp4", matrix)
    size, picture = shown(path)
    turned = matrix is not None and matrix[0] == 0
    assert size == ((180, 320) if turned else (320, 180))
    assert picture.shape[:2] == size[::-1]
    quarters = picture[:, :, 1].astype(float)
    half = quarters.shape[0] // 2, quarters.shape[1] // 2
    light = [
        [quarters[:half[0], :half[1]].mean(), quarters[:half[0], half[1]:].mean()],
        [quarters[half[0]:, :half[1]].mean(), quarters[half[0]:, half[1]:].mean()],
    ]  # fmt: skip
    assert np.unravel_index(np.argmax(light), (2, 2)) == corner
    report, look = inspect_clip(path), look_at(path)
    assert (report.width_px, report.height_px) == (look.width_px, look.height_px) == size


def test_what_an_edit_list_cuts_off_is_neither_shown_nor_missed(
    tmp_path: Path, at: list[float]
) -> None:
    kind = Kind(options=B_FRAMES)
    path = write_kind(tmp_path / "a", kind)
    cut_off_frames(path, 10)
    player = ClipPlayer(path)
    facts = player.prepare()
    seen = played(player, at)
    player.close()
    assert facts.expected == len(seen) == 20
    assert [frame.index for frame in seen] == list(range(20))
    assert np.abs(np.subtract(middle(seen[0]), COLOURS[10 % 7])).max() <= 8
    assert inspect_clip(path).problems == ()


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_with_the_way_to_mend_it(
    tmp_path: Path, transfer: int, name: str
) -> None:
    kind = Kind(".mkv", pix_fmt="yuv420p10le", matrix=9, transfer=transfer, seconds=0.2)
    path = write_kind(tmp_path / "a", kind)
    with pytest.raises(BadInputError, match=f"HDR .{name}") as refusal:
        look_at(path)
    assert "tonemap" in refusal.value.fix
    assert inspect_clip(path).hdr == (refusal.value.message, refusal.value.fix)
    with pytest.raises(BadInputError, match="HDR"):
        ClipPlayer(path).prepare()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.parametrize("transfer", [16, 18])
def test_the_way_to_mend_hdr_does_mend_it(tmp_path: Path, transfer: int) -> None:
    if (
        "zscale"
        not in subprocess.run(
            ["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True
        ).stdout
    ):
        pytest.skip("this ffmpeg has no zscale")
    kind = Kind(".mkv", pix_fmt="yuv420p10le", matrix=9, transfer=transfer, seconds=0.2)
    path = write_kind(tmp_path / "my clip", kind)
    with pytest.raises(BadInputError) as refusal:
        look_at(path)
    command = refusal.value.fix.partition("convert it: ")[2]
    subprocess.run(shlex.split(command), cwd=tmp_path, check=True, capture_output=True)
    assert look_at(tmp_path / "my clip-sdr.mp4").width_px == 320
