"""Face detection and cropping on drawn and on real pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.modelfiles import MODELS_VARIABLE
from emer_studio.features.faces import (
    Face,
    align_crop,
    open_detector,
    pick_main_face,
    square_crop,
)
from emer_studio.synthetic.face import FaceRenderer


@pytest.fixture
def yunet(shared: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(MODELS_VARIABLE, str(shared / "models"))
    return open_detector("yunet")


def test_auto_takes_haar_without_and_yunet_with_its_file(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    assert open_detector().name == "haar"
    with pytest.raises(MissingError, match="models install yunet"):
        open_detector("yunet")
    monkeypatch.setenv(MODELS_VARIABLE, str(shared / "models"))
    assert open_detector().name == "yunet"


def test_a_wrong_yunet_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"not a network")
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path))
    with pytest.raises(BadInputError, match="expected SHA-256 8f2383e4"):
        open_detector()


def test_unknown_detector_is_refused():
    with pytest.raises(BadInputError, match="retina"):
        open_detector("retina")  # type: ignore[arg-type]


@pytest.mark.parametrize("scale", [1, 3])
def test_boxes_come_back_in_pixels_of_the_given_picture(scale: int, yunet):
    picture = FaceRenderer(2).render("neutral", face_px=170)
    big = cv2.resize(picture, None, fx=scale, fy=scale)
    for detector in (yunet, open_detector("haar")):
        (face,) = detector.detect(big)
        assert 130 * scale < face.w < 260 * scale
        assert abs(face.x + face.w / 2 - 320 * scale) < 30 * scale
        assert face.y < 200 * scale < face.y + face.h


def test_landmarks_lie_on_the_drawn_eyes_and_mouth(yunet):
    (face,) = yunet.detect(FaceRenderer(1).render("neutral"))
    eye_a, eye_b, nose, mouth_a, mouth_b = face.landmarks
    assert eye_a[0] < nose[0] < eye_b[0]
    assert mouth_a[0] < nose[0] < mouth_b[0]
    assert eye_a[1] < nose[1] < mouth_a[1]


def test_real_pictures(shared: Path, yunet):
    media = shared / "media"
    assert len(yunet.detect(cv2.imread(str(media / "multi_face.jpg")))) == 5
    assert len(yunet.detect(cv2.imread(str(media / "justin.jpg")))) == 1
    assert yunet.detect(cv2.imread(str(media / "no-faces.jpg"))) == []
    assert open_detector("haar").detect(cv2.imread(str(media / "no-faces.jpg"))) == []


def test_the_main_face_is_the_largest():
    small, large = Face(0, 0, 10, 10, 0.99), Face(50, 50, 40, 30, 0.5)
    assert pick_main_face([small, large]) is large
    assert pick_main_face([]) is None


@pytest.mark.parametrize("angle", [0.0, 25.0, -40.0])
def test_alignment_undoes_turning_scaling_and_shifting(angle: float):
    """A picture turned about its middle gives the same crop as the upright one."""
    picture = FaceRenderer(4).render("happiness")
    points = np.asarray(
        [[285, 205], [357, 205], [321, 250], [295, 285], [348, 285]], np.float32
    )
    upright = align_crop(picture, Face(0, 0, 1, 1, 1.0, points))
    turn = cv2.getRotationMatrix2D((320, 240), angle, 0.9)
    turned = cv2.warpAffine(picture, turn, (640, 480))
    moved = (points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    again = align_crop(turned, Face(0, 0, 1, 1, 1.0, moved))
    assert again.shape == (112, 112, 3)
    assert cv2.absdiff(upright, again).mean() < 4.0


def test_alignment_puts_the_eyes_in_their_places(yunet):
    picture = FaceRenderer(6).render("neutral", t_s=3.0)
    (face,) = yunet.detect(picture)
    # The aligned crop, enlarged onto a plain ground, is a face again: eyes level.
    crop = align_crop(picture, face, 224)
    ground = np.full((480, 480, 3), 127, np.uint8)
    ground[128:352, 128:352] = crop
    (found,) = yunet.detect(ground)
    eyes = (found.landmarks[:2] - 128) / 2.0
    assert np.allclose(eyes, [[38.3, 51.7], [73.5, 51.5]], atol=6.0)


def test_square_crop_beyond_the_edge_keeps_its_size():
    picture = FaceRenderer(0, 120, 100).render()
    for box in ((-30, -20, 60, 60), (100, 80, 50, 70), (500, 500, 20, 20), (10, 10, 0, 0)):
        assert square_crop(picture, Face(*box, 1.0), 64, 0.2).shape == (64, 64, 3)


def test_without_landmarks_the_square_box_is_used():
    picture = FaceRenderer(0).render()
    face = Face(230, 150, 180, 200, 1.0)
    assert np.array_equal(align_crop(picture, face), square_crop(picture, face, 112, 0.2))


def test_a_gray_picture_is_refused_in_words():
    with pytest.raises(BadInputError, match=r"\(h, w, 3\)"):
        open_detector("haar").detect(np.zeros((48, 48), np.uint8))
