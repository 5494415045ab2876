"""Whose face it is when there are several."""

from __future__ import annotations

from emer_studio.features.face_track import main_faces
from emer_studio.features.faces import Face


def face(x: float, size: float = 100.0, y: float = 50.0) -> Face:
    return Face(x, y, size, size, 0.9)


def test_one_face_is_the_face_and_none_is_none() -> None:
    frames = [[face(10.0 + k)] for k in range(5)]
    frames[2] = []
    assert main_faces(frames) == [0, 0, None, 0, 0]
    assert main_faces([[], []]) == [None, None]
    assert main_faces([]) == []


def test_somebody_behind_is_never_the_participant() -> None:
    frames = [[face(100.0), face(400.0, 40.0)] for _ in range(20)]
    for k in (7, 8):
        frames[k] = [face(400.0, 40.0)]  # the participant bends down, the other is seen
    found = main_faces(frames)
    assert found[7] is found[8] is None
    assert [index for index in found if index is not None] == [0] * 18


def test_the_order_in_which_a_detector_names_them_does_not_matter() -> None:
    frames = [[face(100.0, 100.0), face(300.0, 98.0)] for _ in range(20)]
    frames[5] = [face(300.0, 101.0), face(100.0, 99.0)]  # the other is larger, once
    found = main_faces(frames)
    assert found[5] == 1
    assert found[4] == 0


def test_who_comes_back_is_the_same_person_and_who_comes_instead_is_not() -> None:
    here, away = [[face(100.0)]] * 30, [[]] * 60
    moved, child = [[face(320.0, 110.0)]] * 10, [[face(320.0, 30.0)]] * 10
    assert main_faces([*here, *away, *moved])[-1] == 0
    assert main_faces([*here, *away, *child])[-1] is None
