"""The bar code that lets a picture say which frame it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from emer_studio.synthetic.face import FaceRenderer
from emer_studio.synthetic.frame_code import FrameCode, draw_code, read_code


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1920, 1080)])
def test_a_code_survives_a_coarse_jpeg(size: tuple[int, int]) -> None:
    picture = FaceRenderer(1, *size).render("happiness")
    draw_code(picture, 123_456, 98_765.4321)
    raw = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    again = np.asarray(cv2.imdecode(raw, cv2.IMREAD_COLOR), np.uint8)
    assert read_code(again) == FrameCode(123_456, 987_654_321)


def test_a_picture_without_a_code_is_not_taken_for_one() -> None:
    assert read_code(FaceRenderer(1, 640, 480).render("fear")) is None
    assert read_code(np.zeros((480, 640, 3), np.uint8)) is None
