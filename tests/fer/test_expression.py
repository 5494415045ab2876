"""Class order, colour order and scaling come from the manifest and are obeyed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import Face, HaarDetector, open_detector
from emer_studio.fer.expression import ExpressionModel
from emer_studio.schema.models import load_manifest

from .conftest import entry_for, write_linear_network

OWN_ORDER = (
    "anger",
    "contempt",
    "disgust",
    "fear",
    "happiness",
    "neutral",
    "sadness",
    "surprise",
)
FACE = Face(0, 0, 8, 8, 1.0)
WHITE = np.full((8, 8, 3), 255, np.uint8)


def _model(
    tmp_path: Path, logits: list[float], classes=OWN_ORDER, **changes
) -> ExpressionModel:
    path = tmp_path / "linear.onnx"
    write_linear_network(path, np.asarray([logits]))
    return ExpressionModel(entry_for(path, classes, **changes), path)


def test_columns_come_in_emers_order_and_contempt_is_left_out(tmp_path: Path):
    logits = [float(index) for index in range(8)]
    p = _model(tmp_path, logits).predict(WHITE, [FACE, FACE])
    assert p.shape == (2, 7)
    assert p.dtype == np.float32
    expected = {name: np.exp(logit) for name, logit in zip(OWN_ORDER, logits, strict=True)}
    total = sum(expected[emotion] for emotion in EMOTIONS)
    np.testing.assert_allclose(p[0], [expected[e] / total for e in EMOTIONS], rtol=1e-5)


def test_a_permuted_class_list_gives_another_answer(tmp_path: Path):
    """The golden picture notices when two classes of the manifest are swapped."""
    logits = [0.0, 0.0, 1.0, 2.0, 6.0, 3.0, 0.5, 1.5]
    right = _model(tmp_path, logits).predict(WHITE, [FACE])[0]
    assert EMOTIONS[int(right.argmax())] == "happiness"
    swapped = list(OWN_ORDER)
    swapped[4], swapped[6] = swapped[6], swapped[4]
    wrong = _model(tmp_path, logits, tuple(swapped)).predict(WHITE, [FACE])[0]
    assert EMOTIONS[int(wrong.argmax())] == "sadness"


def test_permuting_the_real_classes_is_noticed(mini_xception: Path, shared: Path):
    picture = cv2.imread(str(shared / "media" / "justin.jpg"))
    entry = load_manifest().entry("mini-xception")
    faces = HaarDetector().detect(picture)
    assert ExpressionModel(entry, mini_xception).predict(picture, faces)[0, 0] >= 0.9
    turned = entry.output.model_copy(
        update={"classes": entry.output.classes[1:] + entry.output.classes[:1]}
    )
    other = ExpressionModel(entry.model_copy(update={"output": turned}), mini_xception)
    assert other.predict(picture, faces)[0, 0] < 0.1


def test_the_happy_man_is_happy(mini_xception: Path, shared: Path, monkeypatch):
    monkeypatch.setenv("EMER_STUDIO_MODELS", str(shared / "models"))
    picture = cv2.imread(str(shared / "media" / "justin.jpg"))
    model = ExpressionModel.open("mini-xception")
    p = model.predict(picture, open_detector("yunet").detect(picture))
    assert p.shape == (1, 7)
    assert p[0, EMOTIONS.index("happiness")] >= 0.9
    assert p.sum() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_colour_order_and_scaling(tmp_path: Path, colour: str):
    path = tmp_path / "colour.onnx"
    write_linear_network(path, np.eye(3, 7), channels=3)
    spec = {
        "width": 8, "height": 8, "colour": colour, "scale": 1 / 255, "crop": "square",
        "mean": (0.5, 0.4, 0.3), "std": (0.5, 0.25, 0.2),
    }  # fmt: skip
    model = ExpressionModel(entry_for(path, EMOTIONS, input=spec), path)
    blue = np.zeros((8, 8, 3), np.uint8)
    blue[..., 0] = 255
    tensor = model.prepare(blue, FACE)
    value = (1.0, 0.0, 0.0) if colour == "bgr" else (0.0, 0.0, 1.0)
    expected = (np.asarray(value) - (0.5, 0.4, 0.3)) / (0.5, 0.25, 0.2)
    np.testing.assert_allclose(tensor.mean(axis=(1, 2)), expected, rtol=1e-5)


def test_no_faces_no_rows(tmp_path: Path):
    assert _model(tmp_path, [0.0] * 8).predict(WHITE, []).shape == (0, 7)


def test_a_manifest_that_misses_an_emotion_is_refused(tmp_path: Path):
    path = tmp_path / "linear.onnx"
    write_linear_network(path, np.ones((1, 6)))
    with pytest.raises(ValidationError, match="each once"):
        entry_for(path, EMOTIONS[:6])


def test_a_network_with_another_number_of_classes_is_refused(tmp_path: Path):
    with pytest.raises(BadInputError, match=r"should give \(1, 8\)"):
        _model(tmp_path, [0.0] * 5).predict(WHITE, [FACE])


def test_a_detector_is_no_expression_model(tmp_path: Path):
    with pytest.raises(BadInputError, match="face-detection"):
        ExpressionModel(load_manifest().entry("yunet"), tmp_path / "none.onnx")


def test_a_broken_file_is_refused_in_words(tmp_path: Path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(BadInputError, match="cannot be loaded"):
        ExpressionModel(entry_for(path, EMOTIONS), path)
