"""What is told about a trial whose data are odd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from emer_studio.dataset.remarks import eye_remarks, face_remarks
from emer_studio.features.eyes import Eyes, eyes_of
from emer_studio.synthetic.gaze import GazeModel
from features.eye_signals import table_of


def eyes() -> Eyes:
    return eyes_of(table_of(GazeModel(3, 120.0).next(120 * 40)))


def changed(found: Eyes, times_s: np.ndarray) -> Eyes:
    return eyes_of(replace(found.gaze, times_s=times_s))


def test_what_is_as_it_should_be_is_not_told() -> None:
    assert eye_remarks(eyes(), 10.0, 20.0) == []
    assert eye_remarks(eyes(), 500.0, 510.0) == []
    assert face_remarks(np.zeros(5, np.uint8)) == []
    assert face_remarks(np.zeros(0, np.uint8)) == []


def test_a_clock_that_jumped_is_told_where_it_did() -> None:
    found = eyes()
    times_s = found.gaze.times_s + np.where(found.gaze.times_s > 15, 0.9, 0.0)
    jumped = changed(found, times_s)
    assert eye_remarks(jumped, 10.0, 20.0) == ["no gaze sample for 0.9 s"]
    assert eye_remarks(jumped, 20.0, 30.0) == []


def test_another_rate_than_the_session_is_told() -> None:
    found = eyes()
    slow = np.cumsum(np.where(found.gaze.times_s < 10, 1 / 60, 1 / 120))
    assert eye_remarks(changed(found, slow), 0.0, 15.0) == [
        "gaze at 60 Hz, at 120 Hz in the session"
    ]


def test_a_pupil_that_never_changes_is_told() -> None:
    gaze = eyes().gaze
    flat = replace(gaze, pupil=np.where(np.isfinite(gaze.pupil), 3.0, np.nan))
    assert eye_remarks(eyes_of(flat), 10.0, 20.0) == ["the pupil never changes"]


def test_another_face_is_told() -> None:
    told = face_remarks(np.array([0, 1, 0, 0], np.uint8))
    assert told == ["another face in 25% of the frames"]
