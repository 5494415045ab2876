"""The clip benchmark in its short form: a neutral witness sees every frame of ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bench_clip import judge, measure, why_not
from benchmarks.ear import constant_s, sound_server, why_no_sound
from benchmarks.marked_clip import BITS, NO_FRAME, _mark, frame_number, places

SIZE = (640, 360)
needs_screen = pytest.mark.skipif(bool(why_not()), reason=why_not())
needs_sound = pytest.mark.skipif(bool(why_no_sound()), reason=why_no_sound())


@pytest.mark.parametrize("number", [0, 1, 2, 29, 30, 1799, 2**BITS - 1])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_frame_tells_its_number_at_any_size(number: int, scale: int) -> None:
    picture = np.full((720, 1280, 3), 128, np.uint8)
    _mark(picture, number)
    shown = picture[::scale, ::scale, 1].astype(np.int16)
    line, columns = places(shown.shape[1], shown.shape[0])
    assert frame_number(shown[line, columns]) == number


def test_a_grey_screen_is_no_frame() -> None:
    assert frame_number(np.full(BITS + 2, 128, np.int16)) == NO_FRAME


def test_skipped_and_repeated_frames_are_counted() -> None:
    changes = np.array([[0, -1, 0], [1.0, 0, 0], [1.04, 1, 0], [1.1, 3, 0], [1.14, 1, 0]])
    seen = judge(changes, np.zeros(0), fps=25, expected=4)
    assert (seen.shown, seen.skipped, seen.repeated) == (3, 1, 1)
    assert seen.interval_ms[2] == pytest.approx(40)


@needs_screen
def test_every_frame_of_ours_becomes_visible(tmp_path: Path) -> None:
    (result,) = measure(["ours"], SIZE, 25, 2.0, tmp_path, screen=SIZE, mute=True)
    _, told, seen, _ = result
    assert told.shown == seen.shown  # what it says is what was seen
    assert seen.shown >= 45
    assert seen.repeated == 0


@needs_sound
def test_the_ear_hears_tones_when_the_server_says(tmp_path: Path) -> None:
    with sound_server(tmp_path):
        assert abs(constant_s(tones=3)) < 0.05


@needs_screen
@needs_sound
def test_sound_is_heard_with_its_picture(tmp_path: Path) -> None:
    with sound_server(tmp_path):
        (result,) = measure(["ours"], SIZE, 25, 3.0, tmp_path, screen=SIZE)
    assert abs(result[2].av_ms[0]) < 100
