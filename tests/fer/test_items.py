"""What a model says about an item is summed up from the item's own frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.features.faces import Face, HaarDetector
from emer_studio.fer.expression import ExpressionModel
from emer_studio.fer.items import ItemSums, frames_of_items
from emer_studio.fer.panel import Panel
from emer_studio.fer.prelabel import prelabel_recording
from emer_studio.fer.table import Row
from emer_studio.schema.predictions import read_items
from emer_studio.study.folder import create_study
from sessions import write_session

from .conftest import entry_for, write_linear_network

FACE = Face(0.0, 0.0, 9.0, 9.0, 1.0)


def _row(frame: int, happy: float | None, va: float = np.nan) -> Row:
    if happy is None:
        return Row(frame, frame, float(frame), 0, None)
    p = np.zeros(7)
    p[0], p[6] = happy, 1 - happy
    return Row(frame, frame, float(frame), 1, FACE, p, np.array([va, -va]))


def test_the_fifth_that_is_least_neutral_speaks_for_an_item() -> None:
    sums = ItemSums({"a": (0, 11), "b": (14, 15), "c": (16, 17)})
    happy = [0.1, 0.9, 0.1, 0.1, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1, None, None]
    for frame, value in enumerate([*happy, 1.0, 1.0, None, None, 0.5]):
        sums.add(_row(frame, value, 0.5))
    sums.close()
    one = sums.found["a"]
    assert (one.frames, one.face_share) == (12, pytest.approx(10 / 12, abs=1e-4))
    assert one.p_top["happiness"] == pytest.approx(0.8)  # of the best two of ten
    assert one.p_mean["happiness"] == pytest.approx((0.9 + 0.7 + 0.8) / 10)
    assert (one.category, one.max_p, one.neutral_share) == ("happiness", 0.8, 0.8)
    assert (one.valence, one.arousal) == (0.5, -0.5)
    nobody = sums.found["b"]
    assert (nobody.frames, nobody.face_share, nobody.category) == (2, 0.0, None)
    assert set(nobody.p_top.values()) == {None}
    assert sums.found["c"].frames == 1  # the video ended there


def test_a_session_gets_a_summary_of_its_items(tmp_path: Path) -> None:
    study = create_study(tmp_path / "study", name="Items", seed=1)
    session = write_session(study, trials=3, size=(320, 240), faceless=(2,))
    path = tmp_path / "linear.onnx"
    write_linear_network(path, np.asarray([[2.0, 1.0, 0.0, 0.5, 0.1, 0.2, 0.3]]))
    panel = Panel([ExpressionModel(entry_for(path, EMOTIONS), path)])
    video = session / "face_001.mkv"
    table, summary, _ = prelabel_recording(video, panel, HaarDetector())
    found = read_items(table.with_suffix(".items.json"))
    frames = frames_of_items(video)
    assert list(frames) == [f"{session.name}/trial-{n}" for n in (1, 2, 3)]
    assert list(found.items) == list(frames)
    for name, (first, last) in frames.items():
        assert found.items[name].frames == last - first + 1
    assert found.items[f"{session.name}/trial-2"].category is None
    assert found.model == summary.model == "linear"
    assert found.items[f"{session.name}/trial-1"].category == "happiness"
