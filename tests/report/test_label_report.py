"""The label report: from a study's events to one HTML file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from emer_studio.cli import main
from emer_studio.core.emotions import EMOTIONS
from emer_studio.labels.model_panel import Judged, model_panel
from emer_studio.report.label_report import _calibrated
from emer_studio.study.folder import create_study
from raters_of_labels import blind_ratings, film, predict, say, study_with


def test_the_report_tells_agreement_anchoring_and_the_model(tmp_path: Path, capsys):
    said = blind_ratings(people=4, clips=5)
    study = study_with(tmp_path / "s", said)
    film(study, [f"P{k:03d}" for k in range(4)], clips=5)
    items = sorted({item for _, _, item, _ in said})
    rng = np.random.default_rng(1)
    predict(study, {item: rng.dirichlet(np.ones(7)).round(4).tolist() for item in items})
    say(study, [("E1", "B", item, {"category": EMOTIONS[0]}) for item in items[:6]])
    out = tmp_path / "labels.html"
    words = ["report", str(study.folder), "--labels", "--out", str(out), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    html = out.read_text(encoding="utf-8")
    alpha = told["coefficients"][0]
    for expected in (
        f"<b>{alpha['value']:.2f}</b>",
        "SIMULATED recordings",
        "Expected calibration error",
        "Waiting for an adjudicator",
        told["study_hash"],
        "mini-xception",
        "ICC(2,k), arousal",
    ):
        assert expected in html
    assert told["anchoring"][0]["hidden"] == 6  # nothing was shown to E1
    assert not re.search(r"(src|href)=\"http", html)  # nothing beside it is needed
    assert len(re.findall("<img", html)) == 2 + 3 + 2
    assert "nan" not in re.sub(r"base64,[^\"]+", "", html).lower().replace("finance", "")
    assert main(words) == 2  # nothing is replaced


def test_agreement_as_a_table_and_of_nobody(tmp_path: Path, capsys):
    study = study_with(tmp_path / "s", blind_ratings(people=3, clips=4, raters=2))
    words = ["labels", "agreement", str(study.folder), "--draws", "50"]
    assert main([*words, "--out", str(tmp_path / "a.csv")]) == 0
    told = capsys.readouterr().out
    assert "α, seven categories" in told
    assert "E1 and E2" in told
    assert "prevalence" in told
    head, first = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[:2]
    assert head.startswith("section,name,value,low,high")
    assert "study_hash" in head
    assert first.startswith('categories,"α, seven categories",0.')
    empty = create_study(tmp_path / "empty")
    assert main(["labels", "agreement", str(empty.folder)]) == 2
    assert "Nobody has labelled" in capsys.readouterr().err


def test_a_temperature_is_measured_on_people_it_was_not_fitted_on():
    """A model that is too sure: the same accuracy, a smaller calibration error."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 7, 400)
    right = rng.random(400) < 0.6
    said = np.where(right, truth, (truth + rng.integers(1, 7, 400)) % 7)
    sure = np.full((400, 7), 0.01)
    sure[np.arange(400), said] = 0.94
    people = tuple(f"P{k % 8}" for k in range(400))
    judged = Judged(sure, truth, people, tuple("abcd" * 100), "m")
    panel = model_panel(judged, _calibrated(judged), draws=50)
    assert panel.before.ece.value == pytest.approx(0.94 - 0.6, abs=0.06)
    assert panel.after is not None
    assert panel.after.ece.value < 0.08
    few = Judged(sure[:40], truth[:40], people[:40], judged.stimuli[:40], "m")
    assert _calibrated(few) is None
