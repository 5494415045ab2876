"""A lab's own model comes through the same door, and never pre-labels whom it knows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.errors import BadInputError
from emer_studio.core.modelfiles import MODELS_VARIABLE
from emer_studio.fer import store
from emer_studio.fer.heads import mark_of, why_not
from emer_studio.fer.known import entry_of, known_models
from emer_studio.study.folder import create_study
from sessions import write_session

from .conftest import last_json, run_cli, write_linear_network

MANIFEST = """
format_version = 1
[[model]]
name = "our-head"
title = "a head of the lab"
task = "expression"
file = "our_head.onnx"
sha256 = "{sha256}"
size_bytes = {size}
licence = "ours"
training_data = "this study"
inputs = ["face"]
trained_on = [{marks}]
sources = []
[model.input]
width = 8
height = 8
colour = "gray"
scale = 0.004
mean = [0.0]
std = [1.0]
crop = "square"
[model.output]
values = "logits"
classes = ["happiness", "sadness", "fear", "surprise", "disgust", "anger", "neutral"]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(MODELS_VARIABLE, raising=False)
    return tmp_path / "home"


def _write_head(folder: Path, *marks: str, change: tuple[str, str] = ("", "")) -> Path:
    path = folder / "our_head.onnx"
    write_linear_network(path, np.asarray([[2.0, 1.0, 0.0, 0.5, 0.1, 0.2, 0.3]]))
    content = path.read_bytes()
    text = MANIFEST.format(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        marks=", ".join(json.dumps(mark) for mark in marks),
    )
    assert change[0] in text
    path.with_suffix(".toml").write_text(text.replace(*change) if change[0] else text)
    return path


def test_whom_it_learned_from_it_does_not_pre_label(home: Path, tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", name="H", seed=5)
    known = write_session(study, "P001", size=(320, 240))
    new = write_session(study, "P002", size=(320, 240))
    head = _write_head(tmp_path, mark_of("P001", 5), mark_of("P009", 5))
    done = run_cli("models", "import", "our-head", str(head))
    assert done.returncode == 0, done.stderr

    words = ("--model", "our-head", "--detector", "haar", "--json")
    done = run_cli("prelabel", str(study.folder), *words)
    assert done.returncode == 0, done.stderr
    assert "our-head learned from P001" in done.stderr
    (output,) = last_json(done)["outputs"]
    assert Path(output).is_relative_to(new)
    assert not (known / "derived" / "prelabel").exists()
    done = run_cli("prelabel", str(known), *words)
    assert (done.returncode, "learned from P001" in done.stderr) == (2, True)

    entry = entry_of("our-head")
    assert why_not(entry, new / "face_001.mkv") == ""
    assert "cannot be told" in why_not(entry, tmp_path / "somebody.mp4")
    assert mark_of("P001", 6) not in (entry.trained_on or ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('inputs = ["face"]', 'inputs = ["face", "gaze"]'), "seen face, gaze"),
        (('inputs = ["face"]\n', ""), "does not say inputs"),
        (("trained_on = []\n", ""), "does not say trained_on"),
        (("trained_on = []", 'trained_on = ["P001"]'), "trained_on"),
        (('"our-head"', '"yunet"'), "its name or its file's is that of YuNet"),
        (("width = 8", "width = 9"), "does not take faces"),
    ],
)
def test_what_may_not_pre_label_is_not_let_in(home, tmp_path, change, words) -> None:
    head = _write_head(tmp_path, change=change)
    with pytest.raises(BadInputError, match=words):
        store.import_file("yunet" if "yunet" in change[1] else "our-head", head)
    assert not list(home.rglob("*"))
    assert "our-head" not in {entry.name for entry in known_models()}


def test_a_manifest_that_was_put_there_by_hand_is_asked_too(home: Path, tmp_path) -> None:
    head = _write_head(tmp_path, change=('["face"]', '["face", "SAM"]'))
    (home / "models").mkdir(parents=True)
    for path in (head, head.with_suffix(".toml")):
        (home / "models" / path.name).write_bytes(path.read_bytes())
    done = run_cli("prelabel", str(head), "--model", "our-head")
    assert (done.returncode, "seen face, SAM" in done.stderr) == (2, True)
