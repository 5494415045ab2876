"""The train page: curves from events, tables from files, and one real small training."""

from __future__ import annotations

import pytest

from emer_studio.core.files import write_json
from emer_studio.dataset.synth import SynthConfig, synthesise
from emer_studio.ui.train.curves import Curves
from emer_studio.ui.train.page import TrainPage
from emer_studio.ui.train.results import results_rows

RESULTS = {
    "protocol": "er3",
    "war": 0.5,
    "uar": 0.4,
    "samples": 20,
    "ci95": {"war": [0.4, 0.6]},
    "baselines": {"majority": {"war": 0.3, "uar": 0.33}},
    "folds": [{"fold": 1, "war": 0.55, "uar": 0.5, "test_participants": ["S001", "S002"]}],
}


def test_the_table_has_folds_the_pool_and_the_baselines():
    heads, rows = results_rows(RESULTS)
    assert heads == ["", "WAR", "UAR", "Test participants"]
    assert rows[0] == ["Fold 1", "0.550", "0.500", "S001, S002"]
    assert rows[1] == ["Pooled", "0.500", "0.400", "20 samples"]
    assert rows[2][:3] == ["95 % interval", "0.400 – 0.600", "–"]
    assert rows[3][:2] == ["Majority baseline", "0.300"]
    gap = {"war": {"difference": 0.2, "p": 0.01, "p_crossed": 0.04}}
    more = {
        "by_label": {"er3": {"comparisons": {"majority": gap}}},
        "fold_mean": {"war": 0.5, "uar": 0.4},
        "fold_sd": {"war": 0.1, "uar": 0.2},
    }
    rows = results_rows({**RESULTS, **more})[1]
    assert rows[2][:2] == ["Folds", "0.500 ± 0.100"]
    assert rows[4][-1].endswith("the network less it +0.200, p 0.040")


def test_each_fold_has_its_own_line(qtbot):
    curves = Curves()
    for fold in (1, 2):
        for epoch in (1, 2, 3):
            event = {"fold": fold, "epoch": epoch, "loss": 1 / epoch, "label": "er3"}
            curves.add({**event, "val_war": 0.1 * epoch})
    assert curves.points("loss", "fold 2") == ([1, 2, 3], [1.0, 1 / 2, 1 / 3])
    assert curves.points("score", "fold 1")[1] == pytest.approx([0.1, 0.2, 0.3])
    curves.add({"fold": 3, "epoch": 1, "loss": 0.5, "label": "er_valence", "val_rmse": 0.2})
    assert curves.points("score", "fold 3 valence") == ([1], [0.2])
    curves.clear()
    assert curves.points("loss", "fold 1") == ([], [])
    curves.close()
    curves.deleteLater()


def test_an_empty_study_says_what_to_do(page, study):
    made = page(TrainPage, study)
    assert made.empty.isVisible()
    assert not made.start.isEnabled()
    assert not made.build.isEnabled()  # nothing was recorded yet
    assert made.synth.isEnabled()
    assert made.protocol.count() == 7


def test_earlier_runs_are_listed_with_their_results(page, study):
    run = study.derived / "runs" / "er3_x"
    about = {"state": "done", "protocol": "er3", "epochs": 3, "synthetic": True}
    write_json(run / "run.json", about)
    write_json(run / "results.json", RESULTS)
    made = page(TrainPage, study)
    assert made.list.count() == 1
    assert made.results.item(1, 0).text() == "Pooled"
    assert made.simulated


def test_official_sets_are_offered_where_there_are_some(page, study):
    folder = study.derived / "emer"
    synthesise(folder, SynthConfig(2, 1, 1, 4))
    made = page(TrainPage, study)
    assert not made.official.isVisible()
    (folder / "sets.csv").write_text("sample_id,set\n")
    made.refresh()
    assert made.official.isVisible()
    made.official.click()
    assert not made.folds.isEnabled()
    assert made._folds() == "official"
    assert made._apart() == "participant"
    assert not made.apart.isEnabled()
    made.official.click()
    made.apart.setCurrentText("people and clips")
    assert made._apart() == "both"


def test_a_real_training_draws_curves_and_fills_the_table(page, study, qtbot):
    synthesise(study.derived / "synthetic", SynthConfig(4, 3, 1, 4))
    made = page(TrainPage, study)
    assert "12 samples" in made.about.text()
    made.protocol.setCurrentText("fer3")
    made.folds.setValue(2)
    made.epochs.setValue(1)
    with qtbot.waitSignal(made.job.ended, timeout=90000) as ended:
        made.start.click()
    assert ended.args[0].code == 0, ended.args[0].error
    assert made.curves.points("loss", "fold 2")[0] == [1]
    assert made.list.count() == 1
    heads = [made.results.item(row, 0).text() for row in range(made.results.rowCount())]
    assert heads[:3] == ["Fold 1", "Fold 2", "Pooled"]


def test_a_training_can_be_stopped(page, study, qtbot):
    synthesise(study.derived / "synthetic", SynthConfig(4, 3, 1, 4))
    made = page(TrainPage, study)
    made.epochs.setValue(500)
    made.protocol.setCurrentText("fer3")
    made.folds.setValue(2)
    made.start.click()
    qtbot.waitUntil(lambda: bool(made.curves.points("loss", "fold 1")[0]), timeout=60000)
    with qtbot.waitSignal(made.job.ended, timeout=20000) as ended:
        made.stop.click()
    assert ended.args[0].stopped
    assert made.runs[0].info["state"] == "interrupted"
