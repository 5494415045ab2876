"""Drawn faces must be found by the detectors the program uses."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from emer_studio.core.emotions import ABBREVIATIONS
from emer_studio.core.errors import BadInputError
from emer_studio.synthetic.face import EMOTIONS, FaceRenderer


def _frames(seeds, moments):
    for seed in seeds:
        renderer = FaceRenderer(seed)
        for emotion in EMOTIONS:
            for t_s in moments:
                yield renderer.render(emotion, t_s=t_s)


def test_the_order_is_emers():
    assert EMOTIONS == (
        "happiness", "sadness", "fear", "surprise", "disgust", "anger", "neutral",
    )  # fmt: skip
    assert tuple(ABBREVIATIONS) == EMOTIONS


def test_same_seed_same_picture_and_other_seed_another():
    first = FaceRenderer(3).render("fear", 0.6, t_s=2.5)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, FaceRenderer(3).render("fear", 0.6, t_s=2.5))
    assert not np.array_equal(first, FaceRenderer(4).render("fear", 0.6, t_s=2.5))


def test_intensity_moves_the_face_and_zero_is_neutral():
    renderer = FaceRenderer(1)
    neutral = renderer.render("neutral")
    for emotion in EMOTIONS[:-1]:
        change = [
            cv2.absdiff(renderer.render(emotion, share), neutral).mean()
            for share in (0.0, 0.4, 1.0)
        ]
        assert change[0] == 0.0
        assert 0.0 < change[1] < change[2]


def test_haar_finds_exactly_one_face():
    finder = cv2.CascadeClassifier(
        cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
    )
    counts = []
    for frame in _frames(range(10), (0.0, 2.7)):
        gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        counts.append(len(finder.detectMultiScale(gray, 1.1, 5, minSize=(60, 60))))
    assert np.mean(np.asarray(counts) == 1) >= 0.97


def test_yunet_finds_exactly_one_face(shared: Path):
    model = shared / "models" / "face_detection_yunet_2023mar.onnx"
    finder = cv2.FaceDetectorYN.create(str(model), "", (640, 480), 0.6, 0.3, 50)
    counts = []
    for frame in _frames(range(10), (0.0, 5.1)):
        found = finder.detect(frame)[1]
        counts.append(0 if found is None else len(found))
    assert np.mean(np.asarray(counts) == 1) >= 0.97


@pytest.mark.parametrize("size", [48, 112])
def test_crop_is_filled_by_the_face_and_shows_the_emotion(size: int):
    crops = [FaceRenderer(2).render_crop(emotion, size=size) for emotion in EMOTIONS]
    for index, crop in enumerate(crops):
        assert crop.shape == (size, size, 3)
        for other in crops[:index]:
            assert cv2.absdiff(crop, other).max() > 40


def test_it_blinks_now_and_then():
    renderer = FaceRenderer(0)
    shut = [renderer._blink(t) > 0.5 for t in np.arange(0.0, 60.0, 1 / 30)]
    assert 0.01 < np.mean(shut) < 0.10


def test_any_place_and_size_can_be_drawn():
    for face_px in (20.0, 60.0, 700.0):
        assert FaceRenderer(0, 320, 240).render("anger", face_px=face_px).shape == (
            240,
            320,
            3,
        )


def test_unknown_emotion_is_refused_by_name():
    with pytest.raises(BadInputError, match="contempt"):
        FaceRenderer(0).render("contempt")
