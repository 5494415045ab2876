"""Temperatures: fitted on known truths, by participant, applied without looking again."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from emer_studio.core.emotions import EMOTIONS
from emer_studio.core.errors import BadInputError
from emer_studio.features.faces import HaarDetector
from emer_studio.fer import calibration
from emer_studio.fer.calibrate import calibrate, temperatures_for
from emer_studio.fer.calibration import Mixing, calibration_error, fit_temperature, soften
from emer_studio.fer.expression import ExpressionModel
from emer_studio.fer.panel import Panel
from emer_studio.fer.prelabel import prelabel_recording
from emer_studio.fer.runs import run_of
from emer_studio.labels.store import LabelStore
from emer_studio.schema.predictions import PROBABILITY_COLUMNS, read_summary
from emer_studio.study.folder import create_study
from sessions import write_session

from .conftest import entry_for, run_cli, write_linear_network


def _too_sure(n: int, by: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels drawn from probabilities, and a model that is `by` times too sure of them."""
    rng = np.random.default_rng(7)
    truth = soften(np.exp(rng.normal(0.0, 1.5, (n, 7))), 1.0)
    labels = np.array([rng.choice(7, p=row) for row in truth])
    return soften(truth, 1 / by), labels, np.array([f"P{k % 10}" for k in range(n)])


def test_a_model_that_is_too_sure_is_brought_back() -> None:
    p, labels, people = _too_sure(4000, by=2.4)
    found = fit_temperature(p, labels, people)
    assert found.temperature == pytest.approx(2.4, rel=0.05)
    assert found.ece_before > 0.15
    chance = calibration_error(soften(p, 2.4), labels)  # what the draw itself is off by
    assert found.ece_after == pytest.approx(chance, abs=0.005)
    assert chance < 0.04
    assert (found.n, found.participants) == (4000, 10)
    assert soften(p, 2.4).argmax(axis=1).tolist() == p.argmax(axis=1).tolist()


def test_nobody_is_measured_with_a_temperature_they_were_fitted_for() -> None:
    p, labels, people = _too_sure(300, by=2.0)
    people = np.array(["P1", "P2", "P3", "P4", "odd"])[np.arange(300) % 5]
    odd = people == "odd"
    labels[odd] = p[odd].argmax(axis=1)  # for this person the model is always right
    found = fit_temperature(p, labels, people)
    after = np.empty_like(p)
    for person in np.unique(people):
        out = people == person
        others = calibration._fit(p[~out], labels[~out], np.ones((~out).sum()))
        after[out] = soften(p[out], others)
    assert found.ece_after == round(calibration_error(after, labels), 4)
    everybody = soften(p, found.temperature)
    assert found.ece_after != round(calibration_error(everybody, labels), 4)


def test_too_few_labels_are_refused_with_what_is_needed() -> None:
    p, labels, people = _too_sure(49, by=2.0)
    with pytest.raises(BadInputError, match=r"50 agreed labels of 5 .* 49 of 10"):
        fit_temperature(p, labels, people)
    p, labels, people = _too_sure(100, by=2.0)
    with pytest.raises(BadInputError, match="100 of 4"):
        fit_temperature(p, labels, np.array([f"P{k % 4}" for k in range(100)]))
    with pytest.raises(BadInputError, match="there are 25 of 10"):  # four frames a label
        fit_temperature(p, labels, people, np.full(100, 0.25))


def test_calibration_error_of_a_known_case() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(p, np.array([0, 0, 1, 0])) == pytest.approx(0.1)


def test_several_models_are_calibrated_averaged_and_calibrated_again() -> None:
    one, other = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    p = np.stack([one, other])
    assert Mixing((1.0, 1.0)).mix(p) == pytest.approx([0.65, 0.35])
    half = soften(one, 2.0)
    assert half == pytest.approx([2 / 3, 1 / 3])
    expected = soften((half + other) / 2, 0.5)
    assert Mixing((2.0, 1.0), 0.5).mix(p) == pytest.approx(expected)
    assert Mixing((1.0,)).mix(p[:1]) == pytest.approx(one)


def _panel(folder: Path, *names: str) -> Panel:
    models = []
    for k, name in enumerate(names):
        path = folder / f"{name}.onnx"
        write_linear_network(path, np.asarray([[4.0 - k, 1.0, 0.0, 0.5, 0.1, 0.2, 0.3]]))
        models.append(ExpressionModel(entry_for(path, EMOTIONS, name=name), path))
    return Panel(models)


def _p(table: Path) -> np.ndarray:
    with table.open(encoding="utf-8", newline="") as stream:
        rows = [[row[c] for c in PROBABILITY_COLUMNS] for row in csv.DictReader(stream)]
    return np.array([[float(v) for v in row] for row in rows if row[0]])


def test_a_study_is_calibrated_and_its_tables_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = create_study(tmp_path / "study", name="C", seed=1)
    sessions = [
        write_session(study, f"P{k}", trials=2, size=(320, 240)) for k in range(1, 4)
    ]
    videos = [session / "face_001.mkv" for session in sessions]
    panel, detector = _panel(tmp_path, "alpha", "beta"), HaarDetector()
    with pytest.raises(BadInputError, match="has been pre-labelled by alpha"):
        calibrate(study, ["alpha"])
    for video in videos:
        prelabel_recording(video, panel, detector)
    with pytest.raises(BadInputError, match="there are 0 of 0"):
        calibrate(study, ["alpha", "beta"])
    store = LabelStore(study.folder / "labels.sqlite")
    for k, session in enumerate(sessions):
        said = ("happiness", "happiness" if k else "anger")
        for trial, category in enumerate(said, start=1):
            item = f"{session.name}/trial-{trial}"
            for rater in ("A1", "A2", "A3"):
                store.set(rater, item, "category", category, visible={}, input_by="key")
    store.close()
    monkeypatch.setattr(calibration, "LEAST_ITEMS", 6)
    monkeypatch.setattr(calibration, "LEAST_PARTICIPANTS", 3)
    made = calibrate(study, ["alpha", "beta"])
    assert set(made) == {"alpha", "beta", "alpha+beta"}
    assert (made["alpha"].n, made["alpha"].participants) == (6, 3)
    assert made["alpha"].simulated

    found = temperatures_for(videos[0], panel)
    assert found == {name: one.temperature for name, one in made.items()}
    before, faces = _p(run_of(videos[0], panel.name).table), run_of(videos[0], panel.name)
    seen = faces.faces.stat().st_mtime_ns
    table, summary, fresh = prelabel_recording(
        videos[0], panel, detector, temperatures=found
    )
    assert fresh
    assert summary.temperatures == read_summary(table.with_suffix(".json")).temperatures
    assert summary.temperatures == found
    assert faces.faces.stat().st_mtime_ns == seen  # nobody looked again
    assert not np.allclose(_p(table), before, atol=1e-3)
    again = prelabel_recording(videos[0], panel, detector, temperatures=found)
    assert again[1:] == (summary, False)

    other = _panel(tmp_path, "alpha")  # alone, it has a run and a table of its own
    assert set(temperatures_for(videos[0], other)) == {"alpha"}
    alone, _, _ = prelabel_recording(videos[0], other, detector)
    assert read_summary(alone.with_suffix(".json")).model == "alpha"
    assert run_of(videos[0], "alpha+beta").found() is not None
    done = run_cli("prelabel", "calibrate", str(study.folder), "--model", "gamma")
    assert (done.returncode, "pre-labelled by gamma" in done.stderr) == (2, True)
