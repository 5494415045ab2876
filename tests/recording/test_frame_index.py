"""Rows of a camera's stream against the pictures in its videos."""

from __future__ import annotations

import numpy as np

from emer_studio.recording.frame_index import FileIndex, index_by_file


def rows(*files: tuple[int, range], dropped: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    return np.array(
        [
            [index, index / 30, 5.0, dropped, number]
            for number, all_ in files
            for index in all_
        ]
    )


def test_rows_of_two_files_are_counted_apart() -> None:
    values = rows((1, range(30)), (2, range(20)))
    first, second = index_by_file(values, np.arange(50) / 30, {1: 30, 2: 20})
    assert first == FileIndex(1, 30, 30, 0, 0, 0.0, 0, 0)
    assert second == FileIndex(2, 20, 20, 0, 0, 0.0, 0, 0)


def test_a_killed_camera_leaves_rows_without_a_picture() -> None:
    (found,) = index_by_file(rows((3, range(60))), np.arange(60) / 30, {3: 51})
    assert (found.without_picture, found.holes, found.without_row) == (9, 0, 0)
    assert abs(found.without_picture_s - 9 / 30) < 1e-9


def test_lost_rows_are_holes_and_pictures_behind_the_last_row_are_named() -> None:
    values = np.delete(rows((1, range(2, 30)), dropped=1), [5, 6], axis=0)
    (found,) = index_by_file(values, np.arange(26) / 30, {1: 33})
    assert (found.holes, found.without_row, found.dropped) == (2, 3, 26)


def test_old_rows_of_four_channels_belong_to_the_only_video() -> None:
    (found,) = index_by_file(rows((1, range(10)))[:, :4], np.arange(10) / 30, {7: 10})
    assert (found.file, found.rows, found.frames, found.holes) == (7, 10, 10, 0)


def test_a_video_without_rows_and_rows_without_a_video_are_both_reported() -> None:
    first, second = index_by_file(rows((2, range(4))), np.arange(4.0), {1: 12})
    assert (first.rows, first.frames, first.without_row) == (0, 12, 12)
    assert (second.frames, second.without_picture, second.without_picture_s) == (0, 4, 3.0)
    assert index_by_file([], np.zeros(0), {}) == ()
