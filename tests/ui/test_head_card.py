"""The card of the pre-labeller on the page Train: what it counts, shows and starts."""

from __future__ import annotations

import hashlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.files import write_json
from emer_studio.labels.blind import LEAST_CLIPS, LEAST_PARTICIPANTS
from emer_studio.schema.fer_head import FerHeadRun
from emer_studio.ui.train.head import HeadCard
from emer_studio.ui.train.page import TrainPage
from raters_of_labels import say

SCORES = {
    "clips": 120, "participants": 6, "war": 0.8, "uar": 0.7, "wf1": 0.79, "ece": 0.05,
    "ci95": {"war": (0.7, 0.9), "uar": (0.6, 0.8), "wf1": (0.7, 0.9)},
    "recall": dict.fromkeys(EMOTIONS, 0.7), "counts": dict.fromkeys(EMOTIONS, 17),
}  # fmt: skip
GAP = {
    "difference": 0.5, "ci95": (0.4, 0.6), "p": 0.001, "ci95_crossed": None,
    "p_crossed": None,
}  # fmt: skip
MANIFEST = """format_version = 1
[[model]]
name = "our-head"
title = "a head"
task = "expression"
file = "our-head.onnx"
sha256 = "{sha256}"
size_bytes = 1
licence = "ours"
training_data = "this study"
sources = []
inputs = ["face"]
trained_on = []
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


def _write_head(study) -> None:
    """A small network in the place of a trained one, with numbers beside it."""
    folder = study.derived / "heads" / "our-head"
    folder.mkdir(parents=True)
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["x"], ["m"]),
            helper.make_node("Flatten", ["m"], ["f"], axis=1),
            helper.make_node("MatMul", ["f", "w"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 7])],
        [numpy_helper.from_array(np.ones((1, 7), np.float32), "w")],
    )
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    content = made.SerializeToString()
    onnx.checker.check_model(made)
    (folder / "our-head.onnx").write_bytes(content)
    text = MANIFEST.format(sha256=hashlib.sha256(content).hexdigest())
    (folder / "our-head.toml").write_text(text)
    other = {**SCORES, "war": 0.3, "uar": 0.2}
    run = FerHeadRun.model_validate(
        {
            "app_version": "0", "name": "our-head", "created": "2026-11-22T00:00:00Z",
            "dataset": "", "dataset_sha256": "", "synthetic": False, "simulated": True,
            "elsewhere": 0, "unseen": 0, "seed": 0, "epochs": 1, "chosen_epochs": (1,),
            "split": (), "device": "cpu", "seconds": 1.0, "parity": 0.0,
            "model_sha256": "", "scores": SCORES, "scores_of_mean": SCORES,
            "commonest": 0.2,
            "against": {
                "model": "mini-xception", "head": SCORES, "other": other,
                "differences": {"war": GAP, "uar": GAP, "wf1": GAP},
            },
        }
    )  # fmt: skip
    write_json(folder / "run.json", run.model_dump(mode="json"))


def test_it_says_how_many_blind_labels_are_missing(page, study):
    shown = page(TrainPage, study)
    card = shown.findChild(HeadCard)
    assert f"0 of {LEAST_CLIPS} clips" in card.enough.text()
    assert not card.train.isEnabled()
    items = [
        f"sub-P{person:03d}_ses-01/trial-{trial}"
        for person in range(LEAST_PARTICIPANTS)
        for trial in range(LEAST_CLIPS // LEAST_PARTICIPANTS)
    ]
    say(study, [(who, "A", i, {"category": "fear"}) for i in items[1:] for who in "ABC"])
    say(study, [(who, "B", items[0], {"category": "fear"}) for who in "ABC"])
    card.refresh()
    assert f"{LEAST_CLIPS - 1} of {LEAST_CLIPS}" in card.enough.text()  # one was assisted
    assert "1 more" in card.enough.text()
    assert not card.train.isEnabled()
    say(study, [(who, "A", items[0], {"category": "fear"}) for who in "ABC"])
    card.refresh()
    assert card.train.isEnabled()


def test_a_head_stands_beside_the_present_model_and_takes_its_place(
    page, recorded, qtbot, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EMER_STUDIO_HOME", str(tmp_path / "home"))
    _write_head(recorded)
    shown = page(TrainPage, recorded)
    card = shown.findChild(HeadCard)
    shown_cells = [[cell.text() for cell in row] for row in card.cells[1:]]
    assert shown_cells == [["our-head", "0.80", "0.70"], ["mini-xception", "0.30", "0.20"]]
    for words in ("120 clips", "+0.50, from +0.40 to +0.60", "SIMULATED"):
        assert words in card.numbers.text()
    assert card.use.isEnabled()
    said: list[str] = []
    shown.said.connect(said.append)
    card.use.click()
    qtbot.waitUntil(lambda: not card.job.running and bool(said), timeout=60000)
    assert said == ["our-head pre-labels from now on."]
    assert (tmp_path / "home" / "models" / "our-head.onnx").is_file()
    assert not card.use.isEnabled()
    assert "in use" in card.use.text()
