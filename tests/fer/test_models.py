"""The models of the manifest, on self-made networks of the same signature."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError, MissingError
from emer_studio.core.modelfiles import MODELS_VARIABLE
from emer_studio.features.faces import Face
from emer_studio.fer import store
from emer_studio.fer.expression import ExpressionModel
from emer_studio.schema.models import load_manifest

from .conftest import run_cli, write_linear_network

FACE = Face(40.0, 40.0, 120.0, 120.0, 1.0)
AFFECTNET = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness",
             "surprise")  # fmt: skip
PUBLISHED = {  # order of the outputs, colours, side; as their authors say
    "mini-xception": (
        ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
        *("gray", 64),
    ),
    "emotieff-b0": (AFFECTNET, "rgb", 224),
    "emotieff-b0-va": (AFFECTNET, "rgb", 224),
    "ferplus-8": (
        ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear",
         "contempt"),
        *("gray", 64),
    ),
    "opencv-fer": (
        ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
        *("rgb", 112),
    ),
}  # fmt: skip
EXPRESSIVE = [entry for entry in load_manifest().model if entry.task == "expression"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    return tmp_path / "home"


def _network(folder: Path, entry, *, red: str, blue: str, more: tuple[float, ...] = ()):
    """A network that calls red faces one thing and blue ones another, in its own order."""
    order, colours, side = PUBLISHED[entry.name]
    weights = np.zeros((1 if colours == "gray" else 3, len(order) + len(more)))
    weights[0, order.index(red)] = 30.0
    weights[-1, order.index(blue)] = 30.0
    weights[:, len(order) :] = more
    path = folder / entry.file
    write_linear_network(path, weights, len(weights), side)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ExpressionModel(entry.model_copy(update={"sha256": digest}), path)


def _face(blue: int, red: int) -> np.ndarray:
    picture = np.zeros((200, 200, 3), np.uint8)
    picture[..., 0], picture[..., 2] = blue, red
    return picture


@pytest.mark.parametrize("entry", EXPRESSIVE, ids=lambda entry: entry.name)
def test_class_and_colour_order_are_those_of_the_authors(entry, tmp_path: Path):
    more = (0.1, -0.2) if entry.output.then else ()
    colour = PUBLISHED[entry.name][1] != "gray"
    model = _network(tmp_path, entry, red="sadness", blue="disgust", more=more)
    if colour:
        answers = [model.predict(_face(*bgr), [FACE])[0] for bgr in ((0, 255), (255, 0))]
        assert [EMOTIONS[int(p.argmax())] for p in answers] == ["sadness", "disgust"]
        return
    for emotion in EMOTIONS:
        model = _network(tmp_path, entry, red=emotion, blue=emotion)
        p = model.predict(np.full((200, 200, 3), 255, np.uint8), [FACE])[0]
        assert EMOTIONS[int(p.argmax())] == emotion
        assert p.sum() == pytest.approx(1.0, abs=1e-5)


def test_valence_and_arousal_are_the_last_two(tmp_path: Path):
    entry = next(entry for entry in EXPRESSIVE if entry.name == "emotieff-b0-va")
    assert entry.output.then == ("valence", "arousal")
    model = _network(tmp_path, entry, red="fear", blue="fear", more=(0.1, -2.0))
    white = np.full((200, 200, 3), 255, np.uint8)
    p, va = model.read([model.prepare(white, FACE)])
    normed = (1 - np.array(entry.input.mean)) / np.array(entry.input.std)
    assert va[0, 0] == pytest.approx(0.1 * normed.sum(), abs=1e-4)
    assert va[0, 1] == -1.0  # never beyond the scale
    assert p.shape == (1, 7)


def test_a_file_of_unknown_hash_is_taken_only_on_somebodys_word(home: Path, tmp_path: Path):
    entry = next(entry for entry in EXPRESSIVE if entry.name == "emotieff-b0-va")
    _network(tmp_path, entry, red="fear", blue="fear", more=(0.1, 0.1))
    file = tmp_path / entry.file
    for refuse in (store.install, store.find):
        with pytest.raises(MissingError, match=r"not known to us"):
            refuse(entry.name)
    done = run_cli("models", "install", entry.name)
    assert (done.returncode, "--trust" in done.stderr) == (3, True)
    with pytest.raises(BadInputError, match="--trust"):
        store.import_file(entry.name, file)
    assert not list(home.rglob("*.onnx"))

    done = run_cli("models", "import", entry.name, str(file), "--trust", "--json")
    assert done.returncode == 0, done.stderr
    found, path = store.find(entry.name)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ExpressionModel.open(entry.name).name == entry.name
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(BadInputError, match="not the file it should be"):
        store.find(entry.name)


def test_what_does_not_fit_its_manifest_is_refused_before_it_is_kept(
    home: Path, tmp_path: Path
):
    other = next(entry for entry in EXPRESSIVE if entry.name == "emotieff-b0")
    _network(tmp_path, other, red="fear", blue="fear", more=(0.1, 0.1))
    with pytest.raises(BadInputError, match=r"should give \(1, 8\) values"):
        store.import_file("emotieff-b0", tmp_path / other.file, trust=True)
    with pytest.raises(BadInputError, match="does not take faces of shape"):
        store.import_file("ferplus-8", tmp_path / other.file, trust=True)
    (tmp_path / "page.onnx").write_bytes(b"<html>")
    with pytest.raises(BadInputError, match="cannot be loaded"):
        store.import_file("ferplus-8", tmp_path / "page.onnx", trust=True)
    assert not list(home.rglob("*.onnx"))
